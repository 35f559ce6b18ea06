import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  compareCodePoints,
  readBeirQrels,
  readJudgments,
  readTrecQrels,
  readTrecRun,
  writeBeirQrels,
  writeTrecQrels,
  writeTrecRun,
} from "../../lib/data/mod.ts";
import { shared, withShared } from "../_shared.ts";
import { inTempFolder } from "./_folders.ts";

const column = fc.oneof(
  fc.constantFrom("__proto__", "10", "9", "\u0085", "d\u00a01"),
  fc.string({ unit: "binary", minLength: 1 })
    .filter((s) => !/[ \t\n\r\0]/.test(s) && !s.startsWith("\uFEFF")),
);

function table(value: fc.Arbitrary<number>) {
  const row = fc.uniqueArray(fc.tuple(column, value), {
    minLength: 1,
    maxLength: 5,
    selector: ([id]) => id,
  });
  return fc.uniqueArray(fc.tuple(column, row), {
    maxLength: 5,
    selector: ([id]) => id,
  }).map((rows) => new Map(rows.map(([id, row]) => [id, new Map(row)])));
}

Deno.test("a run written and read again has the same scores", () =>
  inTempFolder(async (folder) => {
    const score = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(table(score), async (run) => {
        await writeTrecRun(`${folder}/run`, run);
        assert.deepEqual(await readTrecRun(`${folder}/run`), run);
      }),
      { numRuns: 60 },
    );
  }));

Deno.test("judgments written and read again are the same", () =>
  inTempFolder(async (folder) => {
    const grade = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    await fc.assert(
      fc.asyncProperty(table(grade), async (qrels) => {
        await writeTrecQrels(`${folder}/trec`, qrels);
        assert.deepEqual(await readTrecQrels(`${folder}/trec`), qrels);
        await writeBeirQrels(`${folder}/beir`, qrels);
        assert.deepEqual(await readBeirQrels(`${folder}/beir`), qrels);
      }),
      { numRuns: 60 },
    );
  }));

Deno.test("writeTrecRun() ranks as trec_eval does", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/run`;
    // a and b tie as float32 though not as float64; ties go by id, descending
    // by code point, where U+1F4C4 is above U+FF01.
    const scores = new Map([
      ["b", 1],
      ["a", 1 + 1e-12],
      ["top", 2],
      ["\uFF01", -1],
      ["\u{1F4C4}", -1],
    ]);
    await writeTrecRun(path, new Map([["q", scores]]), { name: "x" });
    assert.equal(
      await Deno.readTextFile(path),
      "q Q0 top 1 2 x\nq Q0 b 2 1 x\nq Q0 a 3 1.000000000001 x\n" +
        "q Q0 \u{1F4C4} 4 -1 x\nq Q0 \uFF01 5 -1 x\n",
    );
  }));

Deno.test("compareCodePoints() orders as UTF-8 bytes do", () => {
  fc.assert(fc.property(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "binary" }),
    (a, b) => {
      const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
      assert.equal(Math.sign(compareCodePoints(a, b)), order);
    },
  ));
});

Deno.test("what a run or qrels file can't hold is refused", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/file`;
    const run = (query: string, passage: string, score: number) =>
      new Map([[query, new Map([[passage, score]])]]);
    const bad: [() => Promise<void>, RegExp][] = [
      [
        () => writeTrecRun(path, run("q", "p", NaN)),
        /the score of query "q", passage "p" must be finite: got NaN$/,
      ],
      [
        () => writeTrecRun(path, run("\uFEFFq", "p", 1)),
        /must not begin with a byte order mark/,
      ],
      [
        () => writeTrecRun(path, run("q 1", "p", 1)),
        /an id must hold no space: got "q 1"$/,
      ],
      [
        () => writeTrecRun(path, run("q", "", 1)),
        /an id must not be empty: got ""$/,
      ],
      [
        () => writeTrecRun(path, run("q", "p", 1), { name: "a b" }),
        /must hold no space/,
      ],
      [
        () => writeTrecQrels(path, run("q", "p\n", 1)),
        /must hold no tab, line end or NUL/,
      ],
      [
        () => writeTrecQrels(path, run("q", "p", 1.5)),
        /must be a 32-bit integer: got 1\.5$/,
      ],
      [() => writeBeirQrels(path, run("q\t", "p", 1)), /must hold no tab/],
      [
        () => writeBeirQrels(path, run("q", "p", 2 ** 31)),
        /must be a 32-bit integer/,
      ],
    ];
    for (const [write, message] of bad) {
      await assert.rejects(write(), (error) => {
        assert(error instanceof RangeError);
        assert.match(error.message, /^Cannot write /);
        assert.match(error.message, message);
        return true;
      });
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  }));

Deno.test("grades may have a point and zeros, and no other fraction", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/qrels.tsv`;
    await Deno.writeTextFile(path, "q1\t0\tp1\t1.0\nq1\t0\tp2\t-2.00\n");
    assert.deepEqual(
      [...(await readJudgments(path)).get("q1")!],
      [["p1", 1], ["p2", -2]],
    );
    await Deno.writeTextFile(path, "q1\t0\tp1\t1.01\n");
    await assert.rejects(readJudgments(path), /qrels\.tsv:1: .*got "1\.01"/);
  }));

Deno.test("readJudgments() tells BEIR's form without its header what it lacks", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/qrels.tsv`;
    await Deno.writeTextFile(path, "q1\tp1\t1\n");
    await assert.rejects(
      readJudgments(path),
      /qrels\.tsv:1: .*the first line must be the header/,
    );
  }));

withShared(
  "k14: TREC judgments named .tsv are read as what they are",
  async () => {
    const qrels = await readJudgments(shared("cases/data/k14_qrels.dev.tsv"));
    const run = await readTrecRun(shared("cases/data/k14.run"));
    assert.deepEqual([...qrels.keys()], [...run.keys()]);
  },
);
