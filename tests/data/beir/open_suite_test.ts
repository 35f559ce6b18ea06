import assert from "node:assert/strict";
import { openSuite, suiteRows, trainExamples } from "../../../lib/data/mod.ts";
import { readShared, shared, withShared } from "../../_shared.ts";
import { GOOD, inTempFolder, writeFiles } from "../_folders.ts";

async function names(
  folder: string,
  options?: Parameters<typeof openSuite>[1],
): Promise<string[]> {
  return (await openSuite(folder, options)).tasks.map((task) => task.name);
}

/** A folder with these task folders, and a file and a folder beside them. */
function inSuiteFolder(
  tasks: string[],
  body: (folder: string) => Promise<void>,
): Promise<void> {
  return inTempFolder(async (folder) => {
    for (const task of tasks) await writeFiles(`${folder}/${task}`, GOOD);
    await writeFiles(folder, { "README.md": "hi", "notes/x.txt": "hi" });
    await body(folder);
  });
}

Deno.test("openSuite() orders tasks by code point of the folder", () =>
  // By UTF-16 unit U+1F4C4 would come before U+FF01.
  inSuiteFolder(
    ["b", "B", "a10", "a2", "\uFF01", "\u{1F4C4}"],
    async (folder) => {
      assert.deepEqual(await names(folder), [
        "B",
        "a10",
        "a2",
        "b",
        "\uFF01",
        "\u{1F4C4}",
      ]);
      const suite = await openSuite(`${folder}/`);
      assert.equal(suite.name, folder.slice(folder.lastIndexOf("/") + 1));
    },
  ));

Deno.test("openSuite() follows suite.json, and a choice goes before it", () =>
  inSuiteFolder(["a", "b", "c"], async (folder) => {
    const file = { name: "mine", tasks: ["c", "a"] };
    await writeFiles(folder, { "suite.json": JSON.stringify(file) });
    assert.deepEqual(await names(folder), ["c", "a"]);
    assert.equal((await openSuite(folder)).name, "mine");
    assert.deepEqual(await names(folder, { tasks: ["a", "c"] }), ["a", "c"]);
    await assert.rejects(openSuite(folder, { tasks: ["b"] }), RangeError);
    await writeFiles(folder, { "suite.json": '{"name":"mine","tasks":["d"]}' });
    await assert.rejects(openSuite(folder), {
      name: "RangeError",
      message:
        `Cannot find task "d" of ${folder}/suite.json: nearest are a, b, c`,
    });
    await writeFiles(folder, { "suite.json": '{"name":"mine","tasks":[]}' });
    await assert.rejects(openSuite(folder), {
      name: "SyntaxError",
      message:
        `Cannot use ${folder}/suite.json: tasks must name a task: got []`,
    });
  }));

Deno.test("openSuite() reads only the tasks chosen", () =>
  inSuiteFolder(["good", "bad"], async (folder) => {
    await writeFiles(`${folder}/bad`, { "corpus.jsonl": "{" });
    assert.deepEqual(await names(folder, { tasks: ["good"] }), ["good"]);
    await assert.rejects(openSuite(folder), SyntaxError);
  }));

Deno.test("openSuite() names the nearest tasks when one is unknown", () =>
  inSuiteFolder(
    ["squad-it", "clinc150", "banking77", "squad-pt"],
    async (folder) => {
      await assert.rejects(openSuite(folder, { tasks: ["squadit"] }), {
        name: "RangeError",
        message:
          `Cannot find task "squadit" of suite ${folder}: nearest are squad-it, squad-pt, clinc150`,
      });
      await assert.rejects(openSuite(folder, { tasks: [] }), /none is named/);
      await assert.rejects(
        openSuite(folder, { tasks: ["clinc150", "clinc150"] }),
        /Cannot choose task "clinc150" of suite .* twice/,
      );
    },
  ));

Deno.test("openSuite() refuses two folders with a task of one name", () =>
  inSuiteFolder(["a", "b"], async (folder) => {
    await writeFiles(folder, { "b/task.json": '{"task":"a"}' });
    await assert.rejects(openSuite(folder), {
      name: "RangeError",
      message: /both hold a task named "a"; change "task" in one task.json$/,
    });
  }));

Deno.test("openSuite() says what a folder is that is no suite", () =>
  inSuiteFolder(["a"], async (folder) => {
    for (
      const [path, message] of [
        [`${folder}/none`, /there is no such folder$/],
        [`${folder}/README.md`, /there is no such folder$/],
        [`${folder}/notes`, /it holds no task folder/],
        [
          `${folder}/a`,
          /it is a task folder itself; open it with openTask\(\)/,
        ],
      ] as const
    ) {
      await assert.rejects(openSuite(path), { name: "NotFound", message });
    }
  }));

withShared("openSuite() opens all tasks of the shared suite", async () => {
  const suite = await openSuite(shared("data/suite"));
  const names = suite.tasks.map((task) => task.name);
  assert.equal(names.length, 34);
  assert.deepEqual(names, [...names].sort());
  for (const [domain, row] of suiteRows(suite).entries()) {
    const info = readShared(`data/suite/${row.task}/task.json`);
    assert.equal(row.domain, domain);
    assert.equal(row.kind, info.type);
    assert.equal(row.passages, info.counts.corpus, row.task);
    for (const split of ["train", "dev", "test"] as const) {
      assert.equal(row[split], info.counts[`queries_${split}`] ?? 0, row.task);
    }
  }
  const rows = trainExamples(suite);
  assert.equal(rows.length, 34);
  rows.forEach((ofTask) => assert.ok(ofTask.length > 0));
});
