import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { type BackendName, useBackend } from "../../lib/backend/mod.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import { disposeEncoder } from "../../lib/model/mod.ts";
import {
  type Batch,
  falseNegativeMask,
  falseNegatives,
} from "../../lib/sampling/mod.ts";
import {
  contrastiveLosses,
  distillation,
  infoNce,
  type InfoNceOptions,
  type LossFunction,
  matryoshka,
  train,
} from "../../lib/train/mod.ts";
import { maxDifference, noise, onBackends } from "../_backends.ts";
import { fromFileUrl } from "../_paths.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../_pytorch.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { collect, toyBatches, watchTensors } from "./_collect.ts";

/** MiB of a tile with an edge of so many scores. */
const edge = (side: number) => 4 * side ** 2 / 2 ** 20;

const D = 6;

/** A batch of two tasks whose queries often share positives, by id or by text. */
function batchOf(B: number, N: number, seed: number): Batch {
  const few = noise(4 * B * N, seed).map((x) => Math.floor((x + 1) * B / 2));
  const examples = Array.from({ length: B }, (_, row) => {
    const passages = Array.from({ length: N }, (_, c) => ({
      id: `p${few[row * N + c]}`,
      text: ` text ${few[2 * B * N + row * N + c]}`,
      score: few[B * N + row * N + c]! / B,
    }));
    return {
      domain: row % 2,
      row,
      query: { id: `q${row}`, text: `${row}` },
      queryText: `${row}`,
      passages,
      passageTexts: passages.map(({ text }, c) => c % 2 ? text : text.trim()),
      positiveIds: new Set([passages[0]!.id, `p${few[row]! + 1}`]),
    };
  });
  return { index: 0, examples, cursor: {} as Batch["cursor"] };
}

/** What is built on InfoNCE, of each its losses in tiles and at once. */
const LOSSES: Record<string, (options: InfoNceOptions) => LossFunction> = {
  InfoNCE: infoNce,
  "InfoNCE without a mask": (options) =>
    infoNce({ ...options, maskFalseNegatives: false }),
  "hard negatives alone": (options) =>
    infoNce({ ...options, negatives: "hard-only" }),
  matryoshka: (options) => matryoshka({ dims: [D, 2], loss: infoNce(options) }),
  distillation: (options) =>
    distillation({ temperature: 0.5, weight: 0.7, loss: infoNce(options) }),
};

/** Losses, and gradients of their weighted sum. */
function measured(loss: LossFunction, batch: Batch, seed: number) {
  const B = batch.examples.length;
  const N = batch.examples[0]!.passages.length;
  return tf.tidy(() => {
    const q = tf.tensor2d(noise(B * D, seed), [B, D]);
    const p = tf.tensor2d(noise(B * N * D, seed + 1), [B * N, D]);
    const weights = tf.tensor1d(noise(B, seed + 2));
    const of = (q: tf.Tensor, p: tf.Tensor) =>
      loss(q as tf.Tensor2D, p as tf.Tensor2D, batch);
    const slopes = tf.grads((q, p) => tf.sum(tf.mul(of(q, p), weights)));
    return [of(q, p), ...slopes([q, p])].map((x) => x.dataSync<"float32">());
  });
}

onBackends("every loss in tiles is the loss at once", () => {
  const drawn = fc.record({
    B: fc.integer({ min: 2, max: 24 }),
    N: fc.integer({ min: 2, max: 4 }),
    seed: fc.nat(1e6),
    side: fc.integer({ min: 1, max: 40 }),
    temperature: fc.constantFrom(0.2, 1),
    name: fc.constantFrom(...Object.keys(LOSSES)),
  });
  fc.assert(
    fc.property(drawn, ({ B, N, seed, side, temperature, name }) => {
      const batch = batchOf(B, N, seed);
      const [tiled, whole] = [edge(side), 8].map((scoreMb) =>
        measured(LOSSES[name]!({ temperature, scoreMb }), batch, seed)
      );
      // Scores of up to D / temperature with relative errors of some 2^-23 on
      // both sides; a gradient is a sum over at most B rows of such shares.
      const score = 2 ** -22 * D ** 1.5 / temperature;
      tiled!.forEach((values, i) => {
        const tolerance = i === 0 ? 4 * score : 4 * score / temperature *
          Math.sqrt(B);
        const off = maxDifference(values, whole![i]!);
        assert.ok(off <= tolerance, `${name}: number ${i} is off by ${off}`);
      });
    }),
    { numRuns: 40 },
  );
});

Deno.test("the lists of false negatives are the mask's", () => {
  fc.assert(
    fc.property(
      fc.record({
        B: fc.integer({ min: 2, max: 12 }),
        N: fc.integer({ min: 1, max: 3 }),
        seed: fc.nat(1e6),
      }),
      ({ B, N, seed }) => {
        const { examples } = batchOf(B, N, seed);
        const wanted = examples.flatMap((row, i) =>
          examples.flatMap((other, o) =>
            other.passages.map((passage, c) => {
              const known = other.domain === row.domain &&
                row.positiveIds.has(passage.id);
              const same = other.passageTexts[c]!.trim() ===
                row.passageTexts[0]!.trim();
              return (known || same) && !(o === i && c === 0) ? 1 : 0;
            })
          )
        );
        assert.deepEqual([...falseNegativeMask({ examples })], wanted);
        // Memory is what the batch takes, not its square.
        const { columns, rowLists } = falseNegatives({ examples });
        assert.ok(columns.length <= 2 * B * N && rowLists.length <= 3 * B);
      },
    ),
  );
});

