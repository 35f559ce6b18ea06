import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  addLora,
  disposeEncoder,
  type Encoder,
  encodeTexts,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import {
  batchLosses,
  distillation,
  infoNce,
  pcGradBalance,
  type StepReport,
  train,
  type TrainOptions,
} from "../../lib/train/mod.ts";
import type { Workers } from "../../lib/workers/mod.ts";
import { maxDifference, onBackends } from "../_backends.ts";
import { familyEncoder } from "../model/_family_encoders.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { leading } from "../workers/_in_process.ts";
import { collect, toyBatches, values } from "./_collect.ts";

/** As plain gradient descent: the parameters show the gradient, not its sign. */
const SETTINGS = {
  epsilon: 1e3,
  learningRate: 1e3,
  weightDecay: 0,
  maxGradNorm: 0,
  loss: infoNce({ temperature: 0.1 }),
  dropout: 0.1,
  seed: 7,
} satisfies TrainOptions;

const lora = () =>
  addLora(familyEncoder("qwen3"), {
    rng: createRng(1, "lora"),
    rank: 2,
    dropout: 0.2,
    targets: "all-linear",
  });

/** Each has its own way through a pass, or its own loss. */
const KINDS: Record<
  string,
  { options?: TrainOptions; encoder?: () => Encoder }
> = {
  "BERT, dropout": {},
  "a decoder with LoRA": { encoder: lora },
  "GradCache, checkpointing": {
    options: { gradCache: { chunk: 2 }, checkpointing: true },
  },
  "hard negatives alone": {
    options: { loss: infoNce({ temperature: 0.1, negatives: "hard-only" }) },
  },
  "a loss in tiles": {
    options: { loss: infoNce({ temperature: 0.1, scoreMb: 1e-5 }) },
  },
  distillation: {
    options: {
      loss: distillation({
        temperature: 0.1,
        teacher: ({ examples }) =>
          examples.flatMap(({ passages }) =>
            passages.map((_, i) => 1 / (1 + i))
          ),
      }),
    },
  },
  "passages that stay as they are": {
    options: {
      frozenPassages: ({ examples }) =>
        Float32Array.from(
          { length: examples.flatMap((e) => e.passages).length * 16 },
          (_, i) => Math.sin(i),
        ),
    },
  },
  "tasks weighed by PCGrad": {
    options: { weigh: pcGradBalance({ seed: 7 }).weigh },
  },
  "three batches an update, weights by the losses": {
    options: {
      accumulate: 3,
      weigh: (losses) => [...losses].map((loss) => loss / 10),
    },
  },
};

/** Reports and parameters after one update, the parameters with them. */
async function update(
  { options = {}, encoder = smallEncoder }: (typeof KINDS)[string],
  workers?: Workers,
  more: TrainOptions = {},
) {
  const trained = encoder();
  const reports = await collect(
    train(trained, toyBatches(options.accumulate ?? 1, 6), {
      ...SETTINGS,
      ...options,
      ...more,
      workers,
    }),
  );
  const after = values(trained);
  disposeEncoder(trained);
  return { reports, values: after };
}

type Updated = Awaited<ReturnType<typeof update>>;

const numbers = ({ reports, values }: Updated) => [
  ...reports.flatMap((r) => [...r.losses, r.loss, r.gradNorm]),
  ...values,
];

/** Largest difference of two updates, in units of the whole gradient's length. */
function difference(one: Updated, other: Updated): number {
  const [{ gradNorm }] = one.reports as [StepReport];
  return maxDifference(numbers(one), numbers(other)) / Math.max(1, gradNorm);
}

for (const [name, kind] of Object.entries(KINDS)) {
  onBackends(
    `an update of several workers is that of one: ${name}`,
    async () => {
      const one = await update(kind);
      const start = (kind.encoder ?? smallEncoder)();
      assert.ok(maxDifference(values(start), one.values) > 1e-4, "it moved");
      disposeEncoder(start);
      const { numTensors } = tf.memory();
      // Of 7 one has no example of a batch.
      for (const size of kind.options?.gradCache ? [2, 7] : [3]) {
        const several = await leading(size, (workers) => update(kind, workers));
        const worst = difference(one, several);
        assert.ok(worst < 1e-6, `${size} workers: ${worst}`);
      }
      assert.equal(tf.memory().numTensors, numTensors, "nothing is left");
    },
  );
}

