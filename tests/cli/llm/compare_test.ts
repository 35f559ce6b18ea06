import assert from "node:assert/strict";
import { tdro } from "../_capture.ts";
import { withSuite } from "../_with_suite.ts";

Deno.test("tdro llm compare prints differences with intervals", async () => {
  await withSuite(async (folder) => {
    const mined = ["mine", "--suite", `${folder}/suite`, "--count", "2"]
      .concat(["--seed", "9", "--quiet", "--out", `${folder}/mined`]);
    assert.equal((await tdro(...mined)).code, 0);
    const line = ["llm", "compare", "--suite", `${folder}/suite`]
      .concat(["--arm", "bm25", "--arm", `other=${folder}/mined`])
      .concat(["--seeds", "1", "--steps", "1", "--batch-size", "2"])
      .concat(["--hidden-size", "8", "--heads", "1", "--vocab-size", "100"])
      .concat(["--backend", "wasm", "--out", `${folder}/compared`]);
    const done = await tdro(...line);
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /95 % interval/);
    assert.match(done.out, /differences are from bm25/);
    const told = await tdro(...line, "--json");
    const { arms } = JSON.parse(told.out);
    assert.deepEqual(arms.map(({ name }: { name: string }) => name), [
      "bm25",
      "other",
    ]);
  });
});
