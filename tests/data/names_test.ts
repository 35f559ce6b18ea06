/** Names that objects, shells or file systems have plans of their own for. */
import assert from "node:assert/strict";
import { parquetWriteBuffer } from "hyparquet-writer";
import { printableJson } from "../../lib/base/printable.ts";
import {
  openSuite,
  suiteFromFile,
  taskFromFile,
  writeSuite,
} from "../../lib/data/mod.ts";
import { GOOD, goodTask, inTempFolder, writeFiles } from "./_folders.ts";

/** Names that work, one beside the other. */
const NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "-x",
  "a b",
  "dot.",
  "$(x)`'",
  "10",
  "9",
  "語".repeat(66), // 198 bytes
];

Deno.test("tasks of any name that can be a folder come back from a suite", () =>
  inTempFolder(async (folder) => {
    const suite = { name: "__proto__", tasks: NAMES.map(goodTask) };
    await writeSuite(suite, `${folder}/suite`);
    assert.deepEqual(await openSuite(`${folder}/suite`), suite);
  }));

/** Names that can't be a folder's, and what is said of them. */
const REFUSED: [name: string, why: RegExp][] = [
  ["", /must not be empty/],
  ["..", /hold no slash and begin with no dot/],
  ["../../etc/x", /hold no slash/],
  ["a\\b", /hold no slash/],
  ["a\u0000b", /hold no (line end or other )?control character/],
  ["a\u001b[2J", /hold no (line end or other )?control character/],
  ["a\u009b31m", /hold no (line end or other )?control character/],
  ["a\nb", /hold no (line end or other )?control character/],
  ["a\u202eb", /hold no (line end or other )?control character/],
  ["\ud800", /hold no (line end or other )?control character/],
  ["x".repeat(300), /have at most 200 bytes \(it has 300\)/],
  ["語".repeat(67), /have at most 200 bytes \(it has 201\)/],
];

for (const [name, why] of REFUSED) {
  const title = printableJson(JSON.stringify(name)).slice(0, 20);
  Deno.test(`a task called ${title} is neither opened nor written`, () =>
    inTempFolder(async (folder) => {
      const task = JSON.stringify({ task: name });
      await writeFiles(`${folder}/a`, { ...GOOD, "task.json": task });
      await assert.rejects(openSuite(folder), {
        name: "SyntaxError",
        message: why,
      });
      const suite = { name: "s", tasks: [goodTask(name)] };
      await assert.rejects(writeSuite(suite, `${folder}/s`), {
        name: "RangeError",
        message: why,
      });
    }));
}

Deno.test("a folder whose name can't be a task's asks for a name", () =>
  inTempFolder(async (folder) => {
    await writeFiles(`${folder}/a\u001b[2J`, GOOD);
    await assert.rejects(openSuite(folder), {
      message: /rename the folder, or name the task in its task\.json$/,
    });
    const task = JSON.stringify({ task: "a" });
    await writeFiles(`${folder}/a\u001b[2J`, { "task.json": task });
    assert.equal((await openSuite(folder)).tasks[0]!.name, "a");
  }));

for (
  const [a, b] of [["Nq", "nq"], ["\u00e9", "e\u0301"], ["a", "a."], [
    "a",
    "a ",
  ]]
) {
  Deno.test(`tasks called ${JSON.stringify([a, b])} get no folders beside each other`, () =>
    inTempFolder((folder) =>
      assert.rejects(
        writeSuite(
          { name: "s", tasks: [goodTask(a!), goodTask(b!)] },
          `${folder}/s`,
        ),
        { name: "RangeError", message: /another task has the name/ },
      )
    ));
}

for (const column of ["__proto__", "constructor", "toString"]) {
  Deno.test(`a column called ${column} holds what its rows hold`, () =>
    inTempFolder(async (folder) => {
      const texts = ["When?", "Where?"];
      await writeFiles(folder, {
        "t.csv": `${column},answer\nWhen?,Nine\nWhere?,There\n`,
        "t.jsonl":
          `{"${column}":"When?","answer":"Nine"}\n{"answer":"There","${column}":"Where?"}\n`,
        "t.json":
          `[{"${column}":"When?","answer":"Nine"},{"${column}":"Where?","answer":"There"}]`,
        "t.parquet": new Uint8Array(parquetWriteBuffer({
          columnData: [
            { name: column, data: texts },
            { name: "answer", data: ["Nine", "There"] },
          ],
        })),
      });
      for (const file of ["t.csv", "t.jsonl", "t.json", "t.parquet"]) {
        const path = `${folder}/${file}`;
        const task = await taskFromFile(path, { query: column });
        const found = Array.from(task.queries.values(), ({ text }) => text);
        assert.deepEqual(found, texts, file);
      }
      // A row without the column has nothing there, not what it inherits.
      await writeFiles(folder, {
        "u.jsonl": `{"${column}":"When?","answer":"Nine"}\n{"answer":"x"}\n`,
      });
      await assert.rejects(
        taskFromFile(`${folder}/u.jsonl`, { query: column }),
        { message: /u\.jsonl:2: Cannot use the row: .* got none/ },
      );
    }));
}

Deno.test("a table names tasks by any word", () =>
  inTempFolder(async (folder) => {
    const rows = NAMES.map((name) => `${name},Q ${name},A\n`);
    await writeFiles(folder, { "t.csv": `topic,q,a\n${rows.join("")}` });
    const suite = await suiteFromFile(`${folder}/t.csv`, { task: "topic" });
    assert.deepEqual(suite.tasks.map(({ name }) => name), NAMES);
  }));