onBackends("slots: 1, 2, 4 and 8 workers give the same bits", async () => {
  const kind = { options: { accumulate: 2, gradCache: { chunk: 2 } } };
  const plain = await update(kind);
  const alone = await update(kind, undefined, { slots: 8 });
  assert.ok(difference(plain, alone) < 1e-6);
  for (const size of [2, 4, 8]) {
    const several = await leading(
      size,
      (workers) => update(kind, workers, { slots: 8 }),
    );
    assert.deepEqual(numbers(several), numbers(alone), `${size} workers`);
  }
});

onBackends("bfloat16 sums are near, and not the same", async () => {
  const [exact, rounded] = await leading(2, async (workers) => [
    await update({}, workers),
    await update({}, workers, { gradientSum: "bfloat16" }),
  ]) as [Updated, Updated];
  const start = smallEncoder();
  const before = values(start);
  disposeEncoder(start);
  const size = maxDifference(before, exact.values);
  const worst = maxDifference(exact.values, rounded.values);
  // Both parts and the sum are rounded to 8 bits; parts may cancel.
  assert.ok(worst > 0 && worst < size / 32, `${worst} of ${size}`);
});

onBackends("losses without training are those of one", async () => {
  const encoder = smallEncoder();
  const [batch] = toyBatches(1, 6);
  const options = {
    loss: infoNce({ temperature: 0.1 }),
    gradCache: { chunk: 2 },
  };
  const one = await batchLosses(encoder, batch!, options);
  const several = await leading(
    3,
    (workers) => batchLosses(encoder, batch!, { ...options, workers }),
  );
  assert.ok(maxDifference(one, several) < 1e-6);
  disposeEncoder(encoder);
});

onBackends(
  "texts are encoded to the same bits, after each update too",
  async () => {
    const texts = Array.from(
      { length: 40 },
      (_, i) => "red bird ".repeat(i % 9),
    );
    const settings = { batchTokens: 30, windowTexts: 25 };
    const encoder = smallEncoder();
    await leading(3, async (workers) => {
      for (let round = 0; round < 2; round++) {
        const seen: number[] = [];
        const one = await encodeTexts(encoder, texts, settings);
        const several = await encodeTexts(encoder, texts, {
          ...settings,
          workers,
          onProgress: (done) => seen.push(done),
        });
        assert.deepEqual(several, one);
        assert.equal(seen.at(-1), 40);
        await collect(
          train(encoder, toyBatches(1), { ...SETTINGS, workers }),
        );
      }
    });
    disposeEncoder(encoder);
  },
);

Deno.test("a loss that isn't finite lets the others go on", async () => {
  await leading(2, async (workers) => {
    const diverging = {
      loss: (queries: tf.Tensor2D) =>
        tf.mul(tf.sum(queries, 1), NaN) as tf.Tensor1D,
    };
    await assert.rejects(
      update({ options: diverging }, workers),
      /the loss of/,
    );
    await update({}, workers); // they are still there
  });
});

Deno.test("workers whose parameters part are found, in a line", async () => {
  await assert.rejects(
    leading(2, async (workers) => {
      const sum = workers.allReduce.bind(workers);
      workers.allReduce = async (values) => {
        await sum(values);
        values[0]! += 1;
      };
      return await update({}, workers);
    }),
    /^RangeError: Cannot train on: the parameters of worker 1 differ from those of worker 0 after update 1: .*; start all workers on processors of one kind, with one backend$/,
  );
});

Deno.test("slots that can't be shared out are refused", async () => {
  await assert.rejects(
    update({}, undefined, { slots: 6 }),
    /^RangeError: Cannot train: slots must be a power of two: got 6$/,
  );
  await leading(3, (workers) =>
    assert.rejects(
      update({}, workers, { slots: 8 }),
      /^RangeError: Cannot train: the number of workers must divide the 8 slots: got 3; start 1, 2, 4 or another power of two up to 8$/,
    ));
});
