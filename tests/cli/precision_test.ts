import assert from "node:assert/strict";
import type { EvalReport } from "../../lib/eval/mod.ts";
import { disposeEncoder, saveEncoder } from "../../lib/model/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { isUserError, tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

onBackends(
  "tdro eval and search take vectors of fewer bytes",
  async (backend) => {
    await withSuite(async (folder) => {
      const encoder = smallEncoder("mean", 0.5);
      await saveEncoder(encoder, `${folder}/model`);
      disposeEncoder(encoder);
      const common = [
        "--suite",
        `${folder}/suite`,
        "--model",
        `${folder}/model`,
        "--backend",
        backend,
        "--cache",
        `${folder}/vectors`,
        "--json",
      ];
      const json = async (...line: string[]) => {
        const { code, out, err } = await tdro(...line, ...common);
        assert.equal(code, 0, err);
        return JSON.parse(out);
      };
      const bits: EvalReport = await json("eval", "--precision", "binary");
      assert.equal(bits.settings.precision, "binary");
      assert.equal(bits.settings.rescore, 4);
      const whole: EvalReport = await json("eval");
      const rescored: EvalReport = await json(
        ...["eval", "--precision", "int8", "--rescore", "100"],
      );
      assert.equal(rescored.settings.rescoreBy, "float32");
      assert.deepEqual(rescored.tasks, whole.tasks);

      const plain = await json("search", "dark blue");
      const again = await json(
        ...["search", "dark blue", "--precision", "binary", "--rescore", "100"],
        ...["--rescore-by", "float32"],
      );
      assert.deepEqual(again, plain);
    });
  },
  ["tensorflow"],
);

Deno.test("precisions that change nothing are refused in one line", async () => {
  const refused = async (line: string, why: RegExp) => {
    const outcome = await tdro(...line.split(" "));
    assert.ok(isUserError(outcome), outcome.err);
    assert.match(outcome.err, why);
  };
  await refused(
    "eval --suite s --bm25 --precision int8",
    /--precision can't be combined with --bm25/,
  );
  await refused(
    "eval --suite s --model m --rescore 4",
    /Cannot rescore: float32 vectors are whole/,
  );
  await refused(
    "eval --suite s --model m --precision int8 --dtype bf16",
    /--dtype can't be combined with --precision/,
  );
  await refused(
    "search word --suite s --bm25 --rescore-by int8",
    /--rescore-by is about a model's vectors: add --model/,
  );
  await refused(
    "serve runs/none --precision int8 --rescore 2 --rescore-by binary",
    /Cannot rescore: rescoreBy must be finer than int8/,
  );
});
