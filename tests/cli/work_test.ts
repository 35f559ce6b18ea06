import assert from "node:assert/strict";
import { isUserError, tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

const SIZES = [
  ..."--steps 2 --batch-size 4 --hidden-size 8 --vocab-size 120".split(" "),
  ..."--negatives 3 --backend wasm --strategies proportional".split(" "),
];

Deno.test("arena plan, work and arena collect say what they did and what is wrong", () =>
  withSuite(async (folder) => {
    const at = `${folder}/plan`;
    const make = (...more: string[]) =>
      tdro(
        ...["arena", "plan", "--suite", `${folder}/suite`, "--out", at],
        ...SIZES,
        ...more,
      );
    const made = await make("--seeds", "1,2");
    assert.equal(made.code, 0, made.err);
    assert.match(
      made.out,
      /^\S+plan has 6 jobs, 6 of them new: uniform, proportional; seeds 1, 2\nDo them by tdro work \S+plan, in as many/,
    );
    assert.match(made.err, /^time: about/m);

    const far = await tdro("work", at, "--index", "6", "--quiet");
    assert.ok(isUserError(far), far.err);
    assert.match(far.err, /must be an integer from 0 to 5: got 6/);
    const early = await tdro("arena", "collect", at);
    assert.ok(isUserError(early), early.err);
    assert.match(early.err, /6 of its 6 jobs aren't done: 0 \(uniform, seed 1/);
    const none = await tdro("work", `${folder}/suite`);
    assert.ok(isUserError(none), none.err);
    assert.match(none.err, /it has no plan\.json; name a folder that tdro/);

    const one = await tdro("work", at, "--index", "1", "--json");
    assert.deepEqual(JSON.parse(one.out), { finished: [1], left: [] });
    const rest = await tdro("work", at);
    assert.equal(rest.code, 0, rest.err);
    assert.match(rest.out, /^5 jobs done; none is left: tdro arena collect/);
    const again = await tdro("work", at);
    assert.match(again.err, /nothing is left to do in/);

    const result = await tdro("arena", "collect", at, "--json");
    assert.equal(result.code, 0, result.err);
    assert.equal(JSON.parse(result.out).format, "tdro-arena/1");
    assert.match(result.err, /^jobs done: 6 on /m);
    const table = await tdro("arena", "collect", at, "--seeds", "2");
    assert.equal(table.code, 0, table.err);
    assert.match(table.out, /^proportional +0\.\d+/m);

    const grown = await make("--seeds", "3");
    assert.match(grown.out, /has 9 jobs, 3 of them new/);
    const other = await make("--seeds", "3", "--steps", "3", "--quiet");
    assert.ok(isUserError(other), other.err);
  }));
