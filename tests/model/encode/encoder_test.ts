import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  cloneEncoder,
  disposeEncoder,
  embed,
  encodeTexts,
  loadEncoder,
  packTexts,
  padBatch,
  pool,
  saveEncoder,
  tokenize,
  unpad,
} from "../../../lib/model/mod.ts";
import { useBackend } from "../../../lib/backend/mod.ts";
import { maxDifference, noise, onBackends } from "../../_backends.ts";
import { ROOT } from "../../_paths.ts";
import { hasShared, readShared } from "../../_shared.ts";
import { smallEncoder } from "../../_small_encoder.ts";

const MINILM = `${ROOT}/.cache/models/all-MiniLM-L6-v2`;

function hasMinilm(): boolean {
  try {
    return Deno.statSync(`${MINILM}/model.safetensors`).isFile;
  } catch {
    return false;
  }
}

if (hasShared() && hasMinilm()) {
  onBackends(
    "all-MiniLM-L6-v2 gives PyTorch's embeddings to 1e-4",
    async () => {
      const expected = readShared("fixtures/models/minilm.json");
      const encoder = await loadEncoder(MINILM);
      const texts = expected.sentences.map((s: { text: string }) => s.text);
      const { data, dimension } = await encodeTexts(encoder, texts);
      const wanted: number[][] = expected.embeddings;
      wanted.forEach((want, i) => {
        const got = data.subarray(i * dimension, (i + 1) * dimension);
        const difference = maxDifference(got, want);
        assert.ok(difference < 1e-4, `text ${i}: ${difference}`);
      });
      disposeEncoder(encoder);
    },
  );
} else {
  Deno.test({
    name: "all-MiniLM-L6-v2 gives PyTorch's embeddings",
    ignore: true,
    fn() {},
  });
}

for (
  const pooling of ["mean", "cls", "lastToken", "weightedMean"] as const
) {
  onBackends(
    `${pooling} pooling: padding and company change nothing`,
    async () => {
      const encoder = smallEncoder(pooling);
      const texts = ["red", "a green bird sings red blue", "blue is"];
      const together = await encodeTexts(encoder, texts);
      for (const [i, text] of texts.entries()) {
        const alone = await encodeTexts(encoder, [text]);
        const row = together.data.subarray(
          i * together.dimension,
          (i + 1) * together.dimension,
        );
        // Longer sums in another order: a few units of float32 rounding.
        assert.ok(maxDifference(alone.data, row) < 1e-5);
      }
      // The same ids from a batch that was padded on either side.
      const { padId } = encoder.tokenizer;
      const { ids } = encoder.tokenizer.encode(texts);
      const right = padBatch(ids, { padId, multipleOf: 16 });
      const { length } = right;
      const left = {
        ...right,
        ids: right.ids.slice(),
        mask: right.mask.slice(),
      };
      for (let i = 0; i < texts.length; i++) {
        const [from, to] = [i * length, (i + 1) * length];
        const n = ids[i]!.length;
        left.ids.fill(padId, from, to).set(ids[i]!, to - n);
        left.mask.fill(0, from, to - n).fill(1, to - n, to);
      }
      for (const padded of [left, right]) {
        const vectors = embed(encoder, unpad(padded));
        assert.ok(maxDifference(vectors.dataSync(), together.data) < 1e-5);
        vectors.dispose();
      }
      disposeEncoder(encoder);
    },
  );
}

onBackends("weightedMean counts token i of n i times", () => {
  const hidden = tf.tensor2d([[1], [2], [3], [10]]);
  const sequences = { offsets: Int32Array.of(0, 3, 4) };
  const pooled = pool(hidden, sequences, { pooling: "weightedMean" });
  // (1·1 + 2·2 + 3·3) / 6
  assert.ok(maxDifference(pooled.dataSync(), [14 / 6, 10]) < 1e-6);
  tf.dispose([hidden, pooled]);
});

onBackends("a text without tokens gives zeros, never NaN", () => {
  const batch = packTexts([[], [5]]);
  const vectors = tf.tidy(() =>
    pool(tf.tensor2d(noise(4), [1, 4]), batch, { pooling: "mean" }).arraySync()
  );
  assert.deepEqual(vectors[0], [0, 0, 0, 0]);
});

