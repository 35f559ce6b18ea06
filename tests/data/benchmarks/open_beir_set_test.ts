import assert from "node:assert/strict";
import { openBeirSet, readJudgments } from "../../../lib/data/mod.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";
import { folderOf } from "./_files.ts";

const CORPUS = [
  { _id: "p1", title: "Title", text: "one", metadata: {} },
  { _id: "p2", title: "", text: "two", metadata: { url: "x" } },
  { _id: "p3", title: "Only a title", text: "" },
];
const QUERIES = [
  { _id: "q2", text: "second", metadata: {} },
  { _id: "q1", text: "first", metadata: {} },
  { _id: "other", text: "judged in no split", metadata: {} },
];
const HEADER = "query-id\tcorpus-id\tscore\n";
const PASSAGES = [
  { id: "p1", title: "Title", text: "one" },
  { id: "p2", text: "two" },
  { id: "p3", title: "Only a title", text: "" },
];

Deno.test("a set as in BEIR's zip files", async () => {
  const folder = await folderOf({
    "corpus.jsonl": CORPUS,
    "queries.jsonl": QUERIES,
    "qrels/test.tsv": `${HEADER}q1\tp2\t2\nq2\tgone\t1\n`,
    "qrels/train.tsv": `${HEADER}q2\tp1\t1\n`,
  });
  const set = await openBeirSet(folder, { name: "mine", prompt: "Find it" });
  assert.deepEqual(
    [set.name, set.prompt, set.split, set.license],
    ["mine", "Find it", "test", "unstated"],
  );
  assert.deepEqual([...set.queries.keys()], ["q1", "q2"]);
  assert.equal(set.queries.get("q1")!.text, "first");
  // A judged passage that isn't in the corpus stands, as in BEIR.
  assert.equal(set.qrels.get("q2")!.get("gone"), 1);
  for (let turn = 0; turn < 2; turn++) {
    assert.deepEqual(await Array.fromAsync(set.passages()), PASSAGES);
  }
  const train = await openBeirSet(folder, { split: "train" });
  assert.deepEqual([...train.queries.keys()], ["q2"]);
  await assert.rejects(
    openBeirSet(folder, { split: "dev" }),
    /needs judgments of the split dev .*: got test, train$/,
  );
});

Deno.test("a set as on the hub: gzipped, judgments beside it", async () => {
  const folder = await folderOf({
    "corpus.jsonl.gz": CORPUS,
    "queries.jsonl.gz": QUERIES,
    "README.md": "x",
    "qrels/validation.tsv": `${HEADER}q1\tp1\t1\n`,
  });
  const set = await openBeirSet(folder);
  assert.equal(set.split, "dev");
  assert.deepEqual(await Array.fromAsync(set.passages()), PASSAGES);
  assert.deepEqual(set.files, [
    "corpus.jsonl.gz",
    "queries.jsonl.gz",
    "qrels/validation.tsv",
  ]);
});

Deno.test("a set as parquet, as NanoBEIR has it", async () => {
  const text = (name: string, data: string[]) => ({ name, data });
  const folder = await folderOf({
    "corpus/train-00000-of-00002.parquet": {
      columns: [text("_id", ["p1"]), text("text", ["one"])],
    },
    "corpus/train-00001-of-00002.parquet": {
      columns: [text("_id", ["p2", "p3"]), text("text", ["two", "three"])],
    },
    "queries/train-00000-of-00001.parquet": {
      columns: [text("_id", ["q1"]), text("text", ["first"])],
    },
    "qrels/train-00000-of-00001.parquet": {
      columns: [
        text("query-id", ["q1", "q1"]),
        text("corpus-id", ["p3", "p1"]),
      ],
    },
  });
  const set = await openBeirSet(folder);
  assert.equal(set.split, "train");
  assert.deepEqual([...set.qrels.get("q1")!], [["p3", 1], ["p1", 1]]);
  const passages = await Array.fromAsync(set.passages());
  assert.deepEqual(passages.map(({ id }) => id), ["p1", "p2", "p3"]);
});

Deno.test("parquet with numbers as ids and grades", async () => {
  const folder = await folderOf({
    "corpus.jsonl": [{ _id: "7", text: "seven" }],
    "queries.jsonl": [{ _id: "1", text: "one" }],
    "data/test-00000-of-00001.parquet": {
      columns: [
        { name: "query-id", data: [1n] },
        { name: "corpus-id", data: [7n] },
        { name: "score", data: [2] },
      ],
    },
  });
  const set = await openBeirSet(folder);
  assert.equal(set.qrels.get("1")!.get("7"), 2);
});

Deno.test("openBeirSet() says what is wrong", async () => {
  const good = {
    "corpus.jsonl": CORPUS,
    "queries.jsonl": QUERIES,
    "qrels/test.tsv": `${HEADER}q1\tp1\t1\n`,
  };
  const fails = async (
    change: Record<string, string | undefined>,
    message: RegExp,
  ) => {
    const files = Object.fromEntries(
      Object.entries({ ...good, ...change }).filter(([, v]) => v !== undefined),
    ) as Record<string, string>;
    const folder = await folderOf(files);
    await assert.rejects(async () => {
      for await (const _ of (await openBeirSet(folder)).passages());
    }, { message });
  };
  await fails({ "corpus.jsonl": undefined }, /needs corpus\.jsonl, corpus/);
  await fails({ "qrels/test.tsv": undefined }, /judgments of the split test/);
  await fails({ "qrels/test.tsv": HEADER }, /no query is judged$/);
  await fails(
    { "qrels/test.tsv": `${HEADER}nobody\tp1\t1\n` },
    /judged query "nobody" must be among the queries/,
  );
  await fails(
    { "qrels/test.tsv": `${HEADER}q1\tp1\t0.5\n` },
    /test\.tsv:2: Cannot read the grade/,
  );
  await fails(
    { "corpus.jsonl": '{"_id":"p1","text":"x"}\n{"text":"y"}\n' },
    /corpus\.jsonl:2: Cannot use the row: _id is missing/,
  );
  await fails(
    { "corpus.jsonl": '{"_id":"p1"}\n' },
    /corpus\.jsonl:1: Cannot use the row: text is missing/,
  );
  await fails(
    { "corpus.jsonl": '{"_id":"p1","text":' },
    /corpus\.jsonl:1: Cannot read the line as JSON/,
  );
  await assert.rejects(openBeirSet("nowhere"), { name: "NotFound" });
});

Deno.test("judgments as JSON lines: no grade is 1, another's name or nothing is refused", async () => {
  await inTempFolder(async (folder) => {
    const read = async (row: object) => {
      const ids = { "query-id": "q", "corpus-id": "p" };
      await writeFiles(folder, {
        "q.jsonl": JSON.stringify({ ...ids, ...row }),
      });
      return (await readJudgments(`${folder}/q.jsonl`)).get("q")!.get("p");
    };
    assert.equal(await read({}), 1);
    assert.equal(await read({ score: "2.0" }), 2);
    await assert.rejects(
      read({ relevance: 0 }),
      /the grade must be called score: got "relevance"/,
    );
    await assert.rejects(read({ score: null }), /q\.jsonl:1: .*the grade/);
  });
});
