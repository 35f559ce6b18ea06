import assert from "node:assert/strict";
import { importFiles, pairs, sizes } from "./_cases.ts";

/** A table of some pairs with texts of their own. */
function csv(...names: string[]): string {
  return `query,passage\n${names.map((n) => `q${n},p${n}\n`).join("")}`;
}

// File → split, as get_data_patterns() of datasets has it.
const NAMES: [path: string, split: "train" | "dev" | "test"][] = [
  ["train1.csv", "train"],
  ["my-training.csv", "train"],
  ["2024 train 01.csv", "train"],
  ["x_train.csv", "train"],
  ["valid.csv", "dev"],
  ["val.csv", "dev"],
  ["dev_v2.csv", "dev"],
  ["validation-00.csv", "dev"],
  ["eval.csv", "test"],
  ["evaluation.csv", "test"],
  ["testing.csv", "test"],
  ["test_hard.csv", "test"],
  ["TEST.csv", "test"],
];

for (const [path, split] of NAMES) {
  Deno.test(`a folder's file ${path} is ${split} data`, async () => {
    const other = split === "train" ? "test" : "train";
    const { task, record } = await importFiles({
      [path]: csv("1", "2"),
      [`${other}.csv`]: csv("3"),
    });
    assert.deepEqual(pairs(task, split), ["q1 → p1: 1", "q2 → p2: 1"]);
    assert.deepEqual(pairs(task, other), ["q3 → p3: 1"]);
    assert.equal(record.files.find(({ name }) => name === path)!.rows, 2);
  });
}

Deno.test("words within words name no split; such files are left out and named", async () => {
  const { task, record } = await importFiles({
    "train.csv": csv("1"),
    "latest.csv": csv("2"),
    "contrastive_training2.csv": csv("3"),
    "validated.csv": csv("4"),
    "notes.txt": "x",
    "dataset_infos.json": "{}",
  });
  assert.deepEqual(sizes(task), { train: 2 });
  assert.deepEqual(record.unusedFiles, [
    { name: "dataset_infos.json", why: "is no table" },
    {
      name: "latest.csv",
      why: "says no split by its name or folder, unlike others",
    },
    { name: "notes.txt", why: "is no table" },
    {
      name: "validated.csv",
      why: "says no split by its name or folder, unlike others",
    },
  ]);
});

Deno.test("folders name splits where no file does", async () => {
  const { task } = await importFiles({
    "training/a.csv": csv("1"),
    "eval-2/a.csv": csv("2"),
    "valid/deep/a.csv": csv("3"),
  });
  assert.deepEqual(sizes(task), { train: 1, dev: 1, test: 1 });
  // As for the library, folders count before files' names.
  const { task: byFolder, record } = await importFiles({
    "train.csv": csv("1"),
    "train_v1/a.csv": csv("2"),
  });
  assert.deepEqual(pairs(byFolder), ["q2 → p2: 1"]);
  assert.deepEqual(record.unusedFiles, [{
    name: "train.csv",
    why: "says no split by its name or folder, unlike others",
  }]);
});

Deno.test("a file whose folder calls it otherwise than its name is asked about", async () => {
  const files = { "dev/train.csv": csv("1"), "dev/test.csv": csv("2") };
  await assert.rejects(
    importFiles(files),
    /no row is left: .*"validation\+test", "validation\+train".*--map-splits/,
  );
  const { task } = await importFiles(files, {
    mapSplits: ["validation+train=train", "validation+test=dev"],
  });
  assert.deepEqual(sizes(task), { train: 1, dev: 1 });
});

Deno.test("a card's files without a split are training data, unless their names say otherwise", async () => {
  const { task, record } = await importFiles({
    "README.md":
      "---\nconfigs:\n- config_name: default\n  data_files:\n  - '*.csv'\n  - no/such/*\n---\n",
    "a.csv": csv("1"),
    "b.csv": csv("2"),
    "test.csv": csv("3"),
  });
  assert.deepEqual(sizes(task), { train: 2 });
  assert.deepEqual(record.splits[1], {
    split: "train+test",
    takenAs: "none",
    rows: 1,
  });
  assert.deepEqual(record.notes, [
    'README.md names "no/such/*", and no file is called so',
  ]);
});

Deno.test("a card's folder is looked at alone; folders that begin with __ are not", async () => {
  const files = {
    "test_v2/a.csv": csv("1"),
    "test_v2/__cache/a.csv": csv("2"),
    "b.csv": csv("3"),
  };
  const readme =
    "---\nconfigs:\n- config_name: default\n  data_dir: ./test_v2\n---\n";
  const { task, record } = await importFiles({ ...files, "README.md": readme });
  assert.deepEqual(pairs(task), ["q1 → p1: 1"]);
  assert.deepEqual(record.unusedFiles.map(({ name }) => name), [
    "b.csv",
    "test_v2/__cache/a.csv",
  ]);
});

Deno.test("a file of two splits, and one that nobody understands, are kept out", async () => {
  const { task, record } = await importFiles({
    "train.csv": csv("1"),
    "train_test.csv": csv("2", "3"),
  });
  assert.deepEqual(sizes(task), { train: 1 });
  assert.deepEqual(record.splits[1], {
    split: "train+test",
    takenAs: "none",
    rows: 2,
  });
  const shards = {
    "data/train-00000-of-00001.csv": csv("1"),
    "data/test_hard-00000-of-00001.csv": csv("2"),
    "data/more_train.csv": csv("3"),
  };
  const sharded = await importFiles(shards);
  assert.deepEqual(sizes(sharded.task), { train: 1 });
  assert.deepEqual(
    sharded.record.splits.map(({ split, takenAs }) => [split, takenAs]),
    [["test_hard", "none"], ["train", "train"]],
  );
  assert.deepEqual(sharded.record.unusedFiles.map(({ name }) => name), [
    "data/more_train.csv",
  ]);
  const mapped = await importFiles(shards, { mapSplits: ["test_hard=test"] });
  assert.deepEqual(sizes(mapped.task), { train: 1, test: 1 });
});

