import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CheckName,
  checkSuite,
  type Finding,
  openSuite,
  scriptShares,
  type Suite,
  type Task,
  taskFromRows,
  textLengths,
} from "../../../lib/data/mod.ts";
import { lengthHistogram } from "../../../lib/report/mod.ts";
import { goodTask, inTempFolder, writeFiles } from "../_folders.ts";
import { shared, withShared } from "../../_shared.ts";

/** A task without fault: enough queries, prompt, licence, language. */
async function clean(name = "clean"): Promise<Task> {
  const rows = Array.from({ length: 200 }, (_, i) => ({
    query: `Who has number ${i} of the ${i * i} members?`,
    passage: `Member ${i} is the one with ticket ${7919 * i}.`,
    split: i < 60 ? "test" : "train",
  }));
  return await taskFromRows(rows, {
    name,
    prompt: "Find it",
    language: "en",
    license: "MIT",
    dev: 0,
  });
}

/** What is found in a task after a change. */
async function found(
  change: (task: Task) => void,
): Promise<(Finding & { summary: string })[]> {
  const task = await clean();
  change(task);
  return checkSuite({ name: "s", tasks: [task] }).findings.map((f) => ({
    ...f,
    summary: `${f.severity} ${f.check} ${f.count}/${f.of}`,
  }));
}

Deno.test("a suite without fault has no findings", async () => {
  const check = checkSuite({ name: "s", tasks: [await clean()] });
  assert.deepEqual(check.findings, []);
  assert.equal(check.problems + check.notes, 0);
});

/** A change, and the only finding that it brings. */
const CHANGES: [change: (task: Task) => void, summary: string][] = [
  [
    ({ qrels }) => qrels.train!.get("q61")!.set("nowhere", 1),
    "problem absent-passage 1/201",
  ],
  [
    ({ qrels }) => qrels.train!.set("nobody", new Map([["p1", 1]])),
    "problem absent-query 1/201",
  ],
  [
    ({ queries }) => queries.set("q61", { id: "q61", text: " \n" }),
    "problem empty-query 1/200",
  ],
  [
    ({ corpus }) => corpus.set("p9", { id: "p9", text: "", title: "" }),
    "problem empty-passage 1/200",
  ],
  [
    ({ queries }) =>
      queries.set("q61", {
        id: "q61",
        text: queries.get("q1")!.text.toUpperCase(),
      }),
    "problem leak 1/140",
  ],
  [
    ({ qrels }) => delete qrels.test,
    "note no-test 1/1|note unjudged-query 60/200",
  ],
  [
    ({ qrels }) => delete qrels.train,
    "note no-train 1/1|note unjudged-query 140/200",
  ],
  [
    ({ qrels }) => {
      for (const id of [...qrels.test!.keys()].slice(0, 20)) {
        qrels.train!.set(id, qrels.test!.get(id)!);
        qrels.test!.delete(id);
      }
    },
    "note few-test 40/50",
  ],
  [
    ({ qrels }) => qrels.train!.get("q61")!.set("p61", 0),
    "note no-positive 1/200",
  ],
  [
    ({ queries }) =>
      queries.set("q62", { id: "q62", text: `${queries.get("q61")!.text}?` }),
    "note repeated-query 1/200",
  ],
  [
    // p62 answers q62 alone; as a copy it would answer q61 too, and p61 q62.
    ({ corpus }) => corpus.set("p62", { ...corpus.get("p61")!, id: "p62" }),
    "note repeated-passage 1/200|note unjudged-copy 2/200",
  ],
  [
    ({ corpus, queries }) =>
      corpus.set("p9", { id: "p9", text: queries.get("q100")!.text }),
    "note query-is-passage 1/200",
  ],
  [(task) => task.language = "ja", "note script 100/100|note script 100/100"],
  [(task) => task.language = ["ja", "en"], ""],
  [(task) => task.language = "und", ""],
  [(task) => task.prompt = "", "note no-prompt 1/1"],
  [(task) => task.license = "unstated", "note no-license 1/1"],
];

for (const [change, summary] of CHANGES) {
  Deno.test(`checkSuite() finds ${summary || `nothing in ${change}`}`, async () => {
    const findings = await found(change);
    assert.equal(findings.map((f) => f.summary).join("|"), summary);
  });
}

