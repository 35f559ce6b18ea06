import * as aq from "arquero";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  openTask,
  suiteFromFile,
  suiteFromRows,
  type TableTaskOptions,
  type Task,
  taskFromFile,
  taskFromRows,
  trainExamples,
  writeTask,
} from "../../../lib/data/mod.ts";
import { fromFileUrl } from "../../_paths.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";

const FILES = fromFileUrl(new URL("./files", import.meta.url));

/** No split is drawn. */
const WHOLE = { dev: 0, test: 0 };

/** Judgments of a split by text, e.g. `When? → At nine.: 1`. */
function pairs(task: Task, split: "train" | "dev" | "test" = "train") {
  return [...task.qrels[split] ?? []].flatMap(([query, grades]) =>
    [...grades].map(([passage, grade]) =>
      `${task.queries.get(query)!.text} → ${
        task.corpus.get(passage)!.text
      }: ${grade}`
    )
  );
}

/** Many pairs with texts of their own. */
function many(count: number, from = 0) {
  return Array.from({ length: count }, (_, i) => ({
    query: `question ${from + i}`,
    passage: `answer ${from + i}`,
  }));
}

Deno.test("taskFromRows() merges equal queries and passages", async () => {
  const task = await taskFromRows([
    { question: " When? ", answer: "At nine." },
    { question: "When?", answer: "In the morning." },
    { question: "Since when?", answer: "At nine." },
  ], WHOLE);
  assert.deepEqual([...task.queries.keys()], ["q1", "q2"]);
  assert.deepEqual([...task.corpus.keys()], ["p1", "p2"]);
  assert.deepEqual(pairs(task), [
    "When? → At nine.: 1",
    "When? → In the morning.: 1",
    "Since when? → At nine.: 1",
  ]);
});

Deno.test("triples: negatives of several columns, never a known positive", async () => {
  const task = await taskFromRows([
    { anchor: "a", positive: "x", negative_1: "y", negative_2: "" },
    { anchor: "a", positive: "y", negative_1: "z", negative_2: "x" },
  ], WHOLE);
  const [row] = trainExamples({ name: "", tasks: [task] })[0]!;
  assert.deepEqual(row!.positives.map(({ text }) => text), ["x", "y"]);
  assert.deepEqual(row!.negatives.map(({ text }) => text), ["z"]);
});

Deno.test("lists and objects: the form of tDRO's own training files", async () => {
  const task = await taskFromRows([{
    query_id: "7",
    query: "capital",
    positive_passages: [{ docid: "9", title: "France", text: "Paris" }],
    negative_passages: [{ docid: "8", text: "Lyon" }, "Nice"],
  }], WHOLE);
  assert.deepEqual(task.corpus.get("9"), {
    id: "9",
    title: "France",
    text: "Paris",
  });
  assert.deepEqual(
    task.qrels.train!.get("7"),
    new Map([["9", 1], ["8", 0], ["p3", 0]]),
  );
});

Deno.test("grades stay, yes and no become 1 and 0, scores need a bound", async () => {
  const rows = (...scores: unknown[]) =>
    scores.map((label, i) => ({ query: "q", passage: `p${i}`, label }));
  const grades = async (options: TableTaskOptions, ...scores: unknown[]) => {
    const task = await taskFromRows(rows(...scores), {
      ...WHOLE,
      score: "label",
      ...options,
    });
    return [...task.qrels.train!.get("q1")!.values()];
  };
  assert.deepEqual(await grades({}, 2, "0", 1n, "-1"), [2, 0, 1, -1]);
  assert.deepEqual(await grades({}, true, "FALSE", "yes"), [1, 0, 1]);
  assert.deepEqual(await grades({ minScore: 0.5 }, 0.5, "0.49"), [1, 0]);
  await assert.rejects(grades({}, 1, 0.5), {
    message: /^row 2: .*"label" must hold an integer unless minScore.*got 0\.5/,
  });
  await assert.rejects(grades({}, "maybe"), /row 1: .*got "maybe"/);
  await assert.rejects(grades({}, ""), /row 1: .*a grade, a score/);
  await assert.rejects(grades({}, 0, 0), /a row must match: no score is above/);
});

