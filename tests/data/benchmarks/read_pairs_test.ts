import assert from "node:assert/strict";
import { readPairs } from "../../../lib/data/mod.ts";
import { folderOf } from "./_files.ts";

const read = async (content: string | unknown[], options = {}) => {
  const folder = await folderOf({ "pairs.jsonl.gz": content });
  const rows = readPairs(`${folder}/pairs.jsonl.gz`, options);
  return await Array.fromAsync(rows);
};

Deno.test("every form of training pairs", async () => {
  const rows = await read([
    ["q", "p"],
    ["a", "entailed", "contradiction"],
    { query: "q3", pos: ["p1", "p2"], neg: ["n"] },
    { query: "q4", pos: "one" },
    { set: ["first", "second", "third"] },
  ], { domain: 3 });
  assert.deepEqual(
    rows.map(({ query, positives, negatives }) => [
      query.text,
      positives.map(({ text }) => text),
      negatives.map(({ text }) => text),
    ]),
    [
      ["q", ["p"], []],
      ["a", ["entailed"], ["contradiction"]],
      ["q3", ["p1", "p2"], ["n"]],
      ["q4", ["one"], []],
      ["first", ["second", "third"], []],
    ],
  );
  assert.ok(rows.every(({ domain }) => domain === 3));
  const ids = rows.flatMap((row) =>
    [...row.positives, ...row.negatives].map(({ id }) => id)
  );
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("no more lines than asked for", async () => {
  const rows = await read([["a", "b"], ["c", "d"], ["e", "f"]], { limit: 2 });
  assert.deepEqual(rows.map(({ query }) => query.text), ["a", "c"]);
});

Deno.test("readPairs() names the line that is wrong", async () => {
  for (
    const bad of [
      '["alone"]',
      '{"query":"x"}',
      '"text"',
      "null",
      '["a", 1]',
      "[",
      '{"query":"x","pos":[]}',
    ]
  ) {
    await assert.rejects(
      read(`["q","p"]\n${bad}\n`),
      /pairs\.jsonl\.gz:2: Cannot (use|read) the line/,
      bad,
    );
  }
});
