import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  disposeEncoder,
  encodeTexts,
  encodeToFile,
  encodeWindows,
  openSafetensors,
} from "../../../lib/model/mod.ts";
import { useBackend } from "../../../lib/backend/mod.ts";
import { maxDifference, onBackends } from "../../_backends.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder } from "../../_temp_folder.ts";

const TEXTS = [
  "red",
  "a green bird sings red blue",
  "blue is",
  "the sky is blue",
  "green",
  "red green blue bird",
  "",
];

onBackends("encodeToFile() writes what encodeTexts() gives", async () => {
  const encoder = smallEncoder();
  const { data, dimension } = await encodeTexts(encoder, TEXTS);
  const before = tf.memory().numTensors;
  await inTempFolder(async (folder) => {
    const path = `${folder}/new/vectors.safetensors`;
    const written = await encodeToFile(encoder, TEXTS, path, {
      windowTexts: 3,
    });
    assert.deepEqual(written, {
      path,
      count: TEXTS.length,
      dimension,
      resumed: 0,
    });
    using weights = await openSafetensors(path);
    assert.deepEqual(weights.tensors.get("embeddings")!.shape, [7, dimension]);
    // Batches differ, and with them the order of sums.
    assert.ok(maxDifference(await weights.read("embeddings"), data) < 1e-6);

    const npy = `${folder}/vectors.npy`;
    await encodeToFile(encoder, TEXTS, npy, { windowTexts: 3 });
    const bytes = await Deno.readFile(npy);
    assert.equal(new TextDecoder("latin1").decode(bytes.slice(1, 6)), "NUMPY");
    const length = 10 + new DataView(bytes.buffer).getUint16(8, true);
    assert.equal(length % 64, 0);
    assert.match(
      new TextDecoder().decode(bytes.slice(10, length)),
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(7, 16\), \} *\n$/,
    );
    const values = new Float32Array(bytes.slice(length).buffer);
    assert.ok(maxDifference(values, data) < 1e-6);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(left, ["new", "vectors.npy"]);
  });
  assert.equal(tf.memory().numTensors, before);
  disposeEncoder(encoder);
});

Deno.test("encodeToFile() goes on where it was interrupted", async () => {
  await useBackend("wasm");
  const encoder = smallEncoder();
  await inTempFolder(async (folder) => {
    const whole = `${folder}/whole.npy`;
    const options = { windowTexts: 2 };
    await encodeToFile(encoder, TEXTS, whole, options);
    const path = `${folder}/vectors.npy`;
    const interrupt = async () => {
      const controller = new AbortController();
      await assert.rejects(
        encodeToFile(encoder, TEXTS, path, {
          ...options,
          signal: controller.signal,
          onProgress: (done) => done >= 4 && controller.abort(),
        }),
        { name: "AbortError" },
      );
      await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    };
    await interrupt();
    const seen: number[] = [];
    const { resumed } = await encodeToFile(encoder, TEXTS, path, {
      ...options,
      onProgress: (done) => seen.push(done),
    });
    assert.equal(resumed, 4);
    assert.ok(seen.every((done) => done > 4));
    assert.deepEqual(await Deno.readFile(path), await Deno.readFile(whole));

    // Bytes of a window that was not finished are thrown away.
    await Deno.remove(path);
    await interrupt();
    await Deno.writeFile(`${path}.part`, new Uint8Array(5), { append: true });
    assert.equal(
      (await encodeToFile(encoder, TEXTS, path, options)).resumed,
      4,
    );
    assert.deepEqual(await Deno.readFile(path), await Deno.readFile(whole));

    // Other texts, another limit, another model, other products: begun anew.
    await Deno.remove(path);
    const others = ["blue", ...TEXTS.slice(1)];
    const changed = smallEncoder("cls");
    for (
      const again of [
        () => encodeToFile(encoder, others, path, options),
        () => encodeToFile(encoder, TEXTS, path, { ...options, maxLength: 4 }),
        () => encodeToFile(changed, TEXTS, path, options),
        () =>
          encodeToFile(encoder, TEXTS, path, { ...options, precision: "int8" }),
        () => encodeToFile(encoder, TEXTS, path, { ...options, resume: false }),
      ]
    ) {
      await interrupt();
      assert.equal((await again()).resumed, 0);
      await Deno.remove(path);
    }
    // Later texts differ: begun at their window.
    await interrupt();
    const later = [...TEXTS.slice(0, 3), "blue"];
    const some = await encodeToFile(encoder, later, path, options);
    assert.deepEqual([some.resumed, some.count], [2, 4]);
    const fresh = `${folder}/fresh.npy`;
    await encodeToFile(encoder, later, fresh, options);
    assert.deepEqual(await Deno.readFile(path), await Deno.readFile(fresh));
    disposeEncoder(changed);
  });
  disposeEncoder(encoder);
});

Deno.test("encodeToFile() takes texts one by one, and none at all", async () => {
  await useBackend("wasm");
  const encoder = smallEncoder();
  await inTempFolder(async (folder) => {
    let held = 0;
    async function* source() {
      for (const text of TEXTS) {
        held++;
        yield await Promise.resolve(text);
      }
    }
    const most: number[] = [];
    for await (
      const { from, count } of encodeWindows(encoder, source(), {
        windowTexts: 2,
      })
    ) most.push(held - from - count);
    assert.ok(Math.max(...most) <= 1, "it reads ahead");
    const { count } = await encodeToFile(encoder, [], `${folder}/none.npy`);
    assert.equal(count, 0);
    await assert.rejects(
      encodeToFile(encoder, TEXTS, `${folder}/vectors.bin`),
      /^RangeError: Cannot write vectors to .*vectors.bin: its name must end/,
    );
    for (const option of ["windowTexts", "batchTokens"]) {
      await assert.rejects(
        encodeTexts(encoder, TEXTS, { [option]: 0 }),
        new RegExp(`^RangeError: Cannot encode texts: ${option} must`),
      );
    }
  });
  disposeEncoder(encoder);
});
