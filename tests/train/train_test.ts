import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  disposeEncoder,
  type Encoder,
  loadEncoder,
} from "../../lib/model/mod.ts";
import { batches } from "../../lib/sampling/mod.ts";
import {
  AdamW,
  infoNce,
  loadCheckpoint,
  saveCheckpoint,
  type StepReport,
  train,
  trainable,
} from "../../lib/train/mod.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import { maxDifference, onBackends } from "../_backends.ts";
import { hasShared, readShared, shared } from "../_shared.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toyRows } from "./_toy_rows.ts";
import { tempFolder } from "../_temp_folder.ts";

async function collect(
  steps: AsyncIterable<StepReport>,
): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const step of steps) reports.push(step);
  return reports;
}

const SETTINGS = { learningRate: 5e-3, weightDecay: 0.1 };
const SAMPLING = { size: 4, seed: 3, homogeneous: false };

/** All values of an encoder's parameters in one list. */
function values(encoder: Encoder): number[] {
  return [...encoder.parameters.values()].flatMap((p) => [...p.dataSync()]);
}

onBackends("train() lowers the loss and reports every example", async () => {
  const encoder = smallEncoder();
  const reports = await collect(train(
    encoder,
    batches(toyRows(), [0.5, 0.5], { ...SAMPLING, count: 12 }),
    { ...SETTINGS, loss: infoNce({ temperature: 0.1 }) },
  ));
  assert.deepEqual(reports.map((r) => r.step), [...Array(12).keys()]);
  assert.ok(reports.at(-1)!.loss < reports[0]!.loss / 2);
  for (const { losses, domains, loss } of reports) {
    assert.equal(losses.length, 4);
    assert.equal(domains.length, 4);
    const mean = losses.reduce((a, b) => a + b) / 4;
    assert.ok(Math.abs(mean - loss) < 1e-5);
  }
  disposeEncoder(encoder);
});

onBackends("a step keeps no tensor", async () => {
  const encoder = smallEncoder();
  const counts: number[] = [];
  const drawn = batches(toyRows(), [0.5, 0.5], { ...SAMPLING, count: 8 });
  for await (const _ of train(encoder, drawn, SETTINGS)) {
    counts.push(tf.memory().numTensors);
  }
  assert.equal(new Set(counts.slice(1)).size, 1, counts.join());
  disposeEncoder(encoder);
});

onBackends(
  "a plain iterable is drawn one ahead, an async one in turn",
  async () => {
    const encoder = smallEncoder();
    const events: string[] = [];
    const watched = function* () {
      try {
        yield* batches(toyRows(), [0.5, 0.5], { ...SAMPLING, count: 3 })
          .map((batch) => (events.push(`draw ${batch.index}`), batch));
        throw new RangeError("no more rows");
      } finally {
        events.push("end");
      }
    };
    const inTurn = async function* () {
      yield* watched();
    };
    const run = async (drawn: Parameters<typeof train>[1], most: number) => {
      events.length = 0;
      try {
        for await (const { step } of train(encoder, drawn, SETTINGS)) {
          events.push(`step ${step}`);
          if (step === most) break;
        }
      } catch (error) {
        events.push((error as Error).message);
      }
      return events.join(", ");
    };
    assert.equal(
      await run(watched(), 9),
      "draw 0, draw 1, step 0, draw 2, step 1, end, step 2, no more rows",
    );
    assert.equal(
      await run(inTurn(), 9),
      "draw 0, step 0, draw 1, step 1, draw 2, step 2, end, no more rows",
    );
    assert.equal(await run(watched(), 0), "draw 0, draw 1, step 0, end");
    assert.equal(await run(inTurn(), 0), "draw 0, step 0, end");
    disposeEncoder(encoder);
  },
);

onBackends("accumulated batches give the gradient of their mean", async () => {
  // Two batches of 3, hard negatives only, against one batch of the same 6.
  const rows = toyRows();
  const loss = infoNce({ temperature: 0.2, negatives: "hard-only" });
  const once = smallEncoder();
  const twice = smallEncoder();
  const order = { seed: 1, homogeneous: false };
  const whole = await collect(train(
    once,
    batches(rows, [1, 0], { ...order, size: 6, count: 1 }),
    { ...SETTINGS, loss },
  ));
  const parts = await collect(train(
    twice,
    batches(rows, [1, 0], { ...order, size: 3, count: 2 }),
    { ...SETTINGS, loss, accumulate: 2 },
  ));
  assert.equal(parts.length, 1);
  assert.equal(parts[0]!.losses.length, 6);
  assert.ok(
    Math.abs(parts[0]!.gradNorm - whole[0]!.gradNorm) <
      1e-4 * whole[0]!.gradNorm,
  );
  disposeEncoder(once);
  disposeEncoder(twice);
});

