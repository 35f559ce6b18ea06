import assert from "node:assert/strict";
import fc from "fast-check";
import {
  openImport,
  type OpenImportOptions,
  openSuite,
  openTask,
  readImportRecord,
  suiteRows,
} from "../../../lib/data/mod.ts";
import { ROOT } from "../../_paths.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";

/** Rows that repeat each other's texts and ids, as random ones don't. */
const row = fc.record({
  query: fc.constantFrom("a", "b", "c", "d", "e", "f"),
  passage: fc.constantFrom<unknown>(
    "x",
    "y",
    "z",
    { docid: "d1", title: "One", text: "x" },
    { docid: "p2", text: "w" },
  ),
  negatives: fc.array(fc.constantFrom("x", "y", "n1", "n2", "w")),
  split: fc.constantFrom("train", "test", "", ""),
  topic: fc.constantFrom("one", "two"),
});

Deno.test("an import written as it's read is what one in memory is", async () => {
  const task = fc.constantFrom(undefined, "topic");
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 12 }),
      task,
      async (rows, task) => {
        await inTempFolder(async (folder) => {
          await writeFiles(folder, {
            "a.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
          });
          const options: OpenImportOptions = { task, dev: 0.2, test: 0.2 };
          const opened = await openImport(`${folder}/a.jsonl`, options);
          const out = `${folder}/out`;
          const [inMemory, written] = await Promise.allSettled([
            opened.read(),
            opened.write(out),
          ]);
          if (inMemory.status === "rejected") {
            assert.equal(written.status, "rejected");
            assert.equal(`${written.reason}`, `${inMemory.reason}`);
            return;
          }
          assert.ok(written.status === "fulfilled");
          const { suite, record } = inMemory.value;
          const tasks = task === undefined
            ? [await openTask(out)]
            : (await openSuite(out)).tasks;
          assert.deepEqual(tasks, suite.tasks);
          assert.deepEqual(written.value.tasks, suiteRows(suite));
          assert.deepEqual(written.value.record, record);
          assert.deepEqual(
            await readImportRecord(out),
            JSON.parse(JSON.stringify(record)),
          );
        });
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("the texts of an import don't stay in memory", async () => {
  // 48 MB of texts, half of them negatives that wait, in a heap of 40 MB.
  const program = `
    import { openImport } from "${new URL(
    "lib/data/mod.ts",
    `file://${ROOT}`,
  )}";
    const [path, out] = Deno.args;
    const { tasks } = await (await openImport(path)).write(out);
    console.log(tasks[0].passages);
  `;
  await inTempFolder(async (folder) => {
    const filler = "words ".repeat(1000);
    const lines = Array.from({ length: 4_000 }, (_, i) =>
      JSON.stringify({
        query: `q${i}`,
        positive: `p${i} ${filler}`,
        negative: `n${i} ${filler}`,
      }) + "\n");
    await writeFiles(folder, { "a.jsonl": lines.join(""), "a.ts": program });
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-all",
        "--no-check",
        `--config=${ROOT}deno.json`,
        "--v8-flags=--max-old-space-size=40",
        `${folder}/a.ts`,
        `${folder}/a.jsonl`,
        `${folder}/out`,
      ],
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.equal(text(stdout).trim(), "8000", text(stderr));
  });
});
