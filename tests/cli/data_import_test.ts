import assert from "node:assert/strict";
import { openSuite, openTask } from "../../lib/data/mod.ts";
import { inTempFolder, writeFiles } from "../data/_folders.ts";
import { isUserError, tdro } from "./_capture.ts";

const CSV = "topic,Frage,Antwort\nzeit,Wann?,Um neun\nort,Wo?,Am Fluss\n";
const COLUMNS = ["--query", "Frage", "--passage", "Antwort"];

Deno.test("data import writes a task folder that data check accepts", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { "faq.csv": CSV });
    const out = `${folder}/suite/fragen`;
    const line = ["data", "import", `${folder}/faq.csv`, "--out", out];
    const done = await tdro(...line, ...COLUMNS, "--language", "de");
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /fragen[\s\S]*written to .*next: tdro data check/);
    const task = await openTask(out);
    assert.equal(task.name, "fragen");
    assert.equal(task.language, "de");
    assert.equal(task.queries.size, 2);
    const again = await tdro(...line, ...COLUMNS);
    assert.ok(isUserError(again) && /--force/.test(again.err), again.err);
    const forced = await tdro(...line, ...COLUMNS, "--force", "--json");
    assert.equal(JSON.parse(forced.out).tasks[0].passages, 2);
  });
});

Deno.test("data import --task writes a suite", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { "faq.csv": CSV });
    const out = `${folder}/suite`;
    const done = await tdro(
      "data",
      "import",
      `${folder}/faq.csv`,
      "--out",
      out,
      ...COLUMNS,
      "--task",
      "topic",
    );
    assert.equal(done.code, 0, done.err);
    const { tasks } = await openSuite(out);
    assert.deepEqual(tasks.map(({ name }) => name), ["zeit", "ort"]);
    // A task put beside it must be listed to be found.
    const beside = await tdro(
      "data",
      "import",
      `${folder}/faq.csv`,
      "--out",
      `${out}/neu`,
      ...COLUMNS,
    );
    assert.match(beside.err, /add "neu" there/);
  });
});

Deno.test("data import says what to mend, with exit code 2", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { "faq.csv": CSV });
    const out = `${folder}/suite/fragen`;
    for (
      const [flags, message] of [
        [[], /name one with query \(--query\)/],
        [["--query", "frage"], /nearest is "Frage"/],
        [["--query", "Frage", "--passage", "Antwort", "--dev", "2"], /dev/],
      ] as const
    ) {
      const outcome = await tdro(
        "data",
        "import",
        `${folder}/faq.csv`,
        "--out",
        out,
        ...flags,
      );
      assert.ok(isUserError(outcome), JSON.stringify(outcome));
      assert.match(outcome.err, message);
    }
    await assert.rejects(Deno.stat(`${folder}/suite`), Deno.errors.NotFound);
  });
});
