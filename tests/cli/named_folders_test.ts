/** Where a file is meant and a run's folder is given, or the other way round. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeSuite } from "../../lib/data/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { tdro } from "./_capture.ts";

Deno.test("commands find in a run's folder what they need", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tdro-named-" });
  const here = Deno.cwd();
  Deno.chdir(folder);
  try {
    await writeSuite(toySuite(), join(folder, "suite"));
    const sizes = [
      ..."--suite suite --backend wasm --steps 2 --batch-size 6".split(" "),
      ..."--hidden-size 8 --vocab-size 120 --negatives 3".split(" "),
    ];
    const call = async (line: string, code = 0) => {
      const outcome = await tdro(...line.split(" "));
      assert.equal(outcome.code, code, `${line}: ${outcome.err}`);
      return outcome;
    };
    await call(
      `run ${sizes.join(" ")} --weight-steps 2 --weight-batch-size 6 --out all`,
    );
    const shown = await call("weights show all --json");
    const named = await call("weights show all/weights.json --json");
    assert.equal(shown.out.replaceAll("all", "weights"), named.out);
    await call("weights select all --top 40 --out top.json");
    await call(`train ${sizes.join(" ")} --mixture all --out one`);

    const options =
      "--suite suite --backend wasm --prompts none --tasks shades";
    const scores = new Set<string>();
    for (
      const model of [
        "one",
        "one/models/retriever",
        "one/models/retriever/model.safetensors",
      ]
    ) scores.add((await call(`eval --model ${model} ${options}`)).out);
    assert.equal(scores.size, 1);
    const several = await call(`eval --model all ${options}`, 2);
    assert.match(several.err, /a run with several models.*all\/models\/top70/);

    const compared = await call("eval diff all#uniform one");
    assert.equal(
      compared.out,
      (await call("eval diff all/eval.json#uniform one/eval.json")).out,
    );
    const unnamed = await call("eval diff all one", 2);
    assert.match(unnamed.err, /one of the file's reports, all\/eval\.json#/);

    // Noticed before negatives are mined.
    for (const command of ["run", "train", "arena"]) {
      const lost = await call(`${command} --suite suite --model no/model`, 2);
      assert.match(lost.err, /no\/model/);
      assert.doesNotMatch(lost.err, /negatives/);
    }
  } finally {
    Deno.chdir(here);
    await Deno.remove(folder, { recursive: true });
  }
});