onBackends("a saved encoder loads with the same embeddings", async () => {
  const encoder = smallEncoder();
  const folder = await Deno.makeTempDir();
  await saveEncoder(encoder, folder);
  const again = await loadEncoder(folder);
  const texts = ["green blue", "sky"];
  assert.deepEqual(
    (await encodeTexts(again, texts)).data,
    (await encodeTexts(encoder, texts)).data,
  );
  disposeEncoder(encoder);
  disposeEncoder(again);
  await Deno.remove(folder, { recursive: true });
});

onBackends(
  "an encoder saved in 16 bits loads with rounded weights",
  async () => {
    const encoder = smallEncoder();
    const want = (await encodeTexts(encoder, ["green blue"])).data;
    const folder = await Deno.makeTempDir();
    for (
      const [dtype, bound] of [["bfloat16", 2e-2], ["float16", 2e-3]] as const
    ) {
      await saveEncoder(encoder, folder, { dtype });
      const config = JSON.parse(
        await Deno.readTextFile(`${folder}/config.json`),
      );
      assert.equal(config.dtype, dtype);
      const again = await loadEncoder(folder);
      const difference = maxDifference(
        (await encodeTexts(again, ["green blue"])).data,
        want,
      );
      assert.ok(
        difference > 0 && difference < bound,
        `${dtype}: ${difference}`,
      );
      disposeEncoder(again);
    }
    disposeEncoder(encoder);
    await Deno.remove(folder, { recursive: true });
  },
);

onBackends("a clone has parameters of its own; nothing leaks", async () => {
  const encoder = smallEncoder();
  const before = tf.memory().numTensors;
  const clone = cloneEncoder(encoder);
  const [, first] = [...clone.parameters][0]!;
  tf.tidy(() => first.assign(tf.zeros(first.shape)));
  const original = [...encoder.parameters.values()][0]!.dataSync();
  assert.ok(original.some((x) => x !== 0));
  disposeEncoder(clone);
  assert.equal(tf.memory().numTensors, before);
  await encodeTexts(encoder, ["red", "green bird"]);
  assert.equal(tf.memory().numTensors, before);
  disposeEncoder(encoder);
});

onBackends("every parameter of the encoder gets a gradient", () => {
  const encoder = smallEncoder();
  const { value, grads } = tf.variableGrads(
    () => {
      const rows = embed(encoder, tokenize(encoder, ["red green", "blue"]));
      const weights = tf.tensor2d(noise(rows.size, 3), rows.shape);
      return tf.sum(tf.mul(rows, weights)) as tf.Scalar;
    },
    [...encoder.parameters.values()],
  );
  for (const [name, parameter] of encoder.parameters) {
    assert.ok(grads[parameter.name], name);
  }
  tf.dispose([value, ...Object.values(grads)]);
  disposeEncoder(encoder);
});

Deno.test("loadEncoder() names the tensor that is missing or misshapen", async () => {
  await useBackend("wasm");
  const encoder = smallEncoder();
  const folder = await Deno.makeTempDir();
  await saveEncoder(encoder, folder);
  const path = `${folder}/config.json`;
  const config = JSON.parse(await Deno.readTextFile(path));
  const before = tf.memory().numTensors;
  await Deno.writeTextFile(
    path,
    JSON.stringify({ ...config, num_hidden_layers: 3 }),
  );
  await assert.rejects(loadEncoder(folder), {
    name: "RangeError",
    message: /Cannot load .*encoder\.layer\.2\.\S+ is missing/,
  });
  await Deno.writeTextFile(
    path,
    JSON.stringify({ ...config, intermediate_size: 31 }),
  );
  await assert.rejects(loadEncoder(folder), {
    name: "RangeError",
    message:
      /intermediate\.dense\.weight must have shape \[31,16\]: got \[32,16\]/,
  });
  assert.equal(tf.memory().numTensors, before);
  disposeEncoder(encoder);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("encodeTexts() stops at an abort and tells its progress", async () => {
  await useBackend("wasm");
  const encoder = smallEncoder();
  const seen: number[] = [];
  await encodeTexts(encoder, ["red", "green", "blue"], {
    batchTokens: 3,
    onProgress: (done) => seen.push(done),
  });
  assert.deepEqual(seen, [1, 2, 3]);
  await assert.rejects(
    encodeTexts(encoder, ["red"], { signal: AbortSignal.abort() }),
    { name: "AbortError" },
  );
  disposeEncoder(encoder);
});
