import assert from "node:assert/strict";
import { join } from "node:path";
import { writeSuite } from "../../lib/data/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { tdro } from "./_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

/** A run that takes a second. */
const QUICK = [
  ...["--backend", "cpu", "--steps", "1", "--weight-steps", "4"],
  ...["--batch-size", "2", "--weight-batch-size", "2", "--weight-passages"],
  ...["2", "--hidden-size", "8", "--heads", "1", "--layers", "1"],
  ...["--vocab-size", "100", "--quiet", "--json"],
];

Deno.test("tasks called like what objects inherit are in all that a run leaves", async () => {
  const folder = await tempFolder();
  const [suite, out] = [join(folder, "suite"), join(folder, "run")];
  const names = ["__proto__", "constructor", "toString"];
  const tasks = toySuite().tasks.map((task, k) => ({
    ...task,
    name: names[k]!,
  }));
  await writeSuite({ name: "inherited", tasks }, suite);
  const json = async (...words: string[]) => {
    const { code, out, err } = await tdro(...words);
    assert.equal(code, 0, err);
    return JSON.parse(out);
  };
  const tasksOf = (rows: { task: string }[]) => rows.map((row) => row.task);

  await json("run", "--suite", suite, "--out", out, ...QUICK);
  const negatives = await Deno.readTextFile(join(out, "negatives.json"));
  assert.deepEqual(Object.keys(JSON.parse(negatives)), names);
  const shown = await json("weights", "show", `${out}/weights.json`, "--json");
  assert.deepEqual(tasksOf(shown).sort(), names);
  const replayed = await json("weights", "replay", out, "--json");
  assert.deepEqual(tasksOf(replayed).sort(), names);
  for (const { size } of replayed) assert.ok(size > 0);
  const { tasks: explained } = await json("weights", "explain", out, "--json");
  assert.deepEqual(tasksOf(explained).sort(), names);
  for (const { passes } of explained) assert.ok(passes >= 0);
  await Deno.remove(folder, { recursive: true });
});
