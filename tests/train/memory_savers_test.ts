import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { native } from "../../lib/backend/native_state.ts";
import {
  addLora,
  bertConfig,
  createEncoder,
  disposeEncoder,
  type Encoder,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import {
  infoNce,
  train,
  trainable,
  type TrainOptions,
} from "../../lib/train/mod.ts";
import { maxDifference, onBackends } from "../_backends.ts";
import { familyEncoder } from "../model/_family_encoders.ts";
import { smallEncoder } from "../_small_encoder.ts";
import {
  collect,
  toyBatches,
  values,
  watchTensors,
  watchUpdates,
} from "./_collect.ts";

const SETTINGS = {
  learningRate: 5e-3,
  loss: infoNce({ temperature: 0.1 }),
} satisfies TrainOptions;

/** Reports and parameters after two updates. */
async function run(options: TrainOptions, encoder: Encoder = smallEncoder()) {
  const reports = await collect(
    train(encoder, toyBatches(2), { ...SETTINGS, ...options }),
  );
  const after = values(encoder);
  disposeEncoder(encoder);
  return { reports, values: after };
}

/** Largest difference of two runs: losses, gradient norms and parameters. */
function difference(
  a: Awaited<ReturnType<typeof run>>,
  b: Awaited<ReturnType<typeof run>>,
): number {
  const numbers = ({ reports, values }: typeof a) => [
    ...reports.flatMap((r) => [...r.losses, r.gradNorm]),
    ...values,
  ];
  return maxDifference(numbers(a), numbers(b));
}

onBackends("checkpointing gives the same bits, with dropout on", async () => {
  const plain = await run({ dropout: 0.2, seed: 7 });
  const again = await run({ dropout: 0.2, seed: 7, checkpointing: true });
  assert.equal(difference(plain, again), 0);
});

onBackends("GradCache gives the full gradient, with dropout on", async () => {
  // Plain updates: Adam would blow up rounding where a gradient is near zero.
  const first = (options: TrainOptions) =>
    run({ ...options, dropout: 0.2, seed: 7, learningRate: 0 });
  const full = await first({});
  for (
    const gradCache of [{ chunk: 3 }, { chunk: 1 }, { tokens: 20 }, {
      chunk: 100,
    }]
  ) {
    const cached = await first({ gradCache });
    const worst = difference(full, cached);
    assert.ok(worst < 1e-5, `${JSON.stringify(gradCache)}: ${worst}`);
  }
  const both = await first({ gradCache: { chunk: 3 }, checkpointing: true });
  assert.ok(difference(full, both) < 1e-5);
});

onBackends(
  "GradCache and checkpointing update every parameter as without",
  async () => {
    // SGD-like: the parameters show the gradient itself, not its sign.
    const sgd = {
      epsilon: 1e3,
      learningRate: 1e3,
      weightDecay: 0,
      dropout: 0.1,
    };
    const full = await run(sgd);
    const cached = await run({ ...sgd, gradCache: { chunk: 2 } });
    assert.ok(difference(full, cached) < 1e-5);
    const start = smallEncoder();
    assert.ok(maxDifference(values(start), full.values) > 1e-3, "it moved");
    disposeEncoder(start);
  },
);

onBackends("dropout: seed and share change a run, and 0 is none", async () => {
  const none = await run({});
  assert.equal(difference(none, await run({ dropout: 0, seed: 5 })), 0);
  const some = await run({ dropout: 0.2, seed: 5 });
  assert.equal(difference(some, await run({ dropout: 0.2, seed: 5 })), 0);
  assert.ok(difference(some, none) > 1e-2);
  assert.ok(difference(some, await run({ dropout: 0.2, seed: 6 })) > 1e-2);
  assert.ok(difference(some, await run({ dropout: 0.3, seed: 5 })) > 1e-2);
});

onBackends("an adapter's own dropout acts in training", async () => {
  const adapted = (dropout: number) =>
    addLora(smallEncoder(), {
      rng: createRng(1, "lora"),
      rank: 2,
      dropout,
      targets: "all-linear",
    });
  const none = await run({}, adapted(0));
  assert.ok(difference(await run({}, adapted(0.5)), none) > 1e-4);
});

onBackends(
  "memory: checkpointing and GradCache stay below the full pass",
  async () => {
    const peak = async (options: TrainOptions) => {
      // Three layers, of which checkpointing keeps one at a time.
      const encoder = familyEncoder("bert");
      const { peakBytes } = await watchUpdates(encoder, toyBatches(1, 12), {
        ...SETTINGS,
        ...options,
        // A small share of what counts, or the moments would hide it.
        freeze: ["embeddings"],
      });
      disposeEncoder(encoder);
      return peakBytes;
    };
    const full = await peak({});
    const checkpointed = await peak({ checkpointing: true });
    const cached = await peak({ gradCache: { chunk: 2 } });
    const both = await peak({ gradCache: { chunk: 2 }, checkpointing: true });
    assert.ok(checkpointed < 0.75 * full, `${checkpointed} of ${full}`);
    assert.ok(cached < 0.5 * full, `${cached} of ${full}`);
    assert.ok(both <= cached, `${both} of ${cached}`);
  },
);

onBackends("GradCache's memory doesn't grow with the batch", async () => {
  const peak = async (size: number) => {
    const encoder = smallEncoder();
    const { peakBytes } = await watchUpdates(encoder, toyBatches(1, size), {
      ...SETTINGS,
      // In-batch scores grow with the square of the batch, whoever encodes.
      loss: infoNce({ negatives: "hard-only" }),
      gradCache: { chunk: 4 },
    });
    disposeEncoder(encoder);
    return peakBytes;
  };
  const [small, large] = [await peak(8), await peak(32)];
  assert.ok(large < 1.2 * small, `${small} to ${large} bytes`);
});

onBackends(
  "a frozen or adapted model makes no gradient of the table's size",
  async () => {
    const table = (encoder: Encoder) =>
      encoder.parameters.get("embeddings.word_embeddings.weight")!.shape.join();
    const whole = smallEncoder();
    const { shapes: dense } = await watchUpdates(
      whole,
      toyBatches(1),
      SETTINGS,
    );
    assert.ok(dense.has(table(whole)), "the optimiser's moments");
    const frozen = smallEncoder();
    const { shapes: under } = await watchUpdates(frozen, toyBatches(1), {
      ...SETTINGS,
      trainEmbeddings: false,
    });
    assert.ok(!under.has(table(frozen)));
    const adapted = addLora(smallEncoder(), {
      rng: createRng(1, "lora"),
      rank: 2,
      targets: "all-linear",
    });
    const { shapes: lora } = await watchUpdates(
      adapted,
      toyBatches(1),
      SETTINGS,
    );
    assert.ok(!lora.has(table(adapted)));
    [whole, frozen, adapted].forEach(disposeEncoder);
  },
);

onBackends(
  "compiled, a trained table makes no tensor of its size either",
  async () => {
    assert.ok(native(), "compiled kernels are there");
    const { tokenizer, modules } = smallEncoder();
    const config = bertConfig({
      vocabSize: 1000,
      hiddenSize: 16,
      layers: 1,
      heads: 2,
      intermediateSize: 32,
      maxPositions: 32,
    });
    const encoder = createEncoder(config, tokenizer, {
      rng: createRng(1, "model"),
      modules,
    });
    const updates = train(encoder, toyBatches(3), SETTINGS);
    // The first update gives the parameters memory of their own.
    await updates.next();
    const { shapes } = await watchTensors(() => updates.next());
    assert.ok(shapes.has("32,16"), "a matrix's gradient");
    assert.ok(!shapes.has("1000,16"));
    await updates.return();
    disposeEncoder(encoder);
  },
  ["tensorflow"],
);

onBackends("frozen parameters stay, to the bit; the others move", async () => {
  const encoder = smallEncoder();
  const before = new Map(
    [...encoder.parameters].map(([name, p]) => [name, p.dataSync().slice()]),
  );
  const options = {
    freeze: ["encoder.layer.0", "embeddings.LayerNorm.bias"],
    trainEmbeddings: false,
  };
  const names = [...trainable(encoder, options).keys()];
  await collect(train(encoder, toyBatches(2), { ...SETTINGS, ...options }));
  for (const [name, p] of encoder.parameters) {
    const moved = maxDifference(p.dataSync(), before.get(name)!) > 0;
    assert.equal(moved, names.includes(name), name);
    assert.equal(
      names.includes(name),
      /^encoder\.layer\.1|LayerNorm\.weight$/.test(name) &&
        !name.startsWith("encoder.layer.0"),
      name,
    );
  }
  disposeEncoder(encoder);
});

Deno.test("what can't be frozen, dropped or cut is refused", async () => {
  const encoder = smallEncoder();
  const start = (options: TrainOptions) =>
    collect(train(encoder, toyBatches(1), options));
  await assert.rejects(start({ freeze: ["encoder.layer.9"] }), {
    name: "RangeError",
    message: /Cannot freeze "encoder\.layer\.9"/,
  });
  await assert.rejects(start({ freeze: ["encoder.layer.1", "enc"] }), /"enc"/);
  await assert.rejects(start({ freeze: ["encoder", "embeddings"] }), {
    name: "RangeError",
    message: /freeze must leave a parameter/,
  });
  await assert.rejects(start({ dropout: 1 }), /dropout must be in \[0, 1\)/);
  await assert.rejects(
    start({ gradCache: { chunk: 0 } }),
    /gradCache\.chunk must be an integer >= 1: got 0/,
  );
  disposeEncoder(encoder);
});

onBackends("live tensors: the same after update 5 and update 50", async () => {
  const encoder = smallEncoder();
  const options = {
    ...SETTINGS,
    dropout: 0.1,
    checkpointing: true,
    gradCache: { chunk: 5 },
  };
  const live: number[] = [];
  for await (const _ of train(encoder, toyBatches(50), options)) {
    live.push(tf.memory().numTensors);
  }
  assert.equal(live[49], live[4]);
  disposeEncoder(encoder);
});
