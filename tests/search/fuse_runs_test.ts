import assert from "node:assert/strict";
import fc from "fast-check";
import type { Run } from "../../lib/data/types.ts";
import { fuseRuns } from "../../lib/search/mod.ts";

function run(lists: Record<string, Record<string, number>>): Run {
  return new Map(
    Object.entries(lists).map(([q, row]) => [q, new Map(Object.entries(row))]),
  );
}

Deno.test("fuseRuns() adds reciprocal ranks, worked by hand", () => {
  const fused = fuseRuns([
    run({ q: { a: 9, b: 8, c: 7 }, r: { x: 1 } }),
    run({ q: { c: 0.3, d: 0.1 } }),
  ], { constant: 1 });
  // a 1/2; b 1/3; c 1/4 + 1/2; d 1/3. d before b: the larger id at a tie.
  assert.deepEqual([...fused.get("q")!], [
    ["c", 3 / 4],
    ["a", 1 / 2],
    ["d", 1 / 3],
    ["b", 1 / 3],
  ]);
  assert.deepEqual([...fused.get("r")!], [["x", 1 / 2]]);
});

Deno.test("fuseRuns() weighs runs and cuts at k", () => {
  const runs = [run({ q: { a: 2, b: 1 } }), run({ q: { b: 2, a: 1 } })];
  const first = (
    weights: number[],
  ) => [...fuseRuns(runs, { weights, k: 1 }).get("q")!.keys()];
  assert.deepEqual(first([2, 1]), ["a"]);
  assert.deepEqual(first([1, 2]), ["b"]);
});

Deno.test("fuseRuns() looks at ranks alone, and one run keeps its order", () => {
  const scores = fc.dictionary(
    fc.string(),
    fc.integer({ min: -5, max: 5 }),
    { maxKeys: 10 },
  );
  fc.assert(fc.property(scores, (row) => {
    const one = run({ q: row });
    const grown = run({
      q: Object.fromEntries(
        Object.entries(row).map(([id, s]) => [id, 3 * s + 100]),
      ),
    });
    assert.deepEqual(fuseRuns([one]), fuseRuns([grown]));
    // A run fused with itself keeps its order too.
    const order = (fused: Run) => [...fused.get("q")!.keys()];
    assert.deepEqual(order(fuseRuns([one, one])), order(fuseRuns([one])));
  }));
});

Deno.test("fuseRuns() names the option that is wrong", () => {
  const fails = (options: Parameters<typeof fuseRuns>[1], message: string) =>
    assert.throws(() => fuseRuns([new Map()], options), {
      name: "RangeError",
      message: `Cannot fuse runs: ${message}`,
    });
  fails({ constant: 0 }, "constant must be finite and above 0: got 0");
  fails({ k: 0 }, "k must be an integer of at least 1: got 0");
  fails({ weights: [] }, "weights must be one for each of 1 runs: got 0");
  fails(
    { weights: [-1] },
    "weights[0] must be finite and at least 0: got -1",
  );
});
