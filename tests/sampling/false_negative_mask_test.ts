import fc from "fast-check";
import assert from "node:assert/strict";
import { falseNegativeMask } from "../../lib/sampling/false_negative_mask.ts";
import type { BatchExample } from "../../lib/sampling/types.ts";

/** Small batches in which ids and texts collide a lot. */
const batch: fc.Arbitrary<BatchExample[]> = fc.integer({ min: 1, max: 4 })
  .chain((perRow) =>
    fc.array(
      fc.record({
        domain: fc.nat(1),
        ids: fc.array(fc.constantFrom("a", "b", "c", "d"), {
          minLength: perRow,
          maxLength: perRow,
        }),
        texts: fc.array(fc.constantFrom("x", " x", "y", "z\n", "z"), {
          minLength: perRow,
          maxLength: perRow,
        }),
        also: fc.array(fc.constantFrom("a", "b", "c", "d", "e")),
      }).map(({ domain, ids, texts, also }, row = 0) => ({
        domain,
        row,
        query: { id: "q", text: "q" },
        queryText: "q",
        passages: ids.map((id, c) => ({ id, text: texts[c]! })),
        passageTexts: texts,
        positiveIds: new Set([ids[0]!, ...also]),
      })),
      { minLength: 1, maxLength: 6 },
    )
  );

Deno.test("the mask is its definition, cell by cell", () => {
  fc.assert(fc.property(batch, (examples) => {
    const mask = falseNegativeMask({ examples });
    const perRow = examples[0]!.passages.length;
    const columns = examples.flatMap(({ domain, passages, passageTexts }) =>
      passages.map(({ id }, c) => ({ domain, id, text: passageTexts[c]! }))
    );
    assert.equal(mask.length, examples.length * columns.length);
    examples.forEach((example, i) =>
      columns.forEach((column, j) => {
        const relevant = column.domain === example.domain &&
          example.positiveIds.has(column.id);
        const same = column.text.trim() === example.passageTexts[0]!.trim();
        assert.equal(
          mask[i * columns.length + j],
          j !== i * perRow && (relevant || same) ? 1 : 0,
          `[${i}, ${j}]`,
        );
      })
    );
  }));
});

Deno.test("the label column is never masked", () => {
  fc.assert(fc.property(batch, (examples) => {
    const mask = falseNegativeMask({ examples });
    const perRow = examples[0]!.passages.length;
    const width = examples.length * perRow;
    examples.forEach((_, i) => assert.equal(mask[i * width + i * perRow], 0));
  }));
});

Deno.test("an id of another task is another passage", () => {
  const row = (domain: number, text: string): BatchExample => ({
    domain,
    row: 0,
    query: { id: "q", text: "q" },
    queryText: "q",
    passages: [{ id: "p", text }],
    passageTexts: [text],
    positiveIds: new Set(["p"]),
  });
  assert.deepEqual(
    [...falseNegativeMask({ examples: [row(0, "x"), row(1, "y")] })],
    [0, 0, 0, 0],
  );
  assert.deepEqual(
    [...falseNegativeMask({ examples: [row(0, "x"), row(1, " x ")] })],
    [0, 1, 1, 0],
  );
});

Deno.test("falseNegativeMask() of nothing, and of uneven rows", () => {
  assert.equal(falseNegativeMask({ examples: [] }).length, 0);
  const row = (texts: string[]): BatchExample => ({
    domain: 0,
    row: 0,
    query: { id: "q", text: "q" },
    queryText: "q",
    passages: texts.map((text) => ({ id: text, text })),
    passageTexts: texts,
    positiveIds: new Set(),
  });
  assert.throws(
    () => falseNegativeMask({ examples: [row(["a", "b"]), row(["c"])] }),
    /^RangeError: Cannot mask false negatives: row 1 .*got 1 passages and 1 texts, row 0 has 2$/,
  );
  assert.throws(() => falseNegativeMask({ examples: [row([])] }), /at least 1/);
});
