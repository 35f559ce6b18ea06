import assert from "node:assert/strict";
import { hasShared, shared } from "../../_shared.ts";
import type { OpenImportOptions } from "../../../lib/data/mod.ts";
import { tdro } from "../../cli/_capture.ts";
import { importPath, pairs, sizes } from "./_cases.ts";

const CASES = "cases/data";

/** A test of a case; reported as ignored where the cases are absent. */
function withCase(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !hasShared(CASES), fn });
}

/** Imports a case, no split by lots. */
function importCase(name: string, options?: OpenImportOptions) {
  return importPath(shared(`${CASES}/${name}`), options);
}

for (
  const [name, expected] of [
    ["k1_card", { train: 5 }],
    ["k1_numbered", { train: 5, test: 2 }],
    ["k1_evaluation", { train: 3, test: 2 }],
    ["k1_eval", { train: 3, test: 2 }],
    ["k4_late_split.jsonl", { train: 100, test: 1 }],
    ["k17_hub", { test: 1 }],
  ] as const
) {
  withCase(`${name}: each row is in the right split`, async () => {
    assert.deepEqual(sizes((await importCase(name)).task), expected);
  });
}

withCase(
  "k1_card: the split that nobody understands is named, and can be said",
  async () => {
    const { record } = await importCase("k1_card");
    assert.deepEqual(record.splits[1], {
      split: "test_hard",
      takenAs: "none",
      rows: 2,
    });
    const mapSplits = ["test_hard=test"];
    const { task } = await importCase("k1_card", { mapSplits });
    assert.deepEqual(sizes(task), { train: 5, test: 2 });
  },
);

withCase(
  "k2: labels under other names are asked for, then used",
  async () => {
    await assert.rejects(
      importCase("k2_is_relevant.csv"),
      /--score is_relevant, --score none/,
    );
    const judged = await importCase("k2_is_relevant.csv", {
      score: "is_relevant",
    });
    const grades = pairs(judged.task).map((pair) => Number(pair.slice(-1)));
    assert.deepEqual(grades, [0, 1, 0, 1, 0, 1, 0, 1]);
    await assert.rejects(importCase("k2_relevance_score.jsonl"), /--score/);
    const graded = await importCase("k2_relevance_score.jsonl", {
      score: "relevance_score",
    });
    assert.deepEqual(pairs(graded.task), [
      "opening hours → from nine: 2",
      "opening hours → we sell shoes: 0",
    ]);
  },
);

withCase("k3: contexts are passages, and negatives are found", async () => {
  const { task, record } = await importCase("k3_dpr.jsonl");
  assert.equal(task.corpus.get("0")!.text, "Book 0 is a novel by Author 0.");
  assert.deepEqual(
    task.qrels.train!.get("q1"),
    new Map([["0", 1], ["h0", 0]]),
  );
  assert.ok(
    [...task.corpus.values()].every(({ text }) => !/^Author/.test(text)),
  );
  assert.ok(record.unusedColumns.some(({ column }) => column === "answers"));
  const triple = await importCase("k3_negative_text.jsonl");
  assert.deepEqual(pairs(triple.task), [
    "opening hours → from nine: 1",
    "opening hours → we sell shoes: 0",
  ]);
});

withCase("k4_late_label: asks, and takes row 101 for a miss", async () => {
  await assert.rejects(importCase("k4_late_label.jsonl"), /--score label/);
  const { task, record } = await importCase("k4_late_label.jsonl", {
    score: "label",
  });
  const grades = pairs(task).map((pair) => Number(pair.slice(-1)));
  assert.deepEqual(grades, [...Array(100).fill(1), 0]);
  assert.equal(record.rows.unlabelled, 100);
});

withCase(
  "k15: texts as what they don't share with the one before",
  async () => {
    const { task, record } = await importCase("k15_delta_v1.parquet");
    assert.equal(record.rows.used, 500);
    assert.equal(pairs(task)[499], "question 499 → answer 499: 1");
  },
);

withCase("k17_hub: a set of the hub in BEIR's form", async () => {
  const { task, record } = await importCase("k17_hub");
  assert.equal(task.corpus.size, 2);
  assert.equal(record.rows.used, 1);
  assert.deepEqual(record.files.map(({ name }) => name.split("/")[0]), [
    "corpus",
    "queries",
    "qrels",
  ]);
});

withCase("k14: MS MARCO's judgments, with four columns in a .tsv", async () => {
  const { out, err } = await tdro(
    "score",
    "--qrels",
    shared(`${CASES}/k14_qrels.dev.tsv`),
    "--run",
    shared(`${CASES}/k14.run`),
    "--json",
  );
  assert.equal(JSON.parse(out).mean["nDCG@10"], 1, err);
});
