import assert from "node:assert/strict";
import { readReport } from "../../lib/eval/mod.ts";
import { disposeEncoder, saveEncoder } from "../../lib/model/mod.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import { isUserError, tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

Deno.test("tdro eval --dims --precisions gives one table, a record and a plot", async () => {
  await withSuite(async (folder) => {
    await useBackend("wasm");
    const encoder = smallEncoder("mean", 0.5);
    await saveEncoder(encoder, `${folder}/model`);
    disposeEncoder(encoder);
    const line = [
      "eval",
      ...["--suite", `${folder}/suite`, "--model", `${folder}/model`],
      ...["--backend", "wasm", "--dims", "16,8"],
      ...["--precisions", "float32,int8,binary"],
      ...["--out", `${folder}/eval.json`, "--plot", `${folder}/sizes.svg`],
    ];
    const { code, out, err } = await tdro(...line);
    assert.equal(code, 0, err);
    assert.match(out, /^ *Dim +Precision +Rescored +Bytes +nDCG@10 /im);
    assert.match(out, /^ *16 +float32 +– +64 .* – +–$/m);
    assert.match(out, /^ *8 +binary +×4 by binary +1 /m);
    const { sizes, mean, settings } = await readReport(`${folder}/eval.json`);
    assert.deepEqual(sizes!.map(({ bytes }) => bytes), [
      64,
      16,
      2,
      2,
      32,
      8,
      1,
      1,
    ]);
    assert.deepEqual(sizes![0]!.mean, mean);
    assert.ok(sizes!.every(({ interval }) => interval));
    assert.deepEqual(settings.sizes!.dims, [16, 8]);
    assert.match(await Deno.readTextFile(`${folder}/sizes.svg`), /^<svg /);
    const spec = JSON.parse(await Deno.readTextFile(`${folder}/sizes.vl.json`));
    assert.match(spec.$schema, /vega-lite/);

    // The same again is read from the record; other sizes aren't.
    const replace = line.filter((word) => !/plot|svg/.test(word));
    const again = await tdro(...replace);
    assert.equal(again.code, 0, again.err);
    assert.match(again.err, /already evaluated/);
    assert.ok(again.out.startsWith(out.slice(0, out.indexOf("The record"))));
    const other = await tdro(...replace, "--dims", "4");
    assert.equal(other.code, 2);
    assert.match(other.err, /holds an evaluation with other settings/);
  });
});

Deno.test("options of sizes that do nothing are refused", async () => {
  const refused = async (line: string, why: RegExp) => {
    const outcome = await tdro(...line.split(" "));
    assert.ok(isUserError(outcome), outcome.err);
    assert.match(outcome.err, why);
  };
  await refused("eval --suite s --model m --plot a.svg", /--plot draws what/);
  await refused(
    "eval --suite s --model m --dims 8 --precision int8",
    /--precision can't be combined with --dims or --precisions/,
  );
  await refused(
    "eval --suite s --bm25 --dims 8",
    /--dims can't be combined with --bm25/,
  );
});
