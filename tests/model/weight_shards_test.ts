import assert from "node:assert/strict";
import fc from "fast-check";
import { readIndex } from "../../lib/model/weights/sharded.ts";
import {
  openWeights,
  writeWeights,
} from "../../lib/model/weights/safetensors.ts";
import { inTempFolder } from "../_temp_folder.ts";

/** Names of the files of a folder. */
function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

const TENSORS = [3, 5, 2, 9].map((size, i) => ({
  name: `t${i}`,
  shape: [size],
  data: Float32Array.from({ length: size }, (_, j) => 10 * i + j),
}));

Deno.test("writeWeights() fills each file up to the limit", async () => {
  await inTempFolder(async (folder) => {
    // 12, 20, 8 and 36 bytes: the last is larger than a file may be.
    await writeWeights(folder, TENSORS, { maxShardBytes: 32 });
    assert.deepEqual(names(folder), [
      "model-00001-of-00003.safetensors",
      "model-00002-of-00003.safetensors",
      "model-00003-of-00003.safetensors",
      "model.safetensors.index.json",
    ]);
    const index = JSON.parse(
      await Deno.readTextFile(`${folder}/model.safetensors.index.json`),
    );
    assert.deepEqual(index.metadata, { total_size: 76 });
    assert.deepEqual(Object.keys(index.weight_map), ["t0", "t1", "t2", "t3"]);
    using weights = await openWeights(folder);
    for (const { name, data } of TENSORS) {
      assert.deepEqual(await weights.read(name), data);
    }
  });
});

Deno.test("writeWeights() leaves no weights of another layout behind", async () => {
  await inTempFolder(async (folder) => {
    const index = "model.safetensors.index.json";
    await Deno.writeTextFile(`${folder}/other.safetensors`, "kept");
    await writeWeights(folder, TENSORS, { maxShardBytes: 32 });
    await writeWeights(folder, TENSORS.slice(0, 2), { maxShardBytes: 12 });
    assert.deepEqual(names(folder), [
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      index,
      "other.safetensors",
    ]);
    await writeWeights(folder, TENSORS);
    assert.deepEqual(names(folder), ["model.safetensors", "other.safetensors"]);
    await writeWeights(folder, TENSORS, { maxShardBytes: 40 });
    assert.ok(!names(folder).includes("model.safetensors"));
    await assert.rejects(
      writeWeights(folder, TENSORS, { maxShardBytes: 0 }),
      /^RangeError: Cannot write .*: maxShardBytes must be a number > 0: got 0/,
    );
  });
});

/** Reads an index; whatever it is, it is a map of plain names or one line. */
function readsOrRefuses(text: string): void {
  try {
    for (const shard of readIndex(text, "m/index.json").values()) {
      assert.match(shard, /^[^/\\]+\.safetensors$/);
      assert.ok(!shard.startsWith("."));
    }
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    assert.match(error.message, /^Cannot read m\/index\.json: [^\n]*$/);
  }
}

Deno.test("no index leads out of its folder, and none crashes the reader", () => {
  for (
    const shard of [
      "../x.safetensors",
      "/etc/x.safetensors",
      "a/b.safetensors",
      "a\\b.safetensors",
      "C:x.safetensors",
      "..\u2215x.safetensors",
      ".hidden.safetensors",
      "x.safetensors\u0000",
      "x.safetensors\n",
      "file:///x.safetensors",
      "x.bin",
      "",
      7,
      null,
      ["x.safetensors"],
    ]
  ) {
    assert.throws(
      () => readIndex(JSON.stringify({ weight_map: { w: shard } }), "index"),
      /^SyntaxError: Cannot read index: tensor "w" must lie in/,
    );
  }
  fc.assert(fc.property(fc.string(), readsOrRefuses));
  fc.assert(fc.property(fc.json(), readsOrRefuses));
  const piece = fc.constantFrom(
    "..",
    "/",
    "\\",
    "a",
    ".safetensors",
    "%2e",
    ":",
    "\u0000",
    "-",
    "_",
  );
  const name = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(""));
  const map = fc.dictionary(
    fc.oneof(fc.string(), fc.constant("__proto__")),
    fc.oneof(name, fc.jsonValue()),
  );
  fc.assert(
    fc.property(
      map,
      (weight_map) => readsOrRefuses(JSON.stringify({ weight_map })),
    ),
    { numRuns: 500 },
  );
});

Deno.test("a shard that is missing, cut off or of another model is named", async () => {
  await inTempFolder(async (folder) => {
    await writeWeights(folder, TENSORS, { maxShardBytes: 32 });
    const second = `${folder}/model-00002-of-00003.safetensors`;
    const bytes = await Deno.readFile(second);
    const open = async () => (await openWeights(folder)).close();
    await Deno.writeFile(second, bytes.slice(0, bytes.length - 3));
    await assert.rejects(open, /model-00002-of-00003.*tensor "t2".*cut off/);
    await Deno.copyFile(`${folder}/model-00001-of-00003.safetensors`, second);
    await assert.rejects(
      open,
      /index\.json: it puts tensor "t2" in model-00002-of-00003\.safetensors, which lacks it/,
    );
    await Deno.remove(second);
    await assert.rejects(
      open,
      (error: Error) =>
        error instanceof Deno.errors.NotFound &&
        /model-00002-of-00003.*there is no such file/.test(error.message),
    );
  });
});