Deno.test("rows that name splits keep them; what no row names is drawn", async () => {
  const rows = [
    ...many(50).map((row) => ({ ...row, split: "training" })),
    ...many(5, 50).map((row) => ({ ...row, split: "Test" })),
    ...many(4, 55).map((row) => ({ ...row, split: "validation" })),
  ];
  const all = await taskFromRows(rows);
  assert.deepEqual(
    Object.entries(all.qrels).map(([split, { size }]) => [split, size]),
    [["train", 50], ["dev", 4], ["test", 5]],
  );
  const none = await taskFromRows(rows.slice(0, 55));
  assert.equal(none.qrels.test!.size, 5);
  assert.ok(none.qrels.dev!.size > 0);
  assert.equal(none.qrels.dev!.size + none.qrels.train!.size, 50);
  // Without the column all is drawn.
  const free = await taskFromRows(rows, { split: null, dev: 0, test: 0.5 });
  assert.ok(free.qrels.test!.size > 15 && free.qrels.test!.size < 45);
});

Deno.test("drawn splits have their shares and depend on text and seed alone", async () => {
  const splits = async (rows: object[], options: TableTaskOptions = {}) => {
    const task = await taskFromRows(rows, options);
    return new Map(
      Object.entries(task.qrels).flatMap(([split, qrels]) =>
        [...qrels.keys()].map((id) => [task.queries.get(id)!.text, split])
      ),
    );
  };
  const few = await splits(many(2000));
  const size = (split: string) =>
    [...few.values()].filter((s) => s === split).length;
  // Four standard deviations of 2000 draws at 0.1.
  for (const split of ["dev", "test"]) {
    assert.ok(Math.abs(size(split) - 200) < 54, `${split}: ${size(split)}`);
  }
  const more = await splits([...many(500, 2000), ...many(2000).reverse()]);
  for (const [text, split] of few) assert.equal(more.get(text), split);
  const other = await splits(many(2000), { seed: 7 });
  assert.ok([...few].some(([text, split]) => other.get(text) !== split));
  // Spellings of one question stay together.
  const twins = await splits(
    many(300).flatMap(({ query, passage }) => [
      { query, passage },
      { query: `${query.toUpperCase()}?`, passage },
    ]),
  );
  for (let i = 0; i < 300; i++) {
    assert.equal(twins.get(`question ${i}`), twins.get(`QUESTION ${i}?`));
  }
});

Deno.test("of three queries or more each split gets one, and none is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.nat(1e6),
      fc.double({ min: 0.01, max: 0.49, noNaN: true }),
      async (count, seed, share) => {
        const { qrels } = await taskFromRows(many(count), {
          seed,
          dev: share,
          test: share,
        });
        const sizes = Object.values(qrels).map(({ size }) => size);
        assert.equal(sizes.reduce((a, b) => a + b), count);
        assert.ok(qrels.train!.size > 0);
        if (count >= 3) assert.equal(sizes.length, 3);
      },
    ),
  );
});

Deno.test("an Arquero table and a stream give what an array gives", async () => {
  const rows = [
    { question: "When?", answer: "At nine." },
    { question: "Where?", answer: "By the river." },
  ];
  const expected = await taskFromRows(rows);
  assert.deepEqual(await taskFromRows(aq.from(rows)), expected);
  const stream = ReadableStream.from(rows);
  assert.deepEqual(await taskFromRows(stream), expected);
});

Deno.test("parquet to a BEIR folder and back", async () => {
  const task = await taskFromFile(`${FILES}/pairs_zstd.parquet`, {
    ...WHOLE,
    score: "label",
  });
  assert.equal(task.name, "pairs_zstd");
  assert.equal(task.source, "pairs_zstd.parquet");
  assert.deepEqual(pairs(task), [
    "When? → At nine.: 1",
    "When? → By the river.: 0",
    "Where? → By the river.: 1",
    "Wé 日本? → はい: 0",
    "Wé 日本? → At nine.: 0",
    "Wé 日本? → Never.: 0",
  ]);
  await inTempFolder(async (folder) => {
    await writeTask(task, `${folder}/suite/pairs_zstd`);
    assert.deepEqual(await openTask(`${folder}/suite/pairs_zstd`), task);
    await assert.rejects(
      writeTask(task, `${folder}/suite/pairs_zstd`),
      /Cannot write task .*is there already/,
    );
  });
});

Deno.test("a data set's splits become the task's", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "data/train-00000-of-00002.csv": "q,a\nx,1\n",
      "data/train-00001-of-00002.csv": "q,a\ny,2\n",
      "data/validation-00000-of-00001.csv": "q,a\nz,3\n",
      "data/test-00000-of-00001.csv": "q,a\nw,4\n",
    });
    const task = await taskFromFile(folder);
    assert.deepEqual(pairs(task, "train"), ["x → 1: 1", "y → 2: 1"]);
    assert.deepEqual(pairs(task, "dev"), ["z → 3: 1"]);
    assert.deepEqual(pairs(task, "test"), ["w → 4: 1"]);
  });
});