onBackends("weigh() scales each example's share of the gradient", async () => {
  const run = async (weigh?: () => number[]) => {
    const encoder = smallEncoder();
    const [report] = await collect(train(
      encoder,
      batches(toyRows(), [1, 0], { ...SAMPLING, count: 1 }),
      { ...SETTINGS, weigh },
    ));
    disposeEncoder(encoder);
    return report!;
  };
  const plain = await run();
  const doubled = await run(() => [0.5, 0.5, 0.5, 0.5]);
  const nothing = await run(() => [0, 0, 0, 0]);
  assert.ok(
    Math.abs(doubled.gradNorm - 2 * plain.gradNorm) < 1e-4 * plain.gradNorm,
  );
  assert.equal(nothing.gradNorm, 0);
});

onBackends(
  "5 steps, save, load, 5 steps equal 10 steps bit for bit",
  async () => {
    const rows = toyRows();
    const options = {
      ...SETTINGS,
      loss: infoNce({ temperature: 0.1 }),
      dropout: 0.1,
      seed: 4,
      freeze: ["embeddings.LayerNorm"],
    };
    const unbroken = smallEncoder();
    const all = await collect(train(
      unbroken,
      batches(rows, [0.3, 0.7], { ...SAMPLING, count: 10 }),
      options,
    ));

    const folder = await tempFolder();
    const first = smallEncoder();
    const optimizer = new AdamW(trainable(first, options), options);
    const before = await collect(train(
      first,
      batches(rows, [0.3, 0.7], { ...SAMPLING, count: 5 }),
      { ...options, optimizer },
    ));
    await saveCheckpoint(`${folder}/step`, {
      encoder: first,
      optimizer,
      state: { cursor: before.at(-1)!.cursor, extra: { note: "here" } },
    });
    optimizer.dispose();
    disposeEncoder(first);

    const { encoder, optimizer: restored, state } = await loadCheckpoint(
      `${folder}/step`,
      options,
    );
    assert.deepEqual(state.extra, { note: "here" });
    const after = await collect(train(
      encoder,
      batches(rows, [0.3, 0.7], {
        ...SAMPLING,
        count: 10,
        cursor: state.cursor,
      }),
      { ...options, optimizer: restored },
    ));
    const strip = (reports: StepReport[]) =>
      reports.map(({ seconds: _, ...rest }) => rest);
    assert.deepEqual(strip([...before, ...after]), strip(all));
    assert.deepEqual(values(encoder), values(unbroken));
    restored.dispose();
    disposeEncoder(encoder);
    disposeEncoder(unbroken);
    await Deno.remove(folder, { recursive: true });
  },
);

onBackends("train() names the query whose loss isn't finite", async () => {
  const encoder = smallEncoder();
  const loss = (queries: tf.Tensor2D) =>
    tf.mul(tf.sum(queries, 1), tf.tensor1d([1, NaN, 1, 1])) as tf.Tensor1D;
  await assert.rejects(
    collect(train(
      encoder,
      batches(toyRows(), [1, 0], { ...SAMPLING, count: 1 }),
      { loss },
    )),
    { name: "RangeError", message: /Cannot train on: the loss of query q\d/ },
  );
  disposeEncoder(encoder);
});

onBackends("gradients that aren't finite change nothing", async () => {
  const encoder = smallEncoder();
  const before = values(encoder);
  // The root of 0 is 0, its slope is not finite.
  const loss = (queries: tf.Tensor2D, passages: tf.Tensor2D) =>
    tf.sqrt(
      tf.mul(tf.add(tf.sum(queries, 1), tf.sum(passages)), 0),
    ) as tf.Tensor1D;
  await assert.rejects(
    collect(train(
      encoder,
      batches(toyRows(), [1, 0], { ...SAMPLING, count: 1 }),
      { loss },
    )),
    {
      name: "RangeError",
      message: /the norm of the gradients is \S+ at step 0; lower the learning/,
    },
  );
  assert.deepEqual(values(encoder), before);
  disposeEncoder(encoder);
});

