import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { type BackendName, useBackend } from "../../lib/backend/mod.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import { disposeEncoder } from "../../lib/model/mod.ts";
import type { Batch } from "../../lib/sampling/mod.ts";
import {
  contrastiveLosses,
  infoNce,
  type LossFunction,
  matryoshka,
  train,
} from "../../lib/train/mod.ts";
import {
  checkGradient,
  maxDifference,
  noise,
  onBackends,
} from "../_backends.ts";
import { fromFileUrl } from "../_paths.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../_pytorch.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { collect, toyBatches } from "./_collect.ts";

/** A case as the Python script has it. */
interface Case {
  temperature: number;
  dims: number[];
  weights: number[] | null;
  passages_per_query: number;
  queries: number[][];
  passages: number[][];
}

const CASES: Case[] = [
  [[8, 4, 2], null, 1, 0.05],
  [[8, 4, 2], [1, 0.5, 0.25], 3, 0.1],
  [[2, 6], [2, 0.3], 2, 1], // in another order, the whole length left out
  [[8], null, 2, 0.05],
].map(([dims, weights, passages, temperature], c) => {
  const matrix = (rows: number, seed: number) =>
    Array.from({ length: rows }, (_, r) => [...noise(8, seed * 100 + r)]);
  return {
    temperature,
    dims,
    weights,
    passages_per_query: passages,
    queries: matrix(4, c + 1),
    passages: matrix(4 * (passages as number), c + 21),
  } as Case;
});

/** In-batch InfoNCE of vectors alone. */
function lossOf(temperature: number): LossFunction {
  return (queries, passages) =>
    contrastiveLosses(queries, passages, {
      temperature,
      negatives: "in-batch",
    });
}

const NO_BATCH = {} as Batch;

Deno.test({
  name: "matryoshka() is sentence-transformers' MatryoshkaLoss",
  ignore: WITHOUT_TORCH,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    const [given, made] = ["cases.json", "out.json"].map((f) =>
      `${folder}/${f}`
    );
    await Deno.writeTextFile(given!, JSON.stringify(CASES));
    const { success, stderr } = await new Deno.Command(TORCH_PYTHON, {
      args: [
        fromFileUrl(new URL("_matryoshka_cases.py", import.meta.url)),
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

/** Loss, and gradients by queries and passages: 1e-6 of the largest of each. */
function compare(
  { dims, weights, temperature, queries, passages }: Case,
  wanted: { loss: number; queries: number[][]; passages: number[][] },
): void {
  const loss = matryoshka({
    dims,
    weights: weights ?? undefined,
    loss: lossOf(temperature),
  });
  const [value, dq, dp] = tf.tidy(() => {
    const mean = (q: tf.Tensor, p: tf.Tensor) =>
      tf.mean(loss(q as tf.Tensor2D, p as tf.Tensor2D, NO_BATCH));
    const inputs = [tf.tensor2d(queries), tf.tensor2d(passages)];
    const slopes = tf.grads(mean)(inputs);
    return [mean(inputs[0]!, inputs[1]!), ...slopes].map((x) =>
      x.dataSync<"float32">()
    );
  });
  const near = (got: Float32Array, want: number[]) => {
    const largest = want.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
    const off = maxDifference(got, want) / largest;
    assert.ok(off <= 1e-6, `off by ${off}`);
  };
  near(value!, [wanted.loss]);
  near(dq!, wanted.queries.flat());
  near(dp!, wanted.passages.flat());
}

onBackends("the gradient of a Matryoshka loss is that of differences", () => {
  const loss = matryoshka({
    dims: [6, 3],
    weights: [1, 0.5],
    loss: lossOf(0.5),
  });
  checkGradient(
    (q, p) => loss(q as tf.Tensor2D, p as tf.Tensor2D, NO_BATCH),
    [
      { shape: [3, 6], values: noise(18, 1) },
      { shape: [6, 6], values: noise(36, 2) },
    ],
  );
});

onBackends("without normalisation the cut vectors stay as they are", () => {
  const loss = matryoshka({ dims: [2], normalize: false, loss: lossOf(1) });
  tf.tidy(() => {
    const [q, p] = [
      tf.tensor2d(noise(9, 3), [3, 3]),
      tf.tensor2d(noise(9, 4), [3, 3]),
    ];
    const first = (x: tf.Tensor2D) => tf.slice(x, [0, 0], [3, 2]);
    assert.deepEqual(
      loss(q, p, NO_BATCH).dataSync(),
      lossOf(1)(first(q), first(p), NO_BATCH).dataSync(),
    );
  });
});

onBackends(
  "GradCache and hard negatives alone take it as any loss",
  async () => {
    for (const negatives of ["in-batch", "hard-only"] as const) {
      const loss = matryoshka({ dims: [16, 4], loss: infoNce({ negatives }) });
      // Rate 0: Adam would blow up rounding where a gradient is near zero.
      const numbers = async (gradCache?: { chunk: number }) => {
        const encoder = smallEncoder();
        const reports = await collect(
          train(encoder, toyBatches(2), { loss, gradCache, learningRate: 0 }),
        );
        disposeEncoder(encoder);
        return reports.flatMap((r) => [...r.losses, r.gradNorm]);
      };
      const [whole, chunked] = [await numbers(), await numbers({ chunk: 3 })];
      const off = maxDifference(whole, chunked);
      assert.ok(off < 1e-5, `${negatives}: ${off}`);
    }
  },
);

Deno.test("lengths and weights that can't be are refused in one line", () => {
  const refused = (options: Parameters<typeof matryoshka>[0], why: RegExp) =>
    assert.throws(() => matryoshka(options), why);
  refused({ dims: [] }, /Cannot compute a Matryoshka loss: dims must name/);
  refused({ dims: [4.5] }, /integers of at least 1: got 4.5/);
  refused({ dims: [4, 4] }, /must differ: got 4 twice/);
  refused({ dims: [4], weights: [1, 2] }, /as many as dims, 1: got 2/);
  refused({ dims: [4], weights: [-1] }, /finite and >= 0: got -1/);
  refused({ dims: [4, 2], weights: [0, 0] }, /above 0: got none/);
});

onBackends("a length beyond the vectors' is refused", () => {
  const rows = tf.tensor2d(noise(6), [2, 3]);
  assert.throws(
    () => matryoshka({ dims: [4] })(rows, rows, NO_BATCH),
    /at most the vectors' length, 3: got 4/,
  );
  rows.dispose();
});
