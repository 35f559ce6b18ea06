import fc from "fast-check";
import assert from "node:assert/strict";
import type { Suite } from "../../lib/data/types.ts";
import { mixture } from "../../lib/sampling/mixture.ts";

const sizes = fc.array(fc.integer({ min: 0, max: 1_000_000 }), {
  minLength: 1,
  maxLength: 40,
}).filter((sizes) => sizes.some((size) => size > 0));

Deno.test("every rule gives weights that sum to 1", () => {
  fc.assert(fc.property(
    sizes,
    fc.oneof(
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      fc.constant(Infinity),
    ),
    (sizes, temperature) => {
      for (const how of ["uniform", "proportional", { temperature }] as const) {
        const weights = mixture(sizes, how);
        const sum = weights.reduce((a, b) => a + b, 0);
        assert.ok(Math.abs(sum - 1) < 1e-12);
        weights.forEach((weight, k) =>
          assert.ok(sizes[k] === 0 ? weight === 0 : weight >= 0)
        );
      }
    },
  ));
});

Deno.test("temperature runs from proportional to uniform", () => {
  const sizes = [1000, 100, 10];
  assert.deepEqual(
    mixture(sizes, { temperature: 1 }),
    mixture(sizes, "proportional"),
  );
  assert.deepEqual(
    mixture(sizes, { temperature: Infinity }),
    mixture(sizes, "uniform"),
  );
  const share = (t: number) => mixture(sizes, { temperature: t })[0]!;
  assert.ok(share(1) > share(2) && share(2) > share(5));
});

Deno.test("explicit weights need not sum to 1 and can't overflow", () => {
  assert.deepEqual(mixture([1, 1], [3, 1]), [0.75, 0.25]);
  assert.deepEqual(mixture([1, 1], [1e308, 1e308]), [0.5, 0.5]);
  const names = ["a", "b", "c"];
  assert.deepEqual(
    mixture([9, 9, 9], { weights: { c: 1, a: 1 } }, { names }),
    [0.5, 0, 0.5],
  );
});

Deno.test("a suite gives sizes and names", () => {
  const judged = (grades: number[]) =>
    new Map(grades.map((grade, i) => [`q${i}`, new Map([["p", grade]])]));
  const task = (name: string, grades: number[]) => ({
    name,
    prompt: "",
    language: "en",
    kind: "x",
    license: "x",
    source: "x",
    corpus: new Map(),
    queries: new Map(),
    qrels: { train: judged(grades) },
  });
  // A query without a relevant passage makes no training row.
  const suite: Suite = {
    name: "s",
    tasks: [task("a", [1, 1, 0, 2]), task("b", [1])],
  };
  assert.deepEqual(mixture(suite, "proportional"), [0.75, 0.25]);
  assert.deepEqual(mixture(suite, { weights: { b: 2 } }), [0, 1]);
});

Deno.test("mixture() rejects what it can't use", () => {
  const of = (...args: Parameters<typeof mixture>) => () => mixture(...args);
  assert.throws(
    of([1, 1], [NaN, 1]),
    /^RangeError: Cannot make a mixture: the weight of task 0 must be finite and >= 0: got NaN$/,
  );
  assert.throws(of([1, 1], [-1, 1]), /the weight of task 0.*got -1/);
  assert.throws(of([1, 1], [0, 0]), /every task has weight 0/);
  assert.throws(of([0, 0], "proportional"), /every task has weight 0/);
  assert.throws(of([1, 1], [1]), /one entry for each of the 2 tasks: got 1/);
  assert.throws(of([], "uniform"), /there are no tasks/);
  assert.throws(of([NaN], "uniform"), /number of rows of task 0.*got NaN/);
  assert.throws(of([1], { temperature: 0 }), /temperature must be > 0: got 0/);
  assert.throws(
    of([1, 1], { weights: { c: 1 } }, { names: ["a", "b"] }),
    /there is no task "c"; the tasks are a, b/,
  );
  assert.throws(of([1, 1], { weights: { a: 1 } }), /need the task names/);
  assert.throws(of([1], "even" as "uniform"), /unknown rule: "even"/);
});