onBackends("maxGradNorm 0 is no limit", async () => {
  const after = async (maxGradNorm: number) => {
    const encoder = smallEncoder();
    const [report] = await collect(train(
      encoder,
      batches(toyRows(), [1, 0], { ...SAMPLING, count: 1 }),
      // SGD-like: the parameters show the gradient itself, not its sign.
      { ...SETTINGS, epsilon: 1e3, maxGradNorm },
    ));
    const result = values(encoder);
    disposeEncoder(encoder);
    return { norm: report!.gradNorm, result };
  };
  const none = await after(0);
  const clipped = await after(none.norm / 10);
  assert.deepEqual(none.result, (await after(1e9)).result);
  assert.notDeepEqual(none.result, clipped.result);
});

Deno.test("train() refuses settings that would silently do something else", async () => {
  await useBackend("wasm");
  const encoder = smallEncoder();
  for (
    const [options, message] of [
      [{ maxGradNorm: -1 }, /maxGradNorm must be > 0, or 0 .*got -1/],
      [{ maxGradNorm: NaN }, /maxGradNorm .*got NaN/],
      [{ accumulate: 0 }, /accumulate must be an integer >= 1: got 0/],
      [{ accumulate: 1.5 }, /accumulate .*got 1\.5/],
      [{ learningRate: -1e-3 }, /learningRate .*got -0\.001/],
      [{ learningRate: NaN }, /learningRate .*got NaN/],
      [{ learningRate: () => NaN }, /learningRate .*got NaN at step 0/],
    ] as const
  ) {
    const drawn = batches(toyRows(), [1, 0], { ...SAMPLING, count: 1 });
    await assert.rejects(collect(train(encoder, drawn, options)), {
      name: "RangeError",
      message,
    });
  }
  disposeEncoder(encoder);
});

onBackends("AdamW decays matrices, not biases and norms", () => {
  const parameters = new Map(
    ["dense.weight", "dense.bias", "LayerNorm.weight"].map((name) => [
      name,
      tf.variable(tf.tensor1d([1])),
    ]),
  );
  const optimizer = new AdamW(parameters, { weightDecay: 0.5 });
  const zero = tf.tensor1d([0]);
  optimizer.apply(
    Object.fromEntries([...parameters.keys()].map((name) => [name, zero])),
    { learningRate: 0.1 },
  );
  const after = [...parameters.values()].map((p) => p.dataSync()[0]!);
  assert.ok(maxDifference(after, [0.95, 1, 1]) < 1e-6);
});

if (hasShared()) {
  onBackends(
    "ten steps follow PyTorch's losses and gradient norms",
    async () => {
      const expected = readShared("fixtures/models/training/bert.json");
      const encoder = await loadEncoder(
        shared(
          `fixtures/models/checkpoints/${
            expected.base_checkpoint.split("/").pop()
          }`,
        ),
      );
      const { query, positive, negative } = expected.batch;
      const examples = query.texts.map((text: string, i: number) => ({
        domain: 0,
        row: i,
        query: { id: `${i}`, text },
        queryText: text,
        passages: [
          { id: `p${i}`, text: positive.texts[i] },
          { id: `n${i}`, text: negative.texts[i] },
        ],
        passageTexts: [positive.texts[i], negative.texts[i]],
        positiveIds: new Set([`p${i}`]),
      }));
      const cursor = {} as never;
      const drawn = Array.from({ length: 11 }, (_, index) => ({
        index,
        examples,
        cursor,
      }));
      const reports = await collect(train(encoder, drawn, {
        learningRate: expected.settings.lr,
        weightDecay: expected.settings.weight_decay,
        maxGradNorm: expected.settings.clip_grad_norm,
        queryLength: query.input_ids[0].length,
        passageLength: positive.input_ids[0].length,
        loss: infoNce({
          temperature: expected.settings.temperature,
          maskFalseNegatives: false,
        }),
      }));
      const losses = reports.map((r) => r.loss);
      assert.ok(
        maxDifference(losses, [
          ...expected.loss,
          expected.loss_after_last_step,
        ]) <
          1e-4,
        losses.join(" "),
      );
      reports.slice(0, 10).forEach(({ gradNorm }, i) => {
        const want = expected.grad_norm[i];
        const tolerance = want < 0.1 ? 1e-4 : 1e-3 * want;
        assert.ok(
          Math.abs(gradNorm - want) < tolerance,
          `step ${i}: ${gradNorm}, ${want}`,
        );
      });
      disposeEncoder(encoder);
    },
  );
} else {
  Deno.test({ name: "ten steps follow PyTorch", ignore: true, fn() {} });
}
