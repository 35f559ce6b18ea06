import assert from "node:assert/strict";
import { hashFile } from "../../lib/base/files/hash_file.ts";
import { openSuite, openTask, readImportRecord } from "../../lib/data/mod.ts";
import { ROOT } from "../_paths.ts";
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

Deno.test("data import tells what it took for what, and keeps it in import.json", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "set/README.md":
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: a.csv\n  - split: test_hard\n    path: b.csv\n---\n",
      "set/a.csv": "query,passage,neg_id,lang\nq1,p1,7,de\nq2,p2,8,en\n",
      "set/b.csv": "query,passage,neg_id,lang\nq3,p3,9,de\n",
      "set/c.csv": "query,passage\nq4,p4\n",
    });
    const out = `${folder}/suite/set`;
    const line = ["data", "import", `${folder}/set`, "--out", out];
    const done = await tdro(...line, "--dev", "0.5");
    assert.equal(done.code, 0, done.err);
    assert.deepEqual(done.out.split("\n").slice(0, 11), [
      'a.csv: 2 rows of split "train"',
      'b.csv: 1 row of split "test_hard"',
      "README.md: says which files are which split",
      'c.csv: not used: it is not named by the README for "default"',
      'column "query": query',
      'column "passage": passage',
      `column "neg_id": not used ("7", "8", "9"); if it holds passages ` +
      "that don't answer, name it with --negatives",
      'column "lang": not used ("de", "en")',
      'split "train": 2 rows, taken as train, less what is held out: 0.5 of its queries for dev, 0.1 of its queries for test',
      'split "test_hard": 1 row, left out; say what it is with --map-splits "test_hard=test"',
      "3 rows read, 2 used; not used: 1 of a split that is left out",
    ]);
    const record = await readImportRecord(out);
    assert.equal(record!.options.dev, 0.5);
    assert.equal(record!.options.seed, 42);
    assert.equal(
      record!.files[0]!.sha256,
      (await hashFile(`${folder}/set/a.csv`)).sha256,
    );
    const page = await Deno.readTextFile(`${ROOT}docs/files.md`);
    for (
      const field of [...Object.keys(record!), ...Object.keys(record!.rows)]
    ) {
      assert.ok(page.includes(`\`${field}\``), field);
    }
    // The record lies in the folder and is in nobody's way.
    assert.equal((await openTask(out)).name, "set");
    const { out: checked } = await tdro(
      "data",
      "check",
      `${folder}/suite`,
      "--json",
    );
    assert.doesNotMatch(checked, /import\.json/);
    // The options of a record repeat the import.
    const again = await tdro(
      "data",
      "import",
      `${folder}/set`,
      "--out",
      `${folder}/suite/again`,
      "--name",
      "set",
      "--config",
      `${out}/import.json`,
      "--json",
    );
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(JSON.parse(again.out).import, record);
  });
});

Deno.test("data import again: nothing to do, or what differs; --force replaces", async () => {
  await inTempFolder(async (folder) => {
    const file = `${folder}/faq.csv`;
    await writeFiles(folder, { "faq.csv": CSV });
    for (
      const [out, ...flags] of [
        [`${folder}/suite/faq`],
        [`${folder}/other`, "--task", "topic"],
      ]
    ) {
      const importIt = (...more: string[]) =>
        tdro(
          "data",
          "import",
          file,
          "--out",
          out!,
          ...COLUMNS,
          ...flags,
          ...more,
        );
      const first = await importIt();
      assert.equal(first.code, 0, first.err);
      const noted = (await Deno.stat(`${out}/import.json`)).mtime;
      const again = await importIt();
      assert.equal(again.code, 0, again.err);
      assert.match(again.err, /already imported with the same settings/);
      assert.equal(again.out, first.out);
      // --force with the same settings writes anew.
      assert.deepEqual((await Deno.stat(`${out}/import.json`)).mtime, noted);
      const other = await importIt("--seed", "7");
      assert.ok(isUserError(other), other.err);
      assert.match(
        other.err,
        /other settings .*\(seed is 7, was 42\).*--force/,
      );
      await Deno.writeTextFile(file, `${CSV}ort,Wohin?,Ans Meer\n`);
      const changed = await importIt();
      assert.ok(isUserError(changed), changed.err);
      assert.match(changed.err, /\(file faq\.csv is another than then\)/);
      // What can't be read leaves what is there.
      const broken = await importIt("--force", "--query", "fehlt");
      assert.equal(broken.code, 2);
      assert.equal((await readImportRecord(out!))!.rows.read, 2);
      const forced = await importIt("--force");
      assert.equal(forced.code, 0, forced.err);
      assert.equal((await readImportRecord(out!))!.rows.read, 3);
      await Deno.writeTextFile(file, CSV);
    }
    // A folder without a record isn't anybody's import.
    await Deno.remove(`${folder}/other/import.json`);
    const strange = await tdro(
      "data",
      "import",
      file,
      "--out",
      `${folder}/other`,
      ...COLUMNS,
    );
    assert.ok(isUserError(strange) && /--force/.test(strange.err), strange.err);
    // A suite isn't imported, it is one.
    for (const path of [`${folder}/suite`, `${folder}/suite/faq`]) {
      const suite = await tdro("data", "import", path, "--out", `${folder}/x`);
      assert.ok(isUserError(suite), suite.err);
      assert.match(suite.err, /it is a suite already|it is already a task in/);
    }
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

Deno.test("data import --task refuses names that can't be folders, and writes none", async () => {
  await inTempFolder(async (folder) => {
    for (
      const [names, message] of [
        [[".hidden"], /begin with no dot .*; rename the task$/m],
        [["x".repeat(300)], /at most 200 bytes .*; rename the task$/m],
        [["a/b"], /hold no slash/],
        [["Topic", "topic"], /another task has the name/],
        [["import.json"], /a file of the suite has the name/],
        [["Suite.json"], /a file of the suite has the name/],
      ] as const
    ) {
      const rows = names.map((name) => `${name},q,p\n`).join("");
      await writeFiles(folder, { "a.csv": `topic,query,passage\n${rows}` });
      const out = `${folder}/suite`;
      const outcome = await tdro(
        "data",
        "import",
        `${folder}/a.csv`,
        "--task",
        "topic",
        "--out",
        out,
      );
      assert.ok(isUserError(outcome), outcome.err);
      assert.match(outcome.err, message);
      await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
    }
    // Odd names that can be folders are tasks as any other.
    await writeFiles(folder, {
      "b.csv": "topic,query,passage\n__proto__,q,p\na b,q,p\n",
    });
    const done = await tdro(
      "data",
      "import",
      `${folder}/b.csv`,
      "--task",
      "topic",
      "--out",
      `${folder}/odd`,
    );
    assert.equal(done.code, 0, done.err);
    const { tasks } = await openSuite(`${folder}/odd`);
    assert.deepEqual(tasks.map(({ name }) => name), ["__proto__", "a b"]);
  });
});