Deno.test("near-leaks, and leaks from task to task", async () => {
  const held =
    "Which of the seven bridges over the river was closed for repair in the summer of 1931, and why was it?";
  const one = await clean("one");
  const two = await clean("two");
  one.queries.set("q1", { id: "q1", text: held });
  two.queries.set("q100", {
    id: "q100",
    text: `${held}`.replace("why", "wh y"),
  });
  // The two tasks were made of the same text.
  for (const { queries } of [two]) {
    for (const [id, { text }] of queries) {
      if (text !== queries.get("q100")!.text) {
        queries.set(id, { id, text: `Second: ${text.toUpperCase()} ${id}` });
      }
    }
  }
  const { findings } = checkSuite({ name: "s", tasks: [one, two] });
  const leaks = findings.filter(({ check }) => check === "near-leak");
  assert.equal(leaks.length, 1, JSON.stringify(findings));
  assert.equal(leaks[0]!.task, "two");
  assert.match(leaks[0]!.examples[0]!, / ~ .*\(test of one\)$/);
});

Deno.test("lengths: quantiles, cut share, and powers of two", async () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({
    query: "x".repeat(i + 1),
    passage: `p${i}`,
  }));
  const suite: Suite = { name: "s", tasks: [await taskFromRows(rows)] };
  const { lengths, findings } = checkSuite(suite, { limit: 90 });
  const { histogram, ...queries } = lengths[0]!;
  assert.deepEqual(queries, {
    task: "task",
    kind: "queries",
    count: 100,
    median: 50,
    p95: 95,
    max: 100,
    cut: 0.1,
  });
  assert.deepEqual(histogram.map(({ from, count }) => [from, count]), [
    [1, 1],
    [2, 2],
    [4, 4],
    [8, 8],
    [16, 16],
    [32, 32],
    [64, 37],
  ]);
  assert.ok(findings.some(({ check }) => check === "long-text"));
  const words = textLengths(suite, { lengthOf: (t) => t.split(" ").length });
  assert.deepEqual(words.map(({ length, count }) => [length, count]), [
    [1, 100],
    [1, 100],
  ]);
  assert.ok(lengthHistogram(textLengths(suite), { unit: "characters" }));
});

Deno.test("copies add up to the texts", async () => {
  const task = await clean();
  for (const id of ["p2", "p3", "p9"]) {
    task.corpus.set(id, { ...task.corpus.get("p1")!, id });
  }
  const { copies } = checkSuite({ name: "s", tasks: [task] });
  assert.deepEqual(
    copies.filter(({ kind }) => kind === "passages")
      .map(({ copies, texts }) => [copies, texts]),
    [[1, 196], [4, 1]],
  );
});

Deno.test("scriptShares() sums to 1 and doesn't mind the order", () => {
  assert.deepEqual([...scriptShares(["123 …", ""])], []);
  assert.deepEqual([...scriptShares(["カタカナ東京"]).keys()], [
    "Katakana",
    "Han",
  ]);
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme" }), { maxLength: 50 }),
      (texts) => {
        const shares = scriptShares(texts);
        const sum = [...shares.values()].reduce((a, b) => a + b, 0);
        assert.ok(shares.size === 0 || Math.abs(sum - 1) < 1e-12);
        const reverse = scriptShares(texts.toReversed());
        for (const [script, share] of shares) {
          assert.equal(reverse.get(script), share);
        }
      },
    ),
  );
});

Deno.test("openSuite() with dangling reads judgments that point nowhere", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(`${folder}/toy`, {
      "corpus.jsonl": '{"_id":"p1","text":"Paris"}\n',
      "queries.jsonl": '{"_id":"q1","text":"France?"}\n',
      "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\tp1\t1\nq7\tp9\t1\n",
    });
    await assert.rejects(openSuite(folder), /"q7" is not in/);
    const suite = await openSuite(folder, { dangling: true });
    const problems = checkSuite(suite).findings
      .filter(({ severity }) => severity === "problem")
      .map(({ check, examples }): [CheckName, string[]] => [check, examples]);
    assert.deepEqual(problems, [
      ["absent-query", ["q7"]],
      ["absent-passage", ["p9"]],
    ]);
  });
  assert.ok(checkSuite({ name: "s", tasks: [goodTask("toy")] }).notes > 0);
});

withShared(
  "real tasks: a near-leak, told as a note to look at",
  async () => {
    const suite = await openSuite(shared("data/suite"), {
      tasks: ["banking77"],
    });
    const { findings } = checkSuite(suite);
    const leak = findings.find(({ check }) => check === "near-leak");
    assert.equal(leak!.severity, "note");
    assert.match(leak!.examples[0]!, /mastercard\. ~ .*a master card\./);
  },
);
