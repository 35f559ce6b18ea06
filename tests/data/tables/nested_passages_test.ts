import assert from "node:assert/strict";
import { importFiles, pairs } from "./_cases.ts";

/** Rows as JSON lines. */
function lines(...rows: object[]): Record<string, string> {
  return { "a.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join("") };
}

const SENTENCES = [["One.", " Two."], ["Three."], ["Four."]];
const TITLES = ["T", "U", "V"];

for (
  const [form, context, facts] of [
    [
      "lists side by side",
      { title: TITLES, sentences: SENTENCES },
      { title: ["T", "U"], sent_id: [1, 0] },
    ],
    [
      "pairs",
      TITLES.map((title, i) => [title, SENTENCES[i]]),
      [["T", 1], ["U", 0]],
    ],
    [
      "objects",
      TITLES.map((title, i) => ({ title, text: SENTENCES[i]!.join("") })),
      [{ title: "T", sent_id: 1 }, { title: "U", sent_id: 0 }],
    ],
  ] as const
) {
  Deno.test(`HotpotQA's context as ${form}: what facts name matches`, async () => {
    const { task, record } = await importFiles(lines(
      { question: "a", answer: "yes", supporting_facts: facts, context },
      { question: "b", answer: "no", supporting_facts: facts, context },
    ));
    assert.deepEqual(pairs(task), [
      "a → One. Two.: 1",
      "a → Three.: 1",
      "a → Four.: 0",
      "b → One. Two.: 1",
      "b → Three.: 1",
      "b → Four.: 0",
    ]);
    assert.equal([...task.corpus.values()][0]!.title, "T");
    assert.equal(record.columns!.support, "supporting_facts");
  });
}

Deno.test("passages with a flag: those without it don't match", async () => {
  const passages = {
    is_selected: [0, 1, 0],
    passage_text: ["b", "c", "d"],
    url: ["u", "v", "w"],
  };
  const asList = passages.passage_text.map((passage_text, i) => ({
    is_selected: passages.is_selected[i],
    passage_text,
  }));
  for (const form of [passages, asList]) {
    // A column of few values is no label where the cells judge.
    const rows = ["a", "e", "f", "g"].map((query, i) => ({
      query,
      query_type: ["person", "place"][i % 2],
      passages: form,
    }));
    const { task } = await importFiles(lines(...rows));
    assert.deepEqual(pairs(task).slice(0, 3), [
      "a → c: 1",
      "a → b: 0",
      "a → d: 0",
    ]);
  }
});

Deno.test("rows none of whose passages is selected are asked about, then left out", async () => {
  const row = (query: string, flag: number) => ({
    query,
    passages: { is_selected: [flag, 0], passage_text: ["b", "c"] },
  });
  const files = lines(row("a", 1), row("d", 0));
  await assert.rejects(
    importFiles(files),
    /a\.jsonl:2: .*"passages" must hold a passage that answers: got none; .*--skip-empty/,
  );
  const { record, task } = await importFiles(files, { skipEmpty: true });
  assert.equal(record.rows.empty, 1);
  assert.deepEqual(pairs(task), ["a → b: 1", "a → c: 0"]);
});

Deno.test("lists side by side that differ in length, and strange flags, are refused", async () => {
  await assert.rejects(
    importFiles(lines({
      query: "a",
      passages: { is_selected: [1], passage_text: ["b", "c"] },
    })),
    /must hold lists that are as long as that of the texts, as "is_selected" isn't/,
  );
  await assert.rejects(
    importFiles(lines({
      query: "a",
      passages: [{ is_selected: "perhaps", passage_text: "b" }],
    })),
    /"passages\.is_selected" must hold a grade.*got "perhaps"/,
  );
  await assert.rejects(
    importFiles(lines({ query: "a", passages: [{ url: "u" }] })),
    /must hold a text or an object with text/,
  );
});

Deno.test("SQuAD's answers and plain lists of texts are as they were", async () => {
  const { task } = await importFiles(
    lines({
      question: "a",
      answers: { text: ["x", "y"], answer_start: [0, 1] },
    }),
  );
  assert.deepEqual(pairs(task), ["a → x: 1", "a → y: 1"]);
  const lists = await importFiles(
    lines({ question: "a", positives: ["x", ["y"]] }),
  );
  assert.deepEqual(pairs(lists.task), ["a → x: 1", "a → y: 1"]);
});
