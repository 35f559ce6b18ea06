import assert from "node:assert/strict";
import fc from "fast-check";
import {
  normaliseText,
  passageText,
  queryText,
} from "../../../lib/data/mod.ts";
import { readShared, withShared } from "../../_shared.ts";

interface Passages {
  text: string;
  title?: string;
}

withShared("texts are joined as the reference's collator joins them", () => {
  const { cases } = readShared("fixtures/tdro/collator.json");
  const find = (name: string) =>
    cases.find((entry: { name: string }) => entry.name === name)!;
  // The cases that draw nothing: n passages, the positive first.
  for (
    const name of [
      "no_prompt_titles",
      "missing_title",
      "asymmetric_prompt",
      "empty_title_keeps_leading_space",
    ]
  ) {
    const { settings, items, instructions, expected } = find(name);
    const passages = items.flatMap(
      (item: Record<string, Passages[]>) => [
        item.positive_passages![0]!,
        ...item.negative_passages!.slice(0, settings.train_n_passages - 1),
      ],
    ).map((passage: Passages) => passageText({ id: "", ...passage }));
    // S2: an empty title leaves a space in the reference, and none here.
    const wanted = name === "empty_title_keeps_leading_space"
      ? expected.passage_texts.map((text: string) => {
        assert(text.startsWith(" "));
        return text.slice(1);
      })
      : expected.passage_texts;
    assert.deepEqual(passages, wanted, name);
    const queries = items.map((item: { query: string; domain_name: string }) =>
      queryText(instructions[item.domain_name]?.[0] ?? "", item.query)
    );
    assert.deepEqual(queries, expected.query_texts, name);
  }
});

Deno.test("normaliseText() is the same when done twice", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const once = normaliseText(text);
      assert.equal(normaliseText(once), once);
      assert.equal(once, once.trim());
    }),
    { numRuns: 500 },
  );
});

Deno.test("normaliseText() tells texts apart by letters, marks and digits only", () => {
  assert.equal(normaliseText("The “File”, closed!"), "the file closed");
  assert.equal(normaliseText("ｆｕｌｌ　１２"), "full 12");
  assert.notEqual(normaliseText("resume"), normaliseText("résumé"));
  assert.equal(normaliseText("résumé"), normaliseText("re\u0301sume\u0301"));
  assert.notEqual(normaliseText("{0}"), normaliseText("{1}"));
  assert.equal(normaliseText("हिन्दी"), "हिन्दी");
});
