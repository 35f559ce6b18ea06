import assert from "node:assert/strict";
import type { EvalReport } from "../../lib/eval/mod.ts";
import { disposeEncoder, saveEncoder } from "../../lib/model/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { isUserError, tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

onBackends(
  "--compute-type is recorded, and vectors never mix",
  (backend) =>
    withSuite(async (folder) => {
      const encoder = smallEncoder("mean", 0.5);
      await saveEncoder(encoder, `${folder}/model`);
      disposeEncoder(encoder);
      const model = ["--model", `${folder}/model`, "--backend", backend];
      const cache = ["--cache", `${folder}/vectors`];
      const run = async (...line: string[]) => {
        const { code, out, err } = await tdro(
          ...[...line, ...model, "--suite", `${folder}/suite`, "--json"],
        );
        assert.equal(code, 0, err);
        return JSON.parse(out);
      };
      const int8 = ["--compute-type", "int8"];
      const kept = () =>
        [...Deno.readDirSync(`${folder}/vectors`)].map(({ name }) => name);

      const plain: EvalReport = await run("eval", ...cache);
      assert.ok(!Object.hasOwn(plain.origin!, "computeType"));
      const ofPlain = kept();
      const small: EvalReport = await run("eval", ...cache, ...int8);
      assert.equal(small.origin!.computeType, "int8");
      assert.equal(kept().length, 2 * ofPlain.length);
      // What is said is what is done anyway: nothing new is kept or recorded.
      const said = ["--compute-type", "float32"];
      const again: EvalReport = await run("eval", ...cache, ...said);
      assert.deepEqual(again.tasks, plain.tasks);
      assert.ok(!Object.hasOwn(again.origin!, "computeType"));
      await run("search", "dark blue", ...cache, ...int8);
      assert.equal(kept().length, 2 * ofPlain.length);

      const files = ["embed", "--to", "npy", "--out", `${folder}/npy`];
      await run(...files, ...int8);
      const other = await tdro(
        ...[...files, ...model, "--suite", `${folder}/suite`],
      );
      assert.match(
        other.err,
        /it holds vectors that were made otherwise \(.*, int8; now [^)]*(?<!int8)\); choose/,
      );
      await run(...files, "--force");

      const mined = `${folder}/mined`;
      const mine = ["mine", "--by", "dense", "--out", mined];
      await run(...mine, ...int8);
      const { settings } = JSON.parse(
        await Deno.readTextFile(`${mined}/shades.mined.json`),
      );
      assert.equal(settings.computeType, "int8");
      await run(...mine, "--force");
      const record = await Deno.readTextFile(`${mined}/shades.mined.json`);
      assert.ok(!record.includes("computeType"));
      await run(...mine, ...said); // the same settings: it goes on
    }),
);

Deno.test("a training evaluates as tdro eval does with the same --compute-type", () =>
  withSuite(async (folder) => {
    const run = async (...line: string[]) => {
      const { code, out, err } = await tdro(
        ...line,
        ...["--suite", `${folder}/suite`, "--backend", "wasm", "--json"],
      );
      assert.equal(code, 0, err);
      return JSON.parse(out);
    };
    const int8 = ["--compute-type", "int8"];
    const own = ["--steps", "2", "--batch-size", "6", "--hidden-size", "32"];
    await run("train", "--out", `${folder}/run`, ...own, ...int8);
    const { retriever }: Record<string, EvalReport> = JSON.parse(
      await Deno.readTextFile(`${folder}/run/eval.json`),
    );
    const model = ["--model", `${folder}/run/models/retriever`];
    const same: EvalReport = await run("eval", ...model, ...int8);
    assert.equal(retriever!.origin!.computeType, "int8");
    assert.deepEqual(retriever!.mean["nDCG@10"], same.mean["nDCG@10"]);
    const { options } = JSON.parse(
      await Deno.readTextFile(`${folder}/run/run.json`),
    );
    assert.equal(options.computeType, "int8");
  }));

Deno.test("--compute-type without a model, or in training, is refused", async () => {
  const refused = async (line: string, why: RegExp) => {
    const outcome = await tdro(...line.split(" "));
    assert.ok(isUserError(outcome), outcome.err);
    assert.match(outcome.err, why);
  };
  await refused(
    "search word --suite s --bm25 --compute-type int8",
    /--compute-type is about a model's vectors: add --model/,
  );
  await refused(
    "eval --suite s --bm25 --compute-type int8",
    /--compute-type can't be combined with --bm25 without --model/,
  );
  await refused(
    "mine --suite s --compute-type int8",
    /--compute-type is about a model: add --model or --teacher/,
  );
  await withSuite((folder) =>
    refused(
      `train --suite ${folder}/suite --no-evaluate --compute-type int8 --quiet`,
      /--compute-type is about evaluations, and --no-evaluate leaves them out/,
    )
  );
  await refused(
    "train --suite s --precision int8",
    /Cannot read --precision: expected float32 \| bfloat16: got "int8"/,
  );
});
