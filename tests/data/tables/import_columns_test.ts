import assert from "node:assert/strict";
import fc from "fast-check";
import type { OpenImportOptions } from "../../../lib/data/mod.ts";
import { importFiles, pairs, sizes } from "./_cases.ts";

/** Rows as JSON lines. */
function lines(...rows: object[]): Record<string, string> {
  return { "a.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join("") };
}

/** Rows with a column of their number, each with its own texts. */
function many(count: number, extra: (i: number) => object): object[] {
  return Array.from(
    { length: count },
    (_, i) => ({ query: `q${i}`, passage: `p${i}`, ...extra(i) }),
  );
}

for (
  const name of [
    "is_relevant",
    "relevance_score",
    "gold_label",
    "target",
    "esci_label",
    "isMatch",
    "Correct",
    "human_judgement",
  ]
) {
  Deno.test(`a column called ${name} may be a label: it asks`, async () => {
    const rows = many(4, (i) => ({ [name]: i % 2 }));
    await assert.rejects(importFiles(lines(...rows)), {
      name: "RangeError",
      message: new RegExp(
        `column "${name}" may tell which rows match; .*--score ${name}, --score none`,
      ),
    });
    const { task, record } = await importFiles(lines(...rows), { score: name });
    assert.deepEqual(
      pairs(task).map((pair) => Number(pair.slice(-1))),
      [0, 1, 0, 1],
    );
    assert.equal(record.columns!.score, name);
    const none = await importFiles(lines(...rows), { score: null });
    assert.deepEqual(none.record.unusedColumns, [
      { column: name, filled: 4, values: ["0", "1"] },
    ]);
  });
}

Deno.test("a column of few values may be a label, whatever its name", async () => {
  const asks = (count: number, value: (i: number) => unknown) =>
    assert.rejects(
      importFiles(lines(...many(count, (i) => ({ zz: value(i) })))),
      /column "zz" \(.*\) may tell which rows match/,
    );
  await asks(4, (i) => i % 2 === 0);
  await asks(20, (i) => i % 10);
  await asks(6, (i) => ["E", "S", "I"][i % 3]);
  // A value a row, one value for all, long texts and lists are no labels.
  const values: ((i: number) => unknown)[] = [
    (i) => i,
    () => 1,
    (i) => `${"long ".repeat(10)}${i % 2}`,
    (i) => [i % 2],
    (i) => i % 11,
  ];
  for (const value of values) {
    const rows = many(40, (i) => ({ zz: value(i) }));
    assert.equal((await importFiles(lines(...rows))).record.rows.used, 40);
  }
  // What speaks of something else is told, not asked for.
  const { record } = await importFiles(
    lines(...many(4, (i) => ({ language: ["de", "en"][i % 2] }))),
  );
  assert.deepEqual(record.unusedColumns, [
    { column: "language", filled: 4, values: ["de", "en"] },
  ]);
});

Deno.test("the question names the words, and how they get grades", async () => {
  const rows = many(4, (i) => ({ zz: ["exact match", "no"][i % 2] }));
  await assert.rejects(
    importFiles(lines(...rows)),
    /column "zz" \("exact match", no\) .*; words get grades by mapLabels \(--map-labels "exact match=1"\)$/,
  );
});

Deno.test("labels in words and letters get their grades by a mapping", async () => {
  const nli = [
    { premise: "a", hypothesis: "b", gold_label: "entailment" },
    { premise: "a", hypothesis: "c", gold_label: "contradiction" },
    { premise: "a", hypothesis: "d", gold_label: "neutral" },
  ];
  const columns = {
    query: "premise",
    passage: "hypothesis",
    score: "gold_label",
  };
  await assert.rejects(
    importFiles(lines(...nli), columns),
    /a\.jsonl:1: .*"gold_label" must hold a grade.*--map-labels.*got "entailment"$/,
  );
  await assert.rejects(
    importFiles(lines(...nli), {
      ...columns,
      mapLabels: ["entailment=1", "contradiction=0"],
    }),
    /a\.jsonl:3: .*a label that mapLabels .*: got "neutral"; add "neutral=…"/,
  );
  const { task, record } = await importFiles(lines(...nli), {
    ...columns,
    mapLabels: ["entailment=1", "contradiction=0", "neutral=none"],
  });
  assert.deepEqual(pairs(task), ["a → b: 1", "a → c: 0"]);
  assert.deepEqual([record.rows.used, record.rows.label], [2, 1]);

  const esci = many(4, (i) => ({ esci_label: "ESCI"[i] }));
  const graded = await importFiles(lines(...esci), {
    score: "esci_label",
    mapLabels: ["E=3", "S=2", "C=1", "I=0"],
  });
  assert.deepEqual(
    pairs(graded.task).map((pair) => Number(pair.slice(-1))),
    [3, 2, 1, 0],
  );
  // Numbers too: SNLI's 0 is entailment.
  const snli = await importFiles(
    lines(...many(2, (i) => ({ label: i === 0 ? 0 : 2 }))),
    { score: "label", mapLabels: ["0=1", "2=0"] },
  );
  assert.deepEqual(pairs(snli.task), ["q0 → p0: 1", "q1 → p1: 0"]);
  await assert.rejects(
    importFiles(lines(...esci), {
      score: "esci_label",
      mapLabels: ["E=3", "S=2", "C=1", "I=0", "X=0"],
    }),
    /names label "X", which no row has: labels are "E", "S", "C", "I"/,
  );
});

Deno.test("DPR: contexts are passages, with title and id; answers are none", async () => {
  const { task, record } = await importFiles(lines({
    question: "who?",
    answers: ["Ann"],
    positive_ctxs: [{ title: "T", text: "Ann did.", passage_id: "7" }],
    negative_ctxs: [{ title: "U", text: "Bob ate.", passage_id: "8" }],
    hard_negative_ctxs: [{ title: "V", text: "Cid ran.", psg_id: "9" }],
  }));
  assert.deepEqual(task.corpus.get("7"), {
    id: "7",
    title: "T",
    text: "Ann did.",
  });
  assert.deepEqual(
    task.qrels.train!.get("q1"),
    new Map([["7", 1], ["8", 0], ["9", 0]]),
  );
  assert.deepEqual(record.unusedColumns, [{ column: "answers", filled: 1 }]);
});

Deno.test("ids within cells that aren't the passages' own can be left out", async () => {
  const rows = lines(
    { query: "a", positives: [{ docid: "0", text: "x" }] },
    { query: "b", positives: [{ docid: "0", text: "y" }] },
  );
  await assert.rejects(importFiles(rows), /passage "0" must have one text/);
  const { task } = await importFiles(rows, { passageId: null });
  assert.deepEqual(pairs(task), ["a → x: 1", "b → y: 1"]);
});

Deno.test("SQuAD: the context is the passage; its title too", async () => {
  const row = (question: string) => ({
    id: question,
    title: "Rome",
    context: "Rome fell in 476.",
    question,
    answers: { text: ["476"], answer_start: [13] },
  });
  const { task } = await importFiles(lines(row("When?"), row("What year?")));
  assert.equal(task.corpus.size, 1);
  assert.deepEqual([...task.corpus.values()][0], {
    id: "p1",
    title: "Rome",
    text: "Rome fell in 476.",
  });
  assert.equal(task.queries.size, 2);
});

Deno.test("an answer beside a passage is none; beside a text, nobody knows", async () => {
  for (const name of ["context", "document", "passage", "positive", "pos"]) {
    const { task } = await importFiles(
      lines({ question: "q", answer: "short", [name]: "long" }),
    );
    assert.deepEqual(pairs(task), ["q → long: 1"]);
  }
  for (
    const [columns, flags] of [
      [["query", "answer", "text"], "--passage answer or --passage text"],
      [
        ["query", "passage", "document"],
        "--passage passage or --passage document",
      ],
      [["query", "question", "answer"], "--query query or --query question"],
    ] as const
  ) {
    const row = Object.fromEntries(columns.map((name) => [name, name]));
    await assert.rejects(
      importFiles(lines(row)),
      (error: Error) =>
        error instanceof RangeError && error.message.includes(flags) ||
        assert.fail(error),
    );
  }
});

for (
  const name of [
    "negative_text",
    "neg_text",
    "bad_answer",
    "hard_negatives",
    "negative_ctxs",
    "neg_12",
    "hardNeg",
    "incorrect_answers",
    "random_negative",
    "bm25_negatives",
  ]
) {
  Deno.test(`a column called ${name} holds negatives`, async () => {
    const { task, record } = await importFiles(
      lines({ query: "q", positive: "x", [name]: "y" }),
    );
    assert.deepEqual(pairs(task), ["q → x: 1", "q → y: 0"]);
    assert.deepEqual(record.columns!.negatives, [name]);
  });
}

Deno.test("FlagEmbedding: passages with a teacher's scores, which no task keeps", async () => {
  const { task, record } = await importFiles(lines({
    query: "q",
    pos: ["x"],
    neg: ["y", "z"],
    pos_scores: [9.5],
    neg_scores: [1.5, 0.5],
    prompt: "Find it",
  }));
  assert.deepEqual(pairs(task), ["q → x: 1", "q → y: 0", "q → z: 0"]);
  assert.deepEqual(
    record.unusedColumns.map(({ column }) => column),
    ["pos_scores", "neg_scores", "prompt"],
  );
});

// A key may be first heard of in any row, in all forms that have keys.
for (const form of ["jsonl", "json"]) {
  Deno.test(`${form}: keys that come late count as if they came early`, async () => {
    const imported = (rows: object[], options?: OpenImportOptions) =>
      importFiles({
        [`a.${form}`]: form === "json"
          ? JSON.stringify(rows)
          : rows.map((row) => JSON.stringify(row)).join("\n"),
      }, options);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 250 }), async (late) => {
        const rows = many(late + 1, (i) => i < late ? {} : { label: 0 });
        await assert.rejects(imported(rows), /column "label" may tell/);
        const { task, record } = await imported(rows, { score: "label" });
        assert.equal(pairs(task).at(-1), `q${late} → p${late}: 0`);
        assert.equal(record.rows.unlabelled, late);
        const split = await imported(
          many(late + 1, (i) => i < late ? {} : { split: "test" }),
        );
        assert.deepEqual(sizes(split.task), { train: late, test: 1 });
      }),
      { numRuns: 8 },
    );
  });
}