onBackends("train() in tiles is train() at once, with GradCache", async () => {
  // Rate 0: Adam would blow up rounding where a gradient is near zero.
  const run = async (scoreMb: number, gradCache?: { chunk: number }) => {
    const encoder = smallEncoder();
    const reports = await collect(train(encoder, toyBatches(2), {
      loss: infoNce({ temperature: 0.1, scoreMb }),
      weigh: (losses) => Array.from(losses, (_, i) => i / 6),
      gradCache,
      learningRate: 0,
    }));
    disposeEncoder(encoder);
    return reports.flatMap((r) => [r.loss, r.gradNorm, ...r.losses]);
  };
  const whole = await run(8);
  for (const gradCache of [undefined, { chunk: 3 }]) {
    const off = maxDifference(await run(edge(3), gradCache), whole);
    assert.ok(off < 1e-5, `${off}`);
  }
});

onBackends("with a large batch no square of it is in memory", async () => {
  const B = 600;
  const batch = batchOf(B, 2, 1);
  const loss = infoNce({ scoreMb: edge(64) });
  const { peakBytes } = await watchTensors(() => measured(loss, batch, 1));
  const square = 4 * B * 2 * B;
  assert.ok(peakBytes < square / 4, `${peakBytes} of ${square}`);
});

onBackends("a dense mask and lists of columns are the same", () => {
  const batch = batchOf(7, 2, 5);
  const [lists, mask] = [falseNegatives(batch), falseNegativeMask(batch)];
  for (const negatives of ["in-batch", "hard-only"] as const) {
    for (const scoreMb of [edge(4), 8]) {
      const [a, b] = [lists, mask].map((ignore) =>
        measured(
          (q, p) =>
            contrastiveLosses(q, p, {
              temperature: 1,
              negatives,
              ignore,
              scoreMb,
            }),
          batch,
          5,
        )
      );
      assert.deepEqual(a, b);
    }
  }
});

Deno.test("a limit that leaves no score is refused", () => {
  for (const scoreMb of [0, -1, NaN]) {
    assert.throws(
      () => infoNce({ scoreMb }),
      /Cannot compute InfoNCE: scoreMb must be a number > 0/,
    );
  }
});

/** A case as the Python script has it. */
interface Case {
  temperature: number;
  passages_per_query: number;
  mini_batch: number;
  queries: number[][];
  passages: number[][];
}

const CASES: Case[] = [[5, 1, 2, 0.05], [9, 3, 4, 0.1], [16, 2, 5, 1]].map(
  ([size, each, miniBatch, temperature], c) => {
    const matrix = (rows: number, seed: number) =>
      Array.from({ length: rows }, (_, r) => {
        const row = noise(8, seed * 100 + r);
        const length = Math.hypot(...row);
        return [...row].map((x) => x / length);
      });
    return {
      temperature: temperature!,
      passages_per_query: each!,
      mini_batch: miniBatch!,
      queries: matrix(size!, c + 1),
      passages: matrix(size! * each!, c + 21),
    };
  },
);

Deno.test({
  name:
    "in tiles it is sentence-transformers' CachedMultipleNegativesRankingLoss",
  ignore: WITHOUT_TORCH,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    const [given, made] = ["cases.json", "out.json"].map((f) =>
      `${folder}/${f}`
    );
    await Deno.writeTextFile(given!, JSON.stringify(CASES));
    const { success, stderr } = await new Deno.Command(TORCH_PYTHON, {
      args: [
        fromFileUrl(new URL("_cached_loss_cases.py", import.meta.url)),
        given!,
        made!,
      ],
      stderr: "piped",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const wanted = JSON.parse(await Deno.readTextFile(made!));
    await Deno.remove(folder, { recursive: true });
    for (const backend of ["wasm", "tensorflow"] as BackendName[]) {
      await t.step({
        name: backend,
        ignore: backend === "tensorflow" && !findInstallation(),
        fn: async () => {
          await useBackend(backend);
          CASES.forEach((one, i) => compare(one, wanted[i]));
        },
      });
    }
  },
});

/**
 * Loss and gradients: scores of up to 1 / temperature are off by some 2^-22 of
 * that, and so are a loss and a gradient, which has the factor 1 / temperature.
 */
function compare(
  { temperature, mini_batch, queries, passages }: Case,
  wanted: { loss: number; queries: number[][]; passages: number[][] },
): void {
  const [value, dq, dp] = tf.tidy(() => {
    const mean = (q: tf.Tensor, p: tf.Tensor) =>
      tf.mean(contrastiveLosses(q as tf.Tensor2D, p as tf.Tensor2D, {
        temperature,
        negatives: "in-batch",
        scoreMb: edge(mini_batch),
      }));
    const inputs = [tf.tensor2d(queries), tf.tensor2d(passages)];
    return [mean(inputs[0]!, inputs[1]!), ...tf.grads(mean)(inputs)]
      .map((x) => x.dataSync<"float32">());
  });
  const score = 2 ** -22 / temperature;
  const near = (got: Float32Array, want: number[], tolerance: number) => {
    const off = maxDifference(got, want);
    assert.ok(off <= tolerance, `off by ${off}, not ${tolerance}`);
  };
  near(value!, [wanted.loss], 2 * score);
  near(dq!, wanted.queries.flat(), 2 * score / temperature);
  near(dp!, wanted.passages.flat(), 2 * score / temperature);
}
