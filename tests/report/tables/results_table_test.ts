import assert from "node:assert/strict";
import { from } from "arquero";
import fc from "fast-check";
import { resultsTable } from "../../../lib/report/mod.ts";

Deno.test("resultsTable() appends differences and a mean row, worked by hand", () => {
  const table = resultsTable([
    {
      task: "a",
      size: 10,
      weight: 0.75,
      uniform: 0.5,
      reweighted: 0.75,
      top: 0.25,
    },
    {
      task: "b",
      size: 30,
      weight: 0.25,
      uniform: 0.25,
      reweighted: 0.5,
      top: null,
    },
  ]);
  assert.deepEqual(table.objects(), [
    {
      task: "a",
      size: 10,
      weight: 0.75,
      uniform: 0.5,
      reweighted: 0.75,
      top: 0.25,
      reweightedDiff: 0.25,
      topDiff: -0.25,
    },
    {
      task: "b",
      size: 30,
      weight: 0.25,
      uniform: 0.25,
      reweighted: 0.5,
      top: null,
      reweightedDiff: 0.25,
      topDiff: null,
    },
    {
      task: "mean",
      size: null,
      weight: null,
      uniform: 0.375,
      reweighted: 0.625,
      top: 0.25,
      reweightedDiff: 0.25,
      // Over task a alone, not 0.25 - 0.375.
      topDiff: -0.25,
    },
  ]);
});

Deno.test("resultsTable() takes an Arquero table as well", () => {
  const rows = [{ task: "a", uniform: 0.5, reweighted: 0.625 }];
  assert.deepEqual(
    resultsTable(from(rows)).objects(),
    resultsTable(rows).objects(),
  );
});

Deno.test("resultsTable() of rows without any number has nulls, not NaN", () => {
  const mean = resultsTable([{ task: "a" }]).object(1) as Record<
    string,
    unknown
  >;
  const { task, ...numbers } = mean;
  assert.equal(task, "mean");
  assert.deepEqual(new Set(Object.values(numbers)), new Set([null]));
});

Deno.test("resultsTable(): a permutation of the tasks permutes the rows and keeps the mean", () => {
  // Sixteenths, so that every order of summation is exact.
  const score = fc.option(fc.integer({ min: 0, max: 16 }).map((n) => n / 16));
  const rows = fc.array(
    fc.record({ uniform: score, reweighted: score, top: score }),
    { minLength: 1, maxLength: 12 },
  ).map((all) => all.map((row, k) => ({ task: `t${k}`, ...row })));
  fc.assert(fc.property(rows, (given) => {
    const one = resultsTable(given).objects() as { task: string }[];
    const two = resultsTable([...given].reverse()).objects() as {
      task: string;
    }[];
    assert.deepEqual(two.at(-1), one.at(-1));
    assert.deepEqual(two.slice(0, -1), one.slice(0, -1).reverse());
  }));
});

Deno.test("resultsTable() refuses what can't be nDCG or has no name", () => {
  assert.throws(
    () => resultsTable([{ task: "a", uniform: 47.5 }]),
    {
      name: "RangeError",
      message:
        'Cannot make a results table: row 0: "uniform" must be in [0, 1], or null if unknown: got 47.5',
    },
  );
  assert.throws(() => resultsTable([{ task: "a", uniform: NaN }]), /got NaN/);
  assert.throws(() => resultsTable([{ task: "a", weight: -1 }]), /at least 0/);
  assert.throws(
    () => resultsTable([{ task: "" }]),
    /row 0: "task" must be a text/,
  );
  assert.throws(() => resultsTable([]), /there are no rows/);
  assert.throws(
    () => resultsTable(null as never),
    /takes an array of rows.*got null/,
  );
  assert.throws(
    () => resultsTable([1] as never),
    /row 0 must be an object: got 1/,
  );
});
