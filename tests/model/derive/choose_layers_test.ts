import assert from "node:assert/strict";
import {
  addDense,
  chooseLayers,
  disposeEncoder,
  embeddingSize,
  type Encoder,
  encodeTexts,
  loadEncoder,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { useBackend } from "../../../lib/backend/mod.ts";
import { maxDifference, onBackends } from "../../_backends.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { FAMILY_NAMES, familyEncoder } from "../_family_encoders.ts";

const TEXTS = ["red", "a green bird sings", "the sky is blue"];

const vectors = async (encoder: Encoder) =>
  (await encodeTexts(encoder, TEXTS)).data;

onBackends("all layers give the same vectors, of every family", async () => {
  for (const family of FAMILY_NAMES) {
    const encoder = familyEncoder(family);
    const all = [...Array(encoder.config.layers).keys()];
    if (family === "albert") {
      assert.throws(() => chooseLayers(encoder, all), /share their parameters/);
    } else {
      const again = chooseLayers(encoder, all);
      assert.deepEqual(await vectors(again), await vectors(encoder), family);
      disposeEncoder(again);
    }
    disposeEncoder(encoder);
  }
}, ["tensorflow"]);

Deno.test("some layers make a model that is saved and loaded", () =>
  inTempFolder(async (folder) => {
    await useBackend("wasm");
    for (const family of ["bert", "distilbert", "modernbert", "gemma3", "t5"]) {
      const encoder = familyEncoder(family);
      const small = chooseLayers(encoder, [0, 2]);
      assert.equal(small.config.layers, 2);
      const before = await vectors(small);
      assert.notDeepEqual(before, await vectors(encoder), family);
      await saveEncoder(small, `${folder}/${family}`);
      const again = await loadEncoder(`${folder}/${family}`);
      assert.deepEqual(await vectors(again), before, family);
      [encoder, small, again].forEach(disposeEncoder);
    }
  }));

onBackends("a chosen layer is a copy, and the others are gone", async () => {
  const encoder = smallEncoder("mean", 0.3); // two layers
  const top = chooseLayers(encoder, [1]);
  const name = (layer: number) => `encoder.layer.${layer}.output.dense.weight`;
  assert.ok(!top.parameters.has(name(1)));
  const weight = top.parameters.get(name(0))!;
  assert.deepEqual(
    await weight.data(),
    await encoder.parameters.get(name(1))!.data(),
  );
  const before = await vectors(encoder);
  disposeEncoder(top);
  assert.deepEqual(await vectors(encoder), before);
  for (const layers of [[], [0, 0], [1, 0], [2], [-1], [0.5]]) {
    assert.throws(
      () => chooseLayers(encoder, layers),
      /layers must be rising numbers from 0 to 1: got/,
    );
  }
  disposeEncoder(encoder);
});

onBackends(
  "addDense() changes the length of the vectors, also saved",
  () =>
    inTempFolder(async (folder) => {
      const encoder = addDense(smallEncoder(), {
        size: 24,
        rng: createRng(1, "dense"),
      });
      assert.equal(embeddingSize(encoder), 24);
      const before = await vectors(encoder);
      assert.ok(Math.abs(Math.hypot(...before.subarray(0, 24)) - 1) < 1e-5);
      await saveEncoder(encoder, folder);
      const again = await loadEncoder(folder);
      assert.ok(maxDifference(await vectors(again), before) < 1e-6);
      [encoder, again].forEach(disposeEncoder);
      assert.throws(
        () => addDense(encoder, { size: 0, rng: createRng(1, "dense") }),
        /size must be a whole number/,
      );
    }),
);
