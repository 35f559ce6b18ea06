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
    assert.match(several.err, /a run with several models.*all\/models\/top/);

    const compared = await call("eval diff all#uniform one");
    assert.equal(
      compared.out,
      (await call("eval diff all/eval.json#uniform one/eval.json")).out,
    );
    // A run's own evaluation tells what measured it, as one by tdro eval does.
    await call(
      "eval --suite suite --backend wasm --model all/models/uniform " +
        "--query-length 20 --tasks places,shades --out own.json",
    );
    const known = await call("eval diff all#uniform own.json");
    assert.match(
      known.out,
      /^nDCG@10, mean over the 2 tasks that both have: a 0\.\d{4}, b 0\.\d{4}$/m,
    );
    assert.match(known.out, /^Only in a, left out: weights$/m);
    assert.match(
      known.out.replaceAll(/\s+/g, " "),
      / origin\.lengths\.query a \d+, b 20: long texts are cut elsewhere /,
    );
    assert.doesNotMatch(known.out, /not recorded|origin\.(model|path|backend)/);
    const other = await call("eval diff all#uniform all#top");
    assert.match(other.out, /origin\.model\.sha256\n? +a .*: another model$/m);
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
