import fc from "fast-check";
import assert from "node:assert/strict";
import { batches, type BatchesOptions } from "../../lib/sampling/batches.ts";
import type { Batch } from "../../lib/sampling/types.ts";
import { fits } from "./_chi_square.ts";
import { rowsOf } from "./_rows.ts";

const SIZES = [7, 40, 3];
const WEIGHTS = [0.5, 0.3, 0.2];

function take(
  options: Partial<BatchesOptions> & { count?: number } = {},
  weights: number[] = WEIGHTS,
  rows = rowsOf(SIZES),
): Batch[] {
  return [
    ...batches(rows, weights, { size: 4, seed: 1, count: 20, ...options }),
  ];
}

const domainsOf = (batch: Batch) => batch.examples.map((e) => e.domain);

Deno.test("the same seed gives the same batches, another seed others", () => {
  assert.deepEqual(take(), take());
  assert.notDeepEqual(take(), take({ seed: 2 }));
});

Deno.test("a run resumed after any batch goes on exactly", () => {
  fc.assert(
    fc.property(
      fc.record({
        homogeneous: fc.boolean(),
        tasksPerBatch: fc.integer({ min: 1, max: 2 }),
        size: fc.integer({ min: 2, max: 9 }),
        passages: fc.integer({ min: 1, max: 6 }),
        shuffle: fc.constantFrom("once", "each-pass", "none"),
        stop: fc.constantFrom("never", "all-exhausted"),
        seed: fc.integer(),
      }) as fc.Arbitrary<Partial<BatchesOptions>>,
      fc.nat(),
      (options, at) => {
        const whole = take(options);
        fc.pre(whole.length > 0);
        const cut = at % whole.length;
        const cursor = JSON.parse(JSON.stringify(whole[cut]!.cursor));
        assert.deepEqual(take({ ...options, cursor }), whole.slice(cut + 1));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("homogeneous batches hold one task, mixed ones several", () => {
  for (const batch of take({ count: 200 })) {
    assert.equal(new Set(domainsOf(batch)).size, 1);
  }
  const mixed = take({ homogeneous: false });
  assert.ok(mixed.some((batch) => new Set(domainsOf(batch)).size > 1));
});

Deno.test("several tasks share a batch in equal parts, each drawn by weight", () => {
  const counts = [0, 0, 0];
  for (const batch of take({ count: 3000, size: 7, tasksPerBatch: 3 })) {
    const domains = domainsOf(batch);
    // Rows 0 to 2, 3 and 4, 5 and 6: a part has one task.
    for (const part of [[0, 1, 2], [3, 4], [5, 6]]) {
      assert.equal(new Set(part.map((i) => domains[i])).size, 1);
      counts[domains[part[0]!]!]!++;
    }
  }
  const { statistic, bound } = fits(counts, WEIGHTS);
  assert.ok(statistic <= bound, `${statistic} > ${bound}`);
  assert.deepEqual(take({ tasksPerBatch: 1 }), take());
  assert.throws(
    () => take({ tasksPerBatch: 5 }),
    /tasksPerBatch must be an integer in \[1, 4\], the rows of a batch: got 5/,
  );
});

Deno.test("tasks come in proportion to their weights, not their sizes", () => {
  for (const homogeneous of [true, false]) {
    const counts = [0, 0, 0, 0];
    const drawn = take(
      { homogeneous, count: 5000, size: 2, passages: 1 },
      [5, 3, 0, 2],
      rowsOf([7, 40, 9, 3]),
    );
    for (const batch of drawn) {
      const domains = domainsOf(batch);
      for (const k of homogeneous ? [domains[0]!] : domains) counts[k]! += 1;
    }
    assert.equal(counts[2], 0);
    const { statistic, bound } = fits(counts, [5, 3, 0, 2]);
    assert.ok(statistic < bound, `${statistic} of ${bound}: ${counts}`);
  }
});

Deno.test("a task gives each row once before any repeats, in the same order", () => {
  const seen: number[][] = SIZES.map(() => []);
  for (const batch of take({ count: 100, size: 5 })) {
    for (const { domain, row } of batch.examples) seen[domain]!.push(row);
  }
  seen.forEach((rows, domain) => {
    const size = SIZES[domain]!;
    assert.ok(rows.length > 2 * size);
    const pass = rows.slice(0, size);
    assert.deepEqual(
      pass.toSorted((a, b) => a - b),
      Array.from({ length: size }, (_, row) => row),
    );
    rows.forEach((row, i) => assert.equal(row, pass[i % size]));
  });
  assert.notDeepEqual(seen[1]!.slice(0, 40), seen[1]!.slice(0, 40).toSorted());
});

Deno.test("rows can be shuffled anew for each pass, or not at all", () => {
  const passes = (shuffle: "each-pass" | "none") => {
    const rows = take(
      { shuffle, count: 30, size: 4, homogeneous: true },
      [1],
      rowsOf([40]),
    )
      .flatMap((batch) => batch.examples.map((e) => e.row));
    return [rows.slice(0, 40), rows.slice(40, 80), rows.slice(80, 120)];
  };
  const inOrder = Array.from({ length: 40 }, (_, row) => row);
  const anew = passes("each-pass");
  for (const pass of anew) {
    assert.deepEqual(pass.toSorted((a, b) => a - b), inOrder);
  }
  assert.equal(new Set(anew.map(String)).size, 3);
  for (const pass of passes("none")) assert.deepEqual(pass, inOrder);
});

Deno.test("a batch larger than its task wraps inside it", () => {
  const [batch] = take(
    { size: 8, count: 1, shuffle: "none" },
    [1],
    rowsOf([3]),
  );
  assert.deepEqual(
    batch!.examples.map((e) => e.row),
    [0, 1, 2, 0, 1, 2, 0, 1],
  );
  assert.deepEqual(batch!.cursor.next, [2]);
  assert.deepEqual(batch!.cursor.drawn, [8]);
  assert.deepEqual(batch!.cursor.done, [true]);
});

Deno.test("a run ends by count, or by use, without a short batch", () => {
  assert.equal(take({ count: 3 }).length, 3);
  assert.equal(take({ count: 0 }).length, 0);
  const all = take({ stop: "all-exhausted", count: 1000 });
  assert.ok(all.length < 1000);
  for (const batch of all) assert.equal(batch.examples.length, 4);
  // Before its last batch some task wasn't done; and what was left out is
  // less than a batch.
  assert.ok(!all.at(-2)!.cursor.done.every(Boolean));
  const rows = rowsOf([30, 40, 20]);
  const first = take({ stop: "first-exhausted", count: 1000 }, WEIGHTS, rows);
  assert.ok(first.length < 1000);
  assert.ok(!first.at(-2)!.cursor.done.some(Boolean));
  // 40 rows in batches of 4: exactly 10, none dropped.
  const one = take({ stop: "all-exhausted", count: 1000 }, [1], rowsOf([40]));
  assert.equal(one.length, 10);
  // 41 rows: the last row comes in a batch that is then cut short.
  const more = take({ stop: "all-exhausted", count: 1000 }, [1], rowsOf([41]));
  assert.equal(more.length, 10);
});

Deno.test("all-exhausted never ends where a task has weight 0", () => {
  const drawn = take({ stop: "all-exhausted", count: 500 }, [0.5, 0.5, 0]);
  assert.equal(drawn.length, 500);
});

Deno.test("an index counts from the start of the run", () => {
  const drawn = take();
  assert.deepEqual(drawn.map((batch) => batch.index), [...drawn.keys()]);
  const [next] = take({ cursor: drawn[4]!.cursor });
  assert.equal(next!.index, 5);
});

Deno.test("a row has one positive, then hard negatives of its own", () => {
  for (const batch of take({ passages: 4, homogeneous: false })) {
    for (
      const { domain, row, passages, passageTexts, positiveIds } of batch
        .examples
    ) {
      const own = (kind: string) => `${domain}-${row}${kind}`;
      assert.equal(passages.length, 4);
      assert.ok(passages[0]!.id.startsWith(own("+")));
      assert.deepEqual([...positiveIds], [`${own("+")}0`]);
      const negatives = passages.slice(1).map((p) => p.id);
      for (const id of negatives) assert.ok(id.startsWith(own("-")));
      // Three of three: without replacement, so all different.
      assert.equal(new Set(negatives).size, 3);
      assert.deepEqual(passageTexts, passages.map((p) => p.text));
    }
  }
});

Deno.test("too few negatives are drawn with replacement, even under first", () => {
  for (const negatives of ["random", "first"] as const) {
    const seen = new Set<string>();
    for (const batch of take({ passages: 6, negatives, count: 50 })) {
      for (const { passages } of batch.examples) {
        const ids = passages.slice(1).map((p) => p.id.replace(/.*-/, ""));
        assert.equal(ids.length, 5);
        seen.add(ids.join(""));
      }
    }
    assert.ok(seen.size > 50, `${seen.size} of 3^5 combinations`);
  }
});

Deno.test("positives and ordered choices of negatives are equally likely", () => {
  const rows = rowsOf([10], { positives: 3, negatives: 4 });
  const positives = [0, 0, 0];
  const pairs = new Map<string, number>();
  for (const batch of take({ passages: 3, size: 10, count: 600 }, [1], rows)) {
    for (const { passages } of batch.examples) {
      positives[Number(passages[0]!.id.at(-1))]! += 1;
      const pair = passages.slice(1).map((p) => p.id.at(-1)).join("");
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
  }
  assert.equal(pairs.size, 12);
  for (
    const counts of [positives, [...pairs.values()]]
  ) {
    const { statistic, bound } = fits(counts, counts.map(() => 1));
    assert.ok(statistic < bound, `${statistic} of ${bound}`);
  }
});

Deno.test("the first passages can be taken instead", () => {
  const rows = rowsOf([10], { positives: 3, negatives: 4 });
  const options = {
    positive: "first",
    negatives: "first",
    passages: 3,
  } as const;
  for (const batch of take(options, [1], rows)) {
    for (const { passages } of batch.examples) {
      assert.deepEqual(
        passages.map((p) => p.id.slice(-2)),
        ["+0", "-0", "-1"],
      );
    }
  }
});

Deno.test("prompts come before the queries of their task only", () => {
  const prompts = ["Find it", "", "Other"];
  for (const batch of take({ prompts, homogeneous: false })) {
    for (const { domain, query, queryText } of batch.examples) {
      assert.equal(
        queryText,
        prompts[domain]
          ? `Instruct: ${prompts[domain]}\nQuery: ${query.text}`
          : query.text,
      );
    }
  }
  const [plain] = take({ count: 1 });
  assert.equal(plain!.examples[0]!.queryText, plain!.examples[0]!.query.text);
});

Deno.test("what is drawn for one purpose doesn't shift another", () => {
  const tasks = (options: Partial<BatchesOptions>) =>
    take(options).map((batch) => batch.examples.map((e) => [e.domain, e.row]));
  assert.deepEqual(tasks({ passages: 1 }), tasks({ passages: 5 }));
  // More rows in one task leave the sequence of tasks alone.
  assert.deepEqual(
    take().map((batch) => domainsOf(batch)),
    take({}, WEIGHTS, rowsOf([9, 40, 3])).map((batch) => domainsOf(batch)),
  );
});

Deno.test("batches() rejects what it can't use, at the call", () => {
  const rows = rowsOf(SIZES);
  const of = (change: object, weights = WEIGHTS, data = rows) => () =>
    batches(data, weights, { size: 4, seed: 1, ...change });
  assert.throws(
    of({ size: 0 }),
    /^RangeError: Cannot make batches: size must be an integer >= 1: got 0$/,
  );
  assert.throws(of({ passages: 1.5 }), /passages.*got 1.5/);
  assert.throws(of({ count: NaN }), /count.*got NaN/);
  assert.throws(of({ seed: 0.1 }), /seed must be a safe integer/);
  assert.throws(of({ prompts: ["a"] }), /prompts.*each of the 3 tasks: got 1/);
  assert.throws(of({ names: [] }), /names.*got 0/);
  assert.throws(of({}, [1, 1]), /weights.*got 2/);
  assert.throws(of({}, [1, NaN, 1]), /weights\[1\].*got NaN/);
  assert.throws(of({}, [], []), /there are no tasks/);
  assert.throws(
    of({ names: ["a", "b", "c"] }, WEIGHTS, rowsOf([1, 0, 1])),
    /task "b" has weight 0.3 but no training rows/,
  );
  assert.throws(
    of({}, WEIGHTS, rows.toReversed()),
    /rows\[0\]\[0\] must have domain 0: got 2/,
  );
  const { cursor } = take({ count: 9 })[8]!;
  assert.throws(
    of({ cursor: { ...cursor, next: [0, 40, 0] } }),
    /cursor\.next\[1\] must be below 40/,
  );
  assert.throws(of({ cursor: { ...cursor, done: [] } }), /cursor\.done.*got 0/);
  assert.throws(
    of({ cursor: { ...cursor, taskRng: [0, 0, 0, 0] } }),
    /Cannot restore a generator/,
  );
});

Deno.test("a row without passages is an error that names task, query and mend", () => {
  const none = rowsOf([1], { negatives: 0 });
  assert.throws(
    () => take({ names: ["nq"] }, [1], none),
    /^RangeError: Cannot make a batch: query "q0" of task "nq" has no hard negatives, but passages is 2; mine hard negatives first, or set passages to 1$/,
  );
  assert.equal(take({ passages: 1 }, [1], none).length, 20);
  assert.throws(
    () => take({}, [1], rowsOf([1], { positives: 0 })),
    /query "q0" of task 0 has no positive/,
  );
});

Deno.test("weights that change are asked for before each batch", () => {
  const rows = rowsOf(SIZES);
  let asked = 0;
  const drawn = batches(rows, () => {
    const weights = [0, 0, 0];
    weights[asked++ % 3] = 1;
    return weights;
  }, { size: 2, seed: 1, count: 6 });
  asked = 0; // the call looked at the first ones
  const domains = [...drawn].map((batch) => domainsOf(batch)[0]);
  assert.deepEqual(domains, [0, 1, 2, 0, 1, 2]);
  assert.deepEqual(
    [...batches(rows, () => WEIGHTS, { size: 4, seed: 1, count: 20 })],
    take(),
  );
  let last = 0;
  const [first, second] = rows;
  const bare = batches([first!, second!, []], () => [1, 0, last], {
    size: 2,
    seed: 1,
  });
  last = 1;
  assert.throws(() => bare.next(), /has weight 1 but no training rows/);
  assert.throws(
    () => batches(rows, () => [1], { size: 2, seed: 1 }),
    /weights must have one entry for each of the 3 tasks: got 1/,
  );
});
