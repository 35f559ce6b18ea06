import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  checkModel,
  disposeEncoder,
  embed,
  encodeTexts,
  loadEncoder,
  packTexts,
  saveEncoder,
  tokenize,
} from "../../../lib/model/mod.ts";
import { useBackend } from "../../../lib/backend/mod.ts";
import { distanceBucket } from "../../../lib/model/families/distance_bias.ts";
import { maxDifference, noise, onBackends } from "../../_backends.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";
import { FAMILY_NAMES, familyEncoder } from "../_family_encoders.ts";
import { Tape } from "../../../lib/backend/kernels/mod.ts";

const TEXTS = [
  "red",
  "a green bird sings red blue and the sky is blue, blue, blue as a bird",
  "blue is",
  "the sky sings a green red blue bird is the sky",
];

for (const name of FAMILY_NAMES) {
  onBackends(`${name}: company changes nothing, saving neither`, async () => {
    const encoder = familyEncoder(name);
    const together = await encodeTexts(encoder, TEXTS);
    assert.ok(together.data.every(Number.isFinite));
    for (const [i, text] of TEXTS.entries()) {
      const alone = await encodeTexts(encoder, [text]);
      const row = together.data.subarray(
        i * together.dimension,
        (i + 1) * together.dimension,
      );
      assert.ok(maxDifference(alone.data, row) < 1e-5, text);
    }
    const folder = await Deno.makeTempDir();
    await saveEncoder(encoder, folder);
    const again = await loadEncoder(folder);
    const read = await encodeTexts(again, TEXTS);
    assert.deepEqual(read.data, together.data);
    disposeEncoder(encoder);
    disposeEncoder(again);
    await Deno.remove(folder, { recursive: true });
  });

  onBackends(`${name}: the tape's gradients equal tfjs's`, () => {
    const encoder = familyEncoder(name);
    const batch = packTexts(
      encoder.tokenizer.encode(TEXTS.slice(0, 2), { maxLength: 9 }).ids,
    );
    const shares = noise(2 * encoder.config.hiddenSize, 5);
    const variables = [...encoder.parameters.values()];
    const before = tf.memory().numTensors;
    const { value, grads } = tf.variableGrads(() => {
      const y = embed(encoder, batch);
      return tf.sum(tf.mul(y, tf.tensor(shares, y.shape))) as tf.Scalar;
    }, variables);
    for (const checkpointing of [false, true]) {
      const tape = new Tape([], { checkpointing });
      const y = embed(encoder, batch, { tape });
      const dy = tf.tensor(shares, y.shape);
      const found = tape.backward([[y, dy]]);
      for (const [name, parameter] of encoder.parameters) {
        const [a, b] = [found.get(parameter), grads[parameter.name]];
        assert.ok(a && b, name);
        const size = Math.max(1, ...b.dataSync().map(Math.abs));
        assert.ok(
          maxDifference(a.dataSync(), b.dataSync()) < 1e-5 * size,
          `${name}: ${maxDifference(a.dataSync(), b.dataSync())}`,
        );
      }
      tf.dispose([y, dy, ...found.values()]);
    }
    tf.dispose([value, ...Object.values(grads)]);
    assert.equal(tf.memory().numTensors, before, "tensors leak");
    disposeEncoder(encoder);
  });

  Deno.test({
    name: `${name}: sentence-transformers gives our vectors of a saved model`,
    // AutoTokenizer knows only their own tokenizers under these names; Jina's code
    // lies on the hub.
    ignore: WITHOUT_TORCH || name.startsWith("qwen2") || name === "phi3" ||
      name === "jina",
    fn: async () => {
      await useBackend("wasm");
      const modules = {
        pooling: "weightedMean",
        maps: [{
          kind: "dense",
          in: 16,
          out: 5,
          bias: true,
          activation: "tanh",
        }],
        normalize: true,
        prompts: {},
      } as const;
      const encoder = familyEncoder(name, modules);
      const folder = await Deno.makeTempDir();
      await saveEncoder(encoder, folder, { maxShardBytes: 3000 });
      for await (
        const { check, ok, detail } of checkModel(folder, {
          texts: TEXTS,
          python: TORCH_PYTHON,
        })
      ) assert.equal(ok, true, `${check}: ${detail}`);
      disposeEncoder(encoder);
      await Deno.remove(folder, { recursive: true });
    },
  });
}

Deno.test("distanceBucket() counts as T5 does, in both directions", () => {
  const distances = { buckets: 32, far: 128 };
  // By hand: 8 exact, then 8 on a logarithmic scale up to 128.
  const found = [0, 1, 7, 8, 11, 12, 16, 32, 64, 127, 128, 500].map((d) =>
    distanceBucket(-d, distances)
  );
  assert.deepEqual(found, [0, 1, 7, 8, 8, 9, 10, 12, 14, 15, 15, 15]);
  const after = [1, 8, 500].map((d) => distanceBucket(d, distances));
  assert.deepEqual(after, [17, 24, 31]);
});

onBackends("an encoder tells the longest text that it takes", () => {
  for (
    const [name, longest] of [["bert", 66], ["xlm-roberta", 65], ["mpnet", 64]]
  ) {
    const encoder = familyEncoder(name as string);
    const text = ["red ".repeat(100)];
    // Padding takes up the first places: the table has 66.
    assert.equal(encoder.maxLength, longest);
    assert.equal(tokenize(encoder, text).ids.length, longest);
    disposeEncoder(encoder);
    const short = familyEncoder(name as string, {
      ...{ pooling: "mean", normalize: true, prompts: {} },
      maxLength: 12,
    });
    assert.equal(short.maxLength, 12);
    disposeEncoder(short);
  }
});