Deno.test("names of columns and tasks may be any", async () => {
  for (
    const name of ["__proto__", "constructor", "a b", "x".repeat(300), ".h"]
  ) {
    const row = JSON.parse(
      `{"query": "q", ${JSON.stringify(name)}: "x", "topic": ${
        JSON.stringify(name)
      }}`,
    );
    const { suite, record } = await importFiles(lines(row), {
      passage: name,
      task: "topic",
    });
    assert.equal(suite.tasks[0]!.name, name);
    assert.equal(record.columns!.passage, name);
    assert.deepEqual(pairs(suite.tasks[0]!), ["q → x: 1"]);
    const unused = await importFiles(
      lines(JSON.parse(
        `{"query": "q", "passage": "p", ${JSON.stringify(name)}: "x"}`,
      )),
    );
    assert.deepEqual(unused.record.unusedColumns, [
      { column: name, filled: 1, values: ["x"] },
    ]);
  }
});

Deno.test("columns that differ only in case are two readings", async () => {
  await assert.rejects(
    importFiles(lines({ Query: "a", query: "b", passage: "c" })),
    /columns "Query", "query" may all hold the queries.*--query Query/,
  );
});

Deno.test("numbers of classes, as a card names them, are no grades", async () => {
  const files = {
    "README.md":
      "---\ndataset_info:\n  features:\n  - name: query\n    dtype: string\n  - name: label\n    dtype:\n      class_label:\n        names:\n          '0': entailment\n          '1': neutral\n          '2': contradiction\n---\n",
    "train.csv": "query,passage,label\na,b,0\na,c,2\na,d,1\n",
  };
  await assert.rejects(
    importFiles(files, { score: "label" }),
    /"label" holds numbers of classes \(0 = entailment, 1 = neutral, 2 = contradiction\); .*--map-labels entailment=1,neutral=0,contradiction=0 or/,
  );
  const { task } = await importFiles(files, {
    score: "label",
    mapLabels: ["0=1", "1=none", "2=0"],
  });
  assert.deepEqual(pairs(task), ["a → b: 1", "a → c: 0"]);
  // A card of another form tells nothing, and is no error.
  const other = await importFiles({
    ...files,
    "README.md": "---\ndataset_info: 7\n---\n",
  }, { score: "label" });
  assert.equal(other.record.rows.used, 3);
});
