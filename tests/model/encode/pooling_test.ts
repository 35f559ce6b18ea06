import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { l2Normalize, linear, Tape } from "../../../lib/backend/kernels/mod.ts";
import { layerMixer } from "../../../lib/model/encode/layer_mix.ts";
import {
  disposeEncoder,
  embed,
  encodeTexts,
  layerMix,
  loadEncoder,
  type ModulesConfig,
  packTexts,
  pool,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import {
  checkGradient,
  maxDifference,
  noise,
  onBackends,
} from "../../_backends.ts";
import { hasShared, readShared } from "../../_shared.ts";
import { familyEncoder } from "../_family_encoders.ts";

/** A case of the fixture: hidden states `[layer][text][token][D]`. */
interface PoolingCase {
  name: string;
  padding_side: "left" | "right";
  attention_mask: number[][];
  hidden_states: number[][][][];
  linear_weight_out_by_in?: number[][];
  linear_bias?: number[];
  expected: Record<string, number[][]>;
  expected_normalised: Record<string, number[][]>;
}

if (hasShared()) {
  onBackends("pooling.json: every strategy of the spec", () => {
    const { cases } = readShared("fixtures/tdro/pooling.json") as {
      cases: PoolingCase[];
    };
    assert.ok(cases.length > 2);
    for (const one of cases) {
      for (const [strategy, expected] of Object.entries(one.expected)) {
        // The reference takes a padding token there; we have none.
        if (strategy === "cls" && one.padding_side === "left") continue;
        const [plain, normal] = pooledBy(strategy, one);
        const what = `${one.name} ${strategy}`;
        // The file has four and ten digits.
        assert.ok(maxDifference(plain, expected.flat()) < 6e-5, what);
        const unit = one.expected_normalised[strategy]!.flat();
        assert.ok(maxDifference(normal, unit) < 2e-4, what);
      }
    }
  });
}

/** Vectors of a case, as they are and normalised. */
function pooledBy(
  strategy: string,
  { hidden_states, attention_mask, ...head }: PoolingCase,
): [Float32Array, Float32Array] {
  const seen = (layer: number[][][]) =>
    layer.map((rows, i) => rows.filter((_, j) => attention_mask[i]![j]));
  const layers = hidden_states.map(seen);
  const sequences = packTexts(layers[0]!.map((rows) => rows.map(() => 0)));
  return tf.tidy(() => {
    const states = layers.map((texts) => tf.tensor2d(texts.flat()));
    const average = {
      avg_first_last: "avgFirstLast",
      avg_top2: "avgTop2",
    } as const;
    let hidden = states.at(-1)!;
    if (strategy in average) {
      const name = average[strategy as keyof typeof average];
      const mixer = layerMixer(layerMix(name, states.length - 1));
      states.forEach((x, i) => mixer.take(i, x));
      hidden = mixer.mixed();
    }
    const pooling = strategy === "cls"
      ? "cls"
      : strategy === "lasttoken"
      ? "lastToken"
      : "mean";
    let pooled = pool(hidden, sequences, { pooling });
    if (head.linear_weight_out_by_in) {
      pooled = linear(pooled, tf.tensor2d(head.linear_weight_out_by_in), {
        bias: tf.tensor1d(head.linear_bias!),
      });
    }
    return [
      pooled.dataSync() as Float32Array,
      l2Normalize(pooled).dataSync() as Float32Array,
    ];
  });
}

onBackends(
  "avgFirstLast and avgTop2 are chosen at loading, and saved",
  async () => {
    const encoder = familyEncoder("bert");
    const folder = await Deno.makeTempDir();
    await saveEncoder(encoder, folder);
    const texts = ["red", "a green bird sings"];
    const plain = (await encodeTexts(encoder, texts)).data;
    for (const pooling of ["avgFirstLast", "avgTop2"] as const) {
      const loaded = await loadEncoder(folder, { pooling });
      assert.equal(loaded.modules.pooling, "mean");
      const { data } = await encodeTexts(loaded, texts);
      assert.ok(maxDifference(data, plain) > 1e-2);
      await saveEncoder(loaded, `${folder}/${pooling}`);
      const again = await loadEncoder(`${folder}/${pooling}`);
      assert.deepEqual(again.modules.layerMix, layerMix(pooling, 3));
      assert.deepEqual((await encodeTexts(again, texts)).data, data);
      disposeEncoder(loaded);
      disposeEncoder(again);
    }
    disposeEncoder(encoder);
    await Deno.remove(folder, { recursive: true });
  },
);

onBackends("dim keeps the first components, and is saved", async () => {
  const encoder = familyEncoder("bert");
  const folder = await Deno.makeTempDir();
  await saveEncoder(encoder, folder);
  const whole = (await encodeTexts(encoder, ["red"])).data;
  const cut = await loadEncoder(folder, { dim: 5 });
  const { data, dimension } = await encodeTexts(cut, ["red"]);
  assert.equal(dimension, 5);
  const length = Math.hypot(...whole.subarray(0, 5));
  assert.ok(
    maxDifference(data, whole.subarray(0, 5).map((x) => x / length)) < 1e-6,
  );
  await saveEncoder(cut, folder);
  const again = await loadEncoder(folder);
  assert.deepEqual((await encodeTexts(again, ["red"])).data, data);
  for (const dim of [0, 17, 1.5]) {
    await assert.rejects(
      loadEncoder(folder, { dim }),
      /dim must be a whole number from 1 to 16, .*: got/,
    );
  }
  [encoder, cut, again].forEach(disposeEncoder);
  await Deno.remove(folder, { recursive: true });
});

onBackends("every pooling, mix and map has its gradient", () => {
  const modules: ModulesConfig = {
    pooling: ["max", "meanSqrtLength", "cls"],
    layerMix: { start: 0, weights: [1, 0, 0.5, 2] },
    maps: [
      {
        kind: "dense",
        in: 16,
        out: 6,
        bias: true,
        activation: "gelu",
        on: "tokens",
      },
      {
        kind: "dense",
        in: 18,
        out: 7,
        bias: true,
        activation: "tanh",
        residual: true,
      },
      { kind: "layerNorm", size: 7 },
      { kind: "normalize" },
      {
        kind: "dense",
        in: 7,
        out: 7,
        bias: false,
        activation: "relu",
        residual: true,
      },
    ],
    dim: 5,
    normalize: true,
  };
  const encoder = familyEncoder("bert", modules);
  const batch = packTexts([[5, 6, 7, 8], [9, 10]]);
  const dy = tf.tensor2d(noise(10, 3), [2, 5]);
  const before = tf.memory().numTensors;
  const byTfjs = tf.variableGrads(
    () => tf.sum(tf.mul(embed(encoder, batch), dy)) as tf.Scalar,
    [...encoder.parameters.values()],
  );
  for (const checkpointing of [false, true]) {
    const tape = new Tape([], { checkpointing });
    const y = embed(encoder, batch, { tape });
    const found = tape.backward([[y, dy]]);
    for (const [name, parameter] of encoder.parameters) {
      const [a, b] = [found.get(parameter), byTfjs.grads[parameter.name]];
      const size = Math.max(1, ...b!.dataSync().map(Math.abs));
      assert.ok(
        a && maxDifference(a.dataSync(), b!.dataSync()) < 1e-5 * size,
        name,
      );
    }
    tf.dispose([y, ...found.values()]);
  }
  tf.dispose([byTfjs.value, ...Object.values(byTfjs.grads)]);
  assert.equal(tf.memory().numTensors, before, "tensors leak");
  dy.dispose();
  disposeEncoder(encoder);
});

onBackends(
  "pool() by max and by several rules has the gradient of differences",
  () => {
    const sequences = { offsets: Int32Array.of(0, 3, 3, 5) };
    checkGradient(
      (x) =>
        pool(x as tf.Tensor2D, sequences, {
          pooling: ["max", "mean", "meanSqrtLength"],
        }),
      [{
        shape: [5, 2],
        values: Float32Array.of(1, -2, 3, 0.5, -1, 2, 4, 1, 2, -3),
      }],
    );
    const empty = pool(tf.zeros([5, 2]), sequences, { pooling: "max" });
    assert.ok(empty.dataSync().every((x) => x === 0));
  },
);