/** A README that names files of splits. */
function card(...files: [split: string, path: string][]): string {
  const lines = files.map(([split, path]) =>
    `  - split: ${split}\n    path: ${path}\n`
  );
  return `---\nconfigs:\n- config_name: default\n  data_files:\n${
    lines.join("")
  }---\n`;
}

Deno.test("a card's splits count by their exact names", async () => {
  const files = {
    "README.md": card(
      ["train", "a.csv"],
      ["train_sft", "b.csv"],
      ["eval", "c.csv"],
    ),
    "a.csv": csv("1"),
    "b.csv": csv("2", "3"),
    "c.csv": csv("4"),
    "train.csv": csv("5"),
  };
  const { task, record } = await importFiles(files);
  assert.deepEqual(sizes(task), { train: 1, test: 1 });
  assert.deepEqual(record.rows, {
    read: 4,
    used: 2,
    empty: 0,
    split: 2,
    label: 0,
    unlabelled: 0,
  });
  assert.deepEqual(record.unusedFiles, [{
    name: "train.csv",
    why: 'is not named by the README for "default"',
  }]);
  const asked = await importFiles(files, {
    mapSplits: ["train_sft=train", "eval=none"],
  });
  assert.deepEqual(sizes(asked.task), { train: 3 });
  await assert.rejects(
    importFiles(files, { mapSplits: ["train_sfc=train"] }),
    /names split "train_sfc", which no row has: splits are "train", "train_sft"/,
  );
});

Deno.test("where only strange splits are, it asks", async () => {
  await assert.rejects(
    importFiles({
      "README.md": card(["test_hard", "a.csv"]),
      "a.csv": csv("1"),
    }),
    {
      name: "RangeError",
      message:
        /no row is left: 1 are of splits .*\("test_hard"\); .*--map-splits test_hard=train/,
    },
  );
});

Deno.test("splits of a column: mapped, asked for, or against the file's", async () => {
  const rows = "query,passage,split\nq1,p1,train\nq2,p2,gold\n";
  await assert.rejects(
    importFiles({ "a.csv": rows }),
    /a\.csv:3: .*got "gold"; .*--map-splits "gold=test".*--split none/,
  );
  const { task, record } = await importFiles({ "a.csv": rows }, {
    mapSplits: ["gold=test"],
  });
  assert.deepEqual(sizes(task), { train: 1, test: 1 });
  assert.deepEqual(record.splits, [
    { split: "train", takenAs: "train", rows: 1 },
    { split: "gold", takenAs: "test", rows: 1 },
  ]);
  const folder = {
    "train.csv": "query,passage,split\nq1,p1,test\n",
    "test.csv": csv("2"),
  };
  await assert.rejects(
    importFiles(folder),
    /train\.csv:2: .*its file is of split "train", and column "split" says "test"; .*--split none/,
  );
  const byFile = await importFiles(folder, { split: null });
  assert.deepEqual(sizes(byFile.task), { train: 1, test: 1 });
  const byColumn = await importFiles(folder, { split: "split" });
  assert.deepEqual(sizes(byColumn.task), { test: 2 });
});

Deno.test("mapSplits and mapLabels must have their form", async () => {
  const file = { "a.csv": csv("1") };
  await assert.rejects(
    importFiles(file, { mapSplits: ["gold"] }),
    /mapSplits.* must be name=split with train, dev, test or none/,
  );
  await assert.rejects(
    importFiles(file, { mapSplits: ["a=test", "a=dev"] }),
    /mapSplits must name each only once/,
  );
  await assert.rejects(
    importFiles(file, { mapLabels: ["a=1.5"] }),
    /mapLabels.* must be label=grade/,
  );
  await assert.rejects(
    importFiles(file, { mapLabels: ["a=1"] }),
    /--map-labels\) needs the column of the labels.*--score/,
  );
});

Deno.test("folders that hold a column's value (split=test) give their rows that column", async () => {
  const { task, record } = await importFiles({
    "split=train/a.csv": csv("1", "2"),
    "split=test/a.csv": csv("3"),
  });
  assert.deepEqual(sizes(task), { train: 2, test: 1 });
  assert.equal(record.columns!.split, "split");
  assert.deepEqual(record.notes, ['a.csv: its folder says "split"']);
  const labelled = {
    "topic=a%20b/label=0/x.csv": csv("1"),
    "topic=a%20b/label=1/x.csv": csv("2"),
    "topic=__HIVE_DEFAULT_PARTITION__/label=1/x.csv": csv("3"),
  };
  await assert.rejects(importFiles(labelled), /column "label" may tell/);
  const { suite } = await importFiles(
    {
      "topic=a%20b/label=0/x.csv": csv("1"),
      "topic=a%20b/label=1/x.csv": csv("2"),
    },
    { score: "label", task: "topic" },
  );
  assert.deepEqual(suite.tasks.map(({ name }) => name), ["a b"]);
  assert.deepEqual(pairs(suite.tasks[0]!), ["q1 → p1: 0", "q2 → p2: 1"]);
  await assert.rejects(
    importFiles(labelled, { score: "label", task: "topic" }),
    /column "topic" must name its task: got nothing/,
  );
});
