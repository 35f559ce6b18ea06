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
    const importTo = (out: string, ...flags: string[]) =>
      tdro(
        "data",
        "import",
        `${folder}/faq.csv`,
        "--out",
        out,
        ...COLUMNS,
        ...flags,
      );
    const done = await importTo(out, "--task", "topic");
    assert.equal(done.code, 0, done.err);
    const { tasks } = await openSuite(out);
    assert.deepEqual(tasks.map(({ name }) => name), ["zeit", "ort"]);
    // A task put beside it must be listed to be found; what else the list says stays.
    const list = `${out}/suite.json`;
    const written = JSON.parse(await Deno.readTextFile(list));
    await Deno.writeTextFile(list, JSON.stringify({ ...written, by: "us" }));
    const beside = await importTo(`${out}/neu`);
    assert.match(beside.err, /suite\.json: .*neu is now among its tasks$/m);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(list)), {
      ...written,
      by: "us",
      tasks: ["zeit", "ort", "neu"],
    });
    const names = async () => (await openSuite(out)).tasks.map((t) => t.name);
    assert.deepEqual(await names(), ["zeit", "ort", "neu"]);
    const again = await importTo(`${out}/neu`, "--force");
    assert.doesNotMatch(again.err, /suite\.json/);
    assert.equal((await names()).length, 3);

    // A list that can't be read is told, with what to do; the task is whole.
    await Deno.writeTextFile(list, '{"name": "mine", "tasks": "all"}');
    const stray = await importTo(`${out}/fremd`);
    assert.equal(stray.code, 0);
    assert.match(
      stray.err,
      /suite\.json: tasks must be .*; then add the task in .*fremd to the "tasks" in /,
    );
    assert.equal((await openTask(`${out}/fremd`)).name, "fremd");
  });
});

Deno.test("data check names folders that the suite's list leaves out", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { "faq.csv": CSV });
    const out = `${folder}/suite`;
    const line = ["data", "import", `${folder}/faq.csv`, ...COLUMNS, "--out"];
    await tdro(...line, `${out}/eins`);
    await tdro(...line, `${out}/zwei`);
    const unlisted = async (...flags: string[]) => {
      const { out: text } = await tdro(
        "data",
        "check",
        out,
        "--json",
        ...flags,
      );
      const { findings, notes } = JSON.parse(text);
      const found = findings.filter((f: { check: string }) =>
        f.check === "unlisted"
      );
      assert.ok(notes >= found.length);
      return found.map((f: { task: string }) => f.task);
    };
    // Without a list every folder counts.
    assert.deepEqual(await unlisted(), []);
    await Deno.writeTextFile(
      `${out}/suite.json`,
      '{"name": "s", "tasks": ["zwei"]}',
    );
    assert.deepEqual(await unlisted(), ["eins"]);
    assert.deepEqual(await unlisted("--tasks", "zwei"), []);
    const { out: text } = await tdro("data", "check", out);
    assert.match(text.replaceAll(/\s+/g, " "), /note eins unlisted /);
    assert.ok(!/…/.test(text));
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
