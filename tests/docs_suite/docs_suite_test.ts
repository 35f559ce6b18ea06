import assert from "node:assert/strict";
import {
  normaliseText,
  openSuite,
  passageText,
  type SplitName,
  type Suite,
  suiteRows,
  trainExamples,
  writeSuite,
} from "../../lib/data/mod.ts";
import {
  buildDocsSuite,
  docsSuite,
  docsTaskNames,
} from "../../lib/docs_suite/mod.ts";
import { tempFolder } from "../_temp_folder.ts";

/** Names and bytes of all files of a folder. */
async function readTree(folder: string): Promise<Map<string, string>> {
  const tree = new Map<string, string>();
  const visit = async (path: string) => {
    for await (
      const { name, isDirectory } of Deno.readDir(`${folder}${path}`)
    ) {
      const inner = `${path}/${name}`;
      if (isDirectory) await visit(inner);
      else tree.set(inner, await Deno.readTextFile(`${folder}${inner}`));
    }
  };
  await visit("");
  return new Map([...tree].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Normal forms of what a split asks, and of what answers it, in all tasks. */
function textsOf(suite: Suite, split: SplitName) {
  const queries = new Set<string>(), passages = new Set<string>();
  for (const task of suite.tasks) {
    for (const [query, grades] of task.qrels[split]!) {
      queries.add(normaliseText(task.queries.get(query)!.text));
      for (const id of grades.keys()) {
        passages.add(normaliseText(passageText(task.corpus.get(id)!)));
      }
    }
  }
  return { queries, passages };
}

Deno.test("the docs suite", async (t) => {
  const suite = await buildDocsSuite();
  const rows = suiteRows(suite);
  const sum = (key: "pairs" | "train" | "dev" | "test") =>
    rows.reduce((total, row) => total + row[key], 0);

  await t.step("is large and mixed enough", () => {
    assert(rows.length >= 10);
    assert(sum("pairs") >= 9000 && sum("pairs") <= 14000);
    assert(new Set(rows.map((row) => row.kind)).size >= 5);
    assert(new Set(rows.flatMap((row) => row.language.split(" "))).size >= 10);
    assert(rows.some((row) => row.pairs <= 400));
    assert(rows.some((row) => row.pairs >= 2000));
    assert(rows.every((row) => row.passages >= 500));
    assert.deepEqual(rows.map((row) => row.task), docsTaskNames());
    assert.deepEqual(docsTaskNames(), docsTaskNames().sort());
  });

  await t.step("says of each task what it is", () => {
    for (const task of suite.tasks) {
      for (
        const field of [
          "prompt",
          "kind",
          "license",
          "source",
          "transform",
        ] as const
      ) {
        assert(task[field], `${task.name}: ${field}`);
      }
      for (const text of [...task.queries.values(), ...task.corpus.values()]) {
        assert(text.text.trim() === text.text && text.text !== "");
        assert(text.text.length <= 640);
      }
    }
  });

  await t.step("has splits of about 70, 10 and 20 %", () => {
    const all = sum("train") + sum("dev") + sum("test");
    assert(Math.abs(sum("train") / all - 0.7) < 0.03);
    assert(Math.abs(sum("dev") / all - 0.1) < 0.03);
    for (const row of rows) {
      const share = row.test / (row.train + row.dev + row.test);
      // Groups of equal sentences make small tasks less even.
      assert(share > 0.1 && share < 0.3, `${row.task}: ${share}`);
    }
    assert.equal(trainExamples(suite).flat().length, sum("train"));
  });

  await t.step("leaks nothing between splits, in any task", () => {
    const parts = (["train", "dev", "test"] as const).map((s) =>
      textsOf(suite, s)
    );
    for (const [i, a] of parts.entries()) {
      for (const [j, b] of parts.entries()) {
        if (i === j) continue;
        assert.equal(a.queries.intersection(b.queries).size, 0);
        assert.equal(a.queries.intersection(b.passages).size, 0);
        assert.equal(a.passages.intersection(b.passages).size, 0);
      }
    }
  });

  await t.step(
    "repeats nothing within a task, and no answer holds its question",
    () => {
      for (const task of suite.tasks) {
        const forms = (texts: Iterable<string>) =>
          [...texts].map(normaliseText);
        const queries = forms([...task.queries.values()].map((q) => q.text));
        assert.equal(new Set(queries).size, queries.length, task.name);
        const passages = forms([...task.corpus.values()].map(passageText));
        assert.equal(new Set(passages).size, passages.length, task.name);
        for (const split of Object.values(task.qrels)) {
          for (const [query, grades] of split) {
            assert(grades.size >= 1 && grades.size <= 5);
            const question = normaliseText(task.queries.get(query)!.text);
            for (const id of grades.keys()) {
              const answer = normaliseText(passageText(task.corpus.get(id)!));
              assert(!` ${answer} `.includes(` ${question} `), question);
            }
          }
        }
      }
    },
  );

  const folder = await tempFolder();
  await t.step("is the same, byte for byte, when built again", async () => {
    await writeSuite(suite, `${folder}/a`);
    await writeSuite(await buildDocsSuite(), `${folder}/b`);
    const tree = await readTree(`${folder}/a`);
    assert.equal(tree.size, 1 + 6 * suite.tasks.length);
    assert.deepEqual(await readTree(`${folder}/b`), tree);
    assert.deepEqual(await openSuite(`${folder}/a`), { ...suite });
  });

  await t.step("gives a choice of tasks without changing them", async () => {
    const tasks = ["tfjs-ops", "es-lib"];
    const chosen = await buildDocsSuite({ tasks });
    assert.deepEqual(
      chosen.tasks,
      tasks.map((name) => suite.tasks.find((task) => task.name === name)),
    );
    await assert.rejects(buildDocsSuite({ tasks: ["es-lip"] }), {
      name: "RangeError",
      message:
        /^Cannot find task "es-lip" of the docs suite: nearest are es-lib, /,
    });
    await assert.rejects(
      buildDocsSuite({ tasks: ["es-lib", "es-lib"] }),
      RangeError,
    );
  });

  await t.step(
    "is kept in a folder, and rebuilt when its sources change",
    async () => {
      const kept = `${folder}/kept`;
      assert.deepEqual((await docsSuite(kept)).tasks, suite.tasks);
      const mark = await Deno.readTextFile(`${kept}/built_from.json`);

      // A second call reads what is there, and doesn't build.
      const note = `${kept}/es-lib/task.json`;
      const info = JSON.parse(await Deno.readTextFile(note));
      await Deno.writeTextFile(
        note,
        JSON.stringify({ ...info, prompt: "kept" }),
      );
      const tasks = ["es-lib"];
      const again = await docsSuite(kept, { tasks });
      assert.equal(again.tasks[0]!.prompt, "kept");
      assert.equal(again.tasks.length, 1);

      await Deno.writeTextFile(
        `${kept}/built_from.json`,
        mark.replace(/\d/, "0"),
      );
      const fresh = await docsSuite(kept, { tasks });
      assert.notEqual(fresh.tasks[0]!.prompt, "kept");
      assert.equal(await Deno.readTextFile(`${kept}/built_from.json`), mark);

      await Deno.mkdir(`${folder}/other/x`, { recursive: true });
      await assert.rejects(docsSuite(`${folder}/other`), {
        name: "RangeError",
        message: /the folder holds something else/,
      });
    },
  );
  await Deno.remove(folder, { recursive: true });
});