Deno.test("suiteFromRows() makes a task of each value, with its own info", async () => {
  const rows = [
    { topic: "b", query: "1", passage: "x" },
    { topic: "a", query: "2", passage: "x" },
    { topic: "b", query: "3", passage: "y" },
  ];
  const suite = await suiteFromRows(rows, {
    task: "topic",
    name: "two",
    license: "CC0-1.0",
    info: { a: { prompt: "Find x", license: "MIT" } },
  });
  assert.equal(suite.name, "two");
  assert.deepEqual(
    suite.tasks.map(({ name, prompt, license, corpus }) => [
      name,
      prompt,
      license,
      corpus.size,
    ]),
    [["b", "", "CC0-1.0", 2], ["a", "Find x", "MIT", 1]],
  );
  await assert.rejects(
    suiteFromRows(rows, { task: "topic", info: { c: {} } }),
    /info names task "c", which no row has: tasks are b, a/,
  );
  await assert.rejects(
    suiteFromRows([{ ...rows[0], topic: "" }], { task: "topic" }),
    /^SyntaxError: row 1: .*"topic" must name its task/,
  );
});

const BAD: [what: string, csv: string, TableTaskOptions, message: RegExp][] = [
  [
    "a column that isn't there",
    "question,answer\nx,y\n",
    { query: "qestion" },
    /Cannot find column "qestion" in .*: the nearest is "question" of "question", "answer"$/,
  ],
  [
    "columns whose names say nothing",
    "Frage,Antwort\nx,y\n",
    {},
    /no column is called like a query; name one .*"Frage", "Antwort"$/,
  ],
  [
    "a label that nobody speaks of",
    "question,answer,label\nx,y,1\n",
    {},
    /column "label" may tell which rows match; say score: "label", or/,
  ],
  [
    "an empty cell",
    "question,answer\nx,y\nz, \n",
    {},
    /\.csv:3: .*column "answer" must hold a text: got none; .*--skip-empty/,
  ],
  [
    "a split of another name",
    "question,answer,split\nx,y,gold\n",
    {},
    /\.csv:2: .*"split" must be one of train, .*: got "gold"; /,
  ],
  [
    "two texts of one id",
    "qid,question,answer\n1,x,y\n1,z,y\n",
    {},
    /\.csv:3: .*query "1" must have one text: .*\.csv:2 gives it another$/,
  ],
  [
    "two grades of one pair",
    "question,answer,n\nx,y,1\nx,y,0\n",
    { score: "n" },
    /\.csv:3: .*\.csv:2 gives the same .* another grade: got 0 and 1;/,
  ],
  ["no row", "question,answer\n", {}, /must hold a row .*: got no rows/],
  [
    "an id with a tab",
    'pid,question,answer\n"a\tb",x,y\n',
    {},
    /\.csv:2: .*"pid": an id must hold no tab/,
  ],
  [
    "shares that leave nothing",
    "question,answer\nx,y\n",
    { dev: 0.6, test: 0.5 },
    /dev and test must leave something for train/,
  ],
];

for (const [what, csv, options, message] of BAD) {
  Deno.test(`taskFromFile() refuses ${what}`, async () => {
    await inTempFolder(async (folder) => {
      await writeFiles(folder, { "a.csv": csv });
      await assert.rejects(
        taskFromFile(`${folder}/a.csv`, options),
        (error: Error) => message.test(error.message) || assert.fail(error),
      );
    });
  });
}

Deno.test("skipEmpty leaves rows out; no column at all is refused", async () => {
  const rows = [{ query: "x", passage: "y" }, { query: "z", passage: null }];
  const task = await taskFromRows(rows, { ...WHOLE, skipEmpty: true });
  assert.deepEqual(pairs(task), ["x → y: 1"]);
  await assert.rejects(
    taskFromRows(rows.slice(1), { skipEmpty: true }),
    /got 1 rows without/,
  );
  await assert.rejects(taskFromRows([]), /no column is called like a query/);
  await assert.rejects(
    taskFromRows([["x", "y"]]),
    /Cannot use row 1: it must be an object .*: got a list/,
  );
});

Deno.test("suiteFromFile() reads the column that names the task", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { "all.tsv": "task\tquery\tpassage\nt\tx\ty\n" });
    const suite = await suiteFromFile(`${folder}/all.tsv`, { task: "task" });
    assert.equal(suite.name, "all");
    assert.equal(suite.tasks[0]!.source, "all.tsv");
  });
});
