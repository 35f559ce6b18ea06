import assert from "node:assert/strict";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  disposeEncoder,
  encodeFunction,
  encodeTexts,
  lengthLine,
  loadEncoder,
  modelInfo,
  saveEncoder,
  textLimits,
} from "../../../lib/model/mod.ts";
import { batches } from "../../../lib/sampling/mod.ts";
import { batchLosses } from "../../../lib/train/mod.ts";
import { smallEncoder } from "../../_small_encoder.ts";

Deno.test("textLimits() takes what is asked for, what was trained with, the default", () => {
  const model = { maxLength: 512 };
  assert.deepEqual(textLimits(), { queryLength: 128, passageLength: 256 });
  assert.deepEqual(textLimits(model), { queryLength: 128, passageLength: 256 });
  const trained = { ...model, lengths: { query: 48, passage: 300 } };
  assert.deepEqual(textLimits(trained), {
    queryLength: 48,
    passageLength: 300,
  });
  assert.deepEqual(textLimits({ ...model, modules: trained }), {
    queryLength: 48,
    passageLength: 300,
  });
  assert.deepEqual(textLimits(trained, { queryLength: 20 }), {
    queryLength: 20,
    passageLength: 300,
  });
  assert.deepEqual(
    textLimits(trained, { queryLength: undefined, passageLength: 9999 }),
    { queryLength: 48, passageLength: 512 },
  );
  assert.deepEqual(textLimits({ maxLength: 32 }), {
    queryLength: 32,
    passageLength: 32,
  });
});

Deno.test("lengthLine() says what the model takes beyond the default", () => {
  const limits = { queryLength: 128, passageLength: 256 };
  const line = (maxLength: number, open = true) =>
    lengthLine(limits, { maxLength, open });
  assert.equal(
    line(512),
    "lengths: queries are cut at 128 tokens, passages at 256; the model takes 512, by --passage-length 512",
  );
  assert.match(line(256), /256, all that the model takes$/);
  assert.match(line(512, false), /256$/);
  assert.match(line(Infinity), /256$/);
});

Deno.test("lengths of training are saved with the model and hold again", async () => {
  await useBackend("wasm");
  const { modules, ...rest } = smallEncoder();
  const lengths = { query: 5, passage: 9 };
  const encoder = { ...rest, modules: { ...modules, maxLength: 9, lengths } };
  const folder = await Deno.makeTempDir();
  await saveEncoder(encoder, folder);
  disposeEncoder(encoder);
  assert.deepEqual((await modelInfo(folder)).lengths, lengths);
  const loaded = await loadEncoder(folder);
  assert.deepEqual(loaded.modules.lengths, lengths);
  const long = [Array(20).fill("red green").join(" ")];
  const encode = encodeFunction(loaded);
  for (const [kind, maxLength] of [["query", 5], ["passage", 9]] as const) {
    assert.deepEqual(
      await encode(long, { kind }),
      await encodeTexts(loaded, long, { maxLength }),
    );
  }
  const row = (id: string) => ({
    domain: 0,
    query: { id, text: `${id} ${long[0]}` },
    positives: [{ id: `${id}+`, text: `${id} bird` }],
    negatives: [],
  });
  const rows = [["red", "green", "blue"].map(row)];
  const [batch] = batches(rows, [1], {
    size: 3,
    seed: 1,
    passages: 1,
    count: 1,
  });
  const loss = (options: object) => batchLosses(loaded, batch!, options);
  assert.deepEqual(await loss({}), await loss({ queryLength: 5 }));
  assert.notDeepEqual(await loss({}), await loss({ queryLength: 4 }));
  disposeEncoder(loaded);
  await Deno.remove(folder, { recursive: true });
});
