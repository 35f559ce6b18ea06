import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Passage,
  passageText,
  readTdroJsonl,
  type TrainExample,
  writeTdroJsonl,
} from "../../lib/data/mod.ts";
import { inTempFolder } from "./_folders.ts";

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("__proto__", "10", "\ud800", "a\tb\nc\u2028", "\u0000"),
);

const passage = fc.tuple(
  text,
  text,
  text,
  fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), {
    nil: undefined,
  }),
).map(([id, title, text, given]) => {
  // JSON knows no negative zero.
  const score = given === undefined ? {} : { score: given + 0 };
  return title ? { id, title, text, ...score } : { id, text, ...score };
});

const example: fc.Arbitrary<TrainExample> = fc.record({
  domain: fc.constant(7),
  query: fc.record({ id: text, text }, { noNullPrototype: true }),
  positives: fc.array(passage, { minLength: 1, maxLength: 3 }),
  negatives: fc.array(passage, { maxLength: 3 }),
}, { noNullPrototype: true });

/** As it is written: with titles in the texts. */
function folded(row: TrainExample): TrainExample {
  const fold = (
    { title: _, ...passage }: Passage,
    i: number,
    all: Passage[],
  ) => ({
    ...passage,
    text: passageText(all[i]!),
  });
  const [positives, negatives] = [row.positives, row.negatives].map((list) =>
    [...list].map(fold)
  ) as [Passage[], Passage[]];
  return { ...row, positives, negatives };
}

Deno.test("training rows written and read again are the same", () =>
  inTempFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(example, { maxLength: 5 }),
        fc.constantFrom("rows.jsonl", "rows.jsonl.gz"),
        async (rows, name) => {
          await writeTdroJsonl(`${folder}/${name}`, rows);
          const read = readTdroJsonl(`${folder}/${name}`, 7);
          assert.deepEqual(await Array.fromAsync(read), rows.map(folded));
        },
      ),
      { numRuns: 60 },
    );
  }));

Deno.test("readTdroJsonl() stops when its reader does", () =>
  inTempFolder(async (folder) => {
    const row = {
      query_id: "1",
      query: "q",
      positive_passages: [{ docid: "p", title: "", text: "t", ce_score: 3 }],
      negative_passages: [],
    };
    // The second line is broken: reading one row must not see it.
    await Deno.writeTextFile(`${folder}/a`, `${JSON.stringify(row)}\n{`);
    const expected = {
      domain: 2,
      query: { id: "1", text: "q" },
      positives: [{ id: "p", text: "t", score: 3 }],
      negatives: [],
    };
    for await (const first of readTdroJsonl(`${folder}/a`, 2)) {
      assert.deepEqual(first, expected);
      break;
    }
  }));

const GOOD = {
  query_id: "1",
  query: "q",
  positive_passages: [{ docid: "p", text: "t" }],
  negative_passages: [] as unknown[],
};

/** What is wrong, the line, what the message ends with. */
const BAD: [what: string, line: unknown, message: string][] = [
  ["no query", { ...GOOD, query: undefined }, "query is missing (a string)"],
  [
    "no positive",
    { ...GOOD, positive_passages: [] },
    "positive_passages must hold a passage: got []",
  ],
  [
    "no list of negatives",
    { ...GOOD, negative_passages: undefined },
    "negative_passages is missing (a list)",
  ],
  [
    "a number as id",
    { ...GOOD, query_id: 1 },
    "query_id must be a string: got 1",
  ],
  [
    "a passage without text",
    { ...GOOD, negative_passages: [{ docid: "n" }] },
    "negative_passages[0].text is missing (a string)",
  ],
];

for (const [what, line, message] of BAD) {
  Deno.test(`readTdroJsonl() refuses a row with ${what}`, () =>
    inTempFolder(async (folder) => {
      const path = `${folder}/rows.jsonl`;
      const lines = [GOOD, line].map((row) => JSON.stringify(row)).join("\n");
      await Deno.writeTextFile(path, lines);
      await assert.rejects(Array.fromAsync(readTdroJsonl(path, 0)), {
        name: "SyntaxError",
        message: `${path}:2: Cannot use the line: ${message}`,
      });
    }));
}

Deno.test("writeTdroJsonl() refuses a row without positive, and leaves nothing", () =>
  inTempFolder(async (folder) => {
    const query = { id: "1", text: "q" };
    const row = { domain: 0, query, positives: [], negatives: [] };
    for (const name of ["rows.jsonl", "rows.jsonl.gz"]) {
      await assert.rejects(writeTdroJsonl(`${folder}/${name}`, [row]), {
        name: "RangeError",
        message: /the row of query "1" needs a positive: got none$/,
      });
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  }));
