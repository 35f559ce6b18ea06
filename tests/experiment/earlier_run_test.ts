import assert from "node:assert/strict";
import {
  disposeEncoder,
  encodeTexts,
  loadEncoder,
} from "../../lib/model/mod.ts";
import { readWeightFile } from "../../lib/dro/mod.ts";
import { writeSuite } from "../../lib/data/mod.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import { fromFileUrl, ROOT } from "../_paths.ts";
import { toySuite } from "../_toy_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

/**
 * A run that the version before the house was recut left behind when it was
 * interrupted in stage 2, and what that version made of it in the end.
 */
const EARLIER = fromFileUrl(new URL("run_before_the_recut", import.meta.url));

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

function readJson(path: string) {
  return JSON.parse(Deno.readTextFileSync(path));
}

Deno.test("a run of an earlier version goes on to that version's result", async () => {
  const cwd = await tempFolder();
  try {
    await writeSuite(toySuite(), `${cwd}/suite`);
    await copyFolder(`${EARLIER}/run`, `${cwd}/run`);
    // Its lengths were defaults then, and are found in its record.
    const record = readJson(`${cwd}/run/run.json`);
    delete record.options.queryLength;
    delete record.options.passageLength;
    await Deno.writeTextFile(`${cwd}/given.json`, JSON.stringify(record));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      cwd,
      args: [
        "run",
        "--allow-all",
        "--config",
        `${ROOT}deno.json`,
        `${ROOT}lib/cli/mod.ts`,
        "run",
        "--suite",
        "suite",
        "--config",
        "given.json",
        "--out",
        "run",
        "--backend",
        "wasm",
      ],
      stdout: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const log = await Deno.readTextFile(`${cwd}/run/metrics.jsonl`);
    const steps = log.trim().split("\n").map((line) => {
      const { stage, step } = JSON.parse(line);
      return `${stage} ${step}`;
    });
    // Four stages of ten updates, none lost and none made twice.
    assert.equal(new Set(steps).size, 40);
    assert.equal(steps.length, 40);
    assert.deepEqual(
      readJson(`${cwd}/run/weights.json`),
      readJson(`${EARLIER}/expected_weights.json`),
    );
    const [now, then] = [
      readJson(`${cwd}/run/eval.json`),
      readJson(`${EARLIER}/expected_eval.json`),
    ];
    // The arm of the heaviest tasks had another name.
    const before = { ...then, top: then.top70 };
    for (const arm of ["uniform", "reweighted", "top"]) {
      assert.deepEqual(now[arm].mean, before[arm].mean, arm);
    }
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("models and weight files of an earlier version load", async () => {
  const file = await readWeightFile(`${EARLIER}/run/weights.json`);
  const sum = file.weights.reduce((total, weight) => total + weight, 0);
  assert.ok(Math.abs(sum - 1) < 1e-6);
  await useBackend("wasm");
  const encoder = await loadEncoder(`${EARLIER}/run/models/uniform`);
  const { data } = await encodeTexts(encoder, ["red", "blue"]);
  assert.ok(data.every(Number.isFinite));
  disposeEncoder(encoder);
});
