import assert from "node:assert/strict";
import { readReport } from "../../lib/eval/mod.ts";
import {
  parseExperimentOptions,
  readRun,
  reportRuns,
} from "../../lib/experiment/mod.ts";
import { RunClaim } from "../../lib/experiment/run_claim.ts";
import { openRunFolder } from "../../lib/experiment/run_folder.ts";
import { strategy } from "../../lib/dro/mod.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { writeFakeRun } from "./_fake_runs.ts";

/** Names in the files of a run, and those that earlier versions wrote instead. */
const EARLIER = {
  '"top"': '"top70"',
  '"otherWeight"': '"other_weight"',
  '"dataUsed"': '"data_used"',
  '"rowsSeen"': '"rows_seen"',
  '"topPercent"': '"top_percent"',
};

async function makeEarlier(folder: string): Promise<void> {
  for (const name of ["summary.json", "eval.json", "metrics.jsonl"]) {
    let text = await Deno.readTextFile(`${folder}/${name}`);
    for (const [now, then] of Object.entries(EARLIER)) {
      text = text.replaceAll(now, then);
    }
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
}

Deno.test("a finished run of an earlier version reads like one of today", () =>
  inTempFolder(async (folder) => {
    await writeFakeRun(folder);
    const still = { static: true };
    const [run, report, page] = [
      await readRun(folder),
      await readReport(`${folder}#top`),
      await reportRuns([folder], still),
    ];
    await makeEarlier(folder);
    assert.match(await Deno.readTextFile(`${folder}/eval.json`), /"top70"/);
    assert.deepEqual(await readRun(folder), run);
    assert.deepEqual(await readReport(`${folder}#top`), report);
    assert.deepEqual(await readReport(`${folder}#top70`), report);
    assert.equal(await reportRuns([folder], still), page);
  }));

const identity = (out: string) => ({
  options: {
    ...parseExperimentOptions({ out, steps: 7 }),
    queryLength: 48,
    passageLength: 64,
  },
  suite: { name: "toy", tasks: ["a"], sha256: "0" },
  backend: { name: "wasm", device: "cpu" },
});

/** A run that began before there were some of the settings. */
async function beginEarlier(out: string, change: object = {}): Promise<void> {
  const { options, ...rest } = identity(out);
  const { freeze: _, maxPasses: __, checkpointing: ___, ...then } = options;
  await Deno.writeTextFile(
    `${out}/run.json`,
    JSON.stringify({
      format: "tdro-run/1",
      status: "running",
      options: { ...then, prompts: true, ...change },
      ...rest,
    }),
  );
}

Deno.test("a setting that an earlier version didn't have makes no other run", () =>
  inTempFolder(async (out) => {
    await beginEarlier(out);
    const { state, record } = await openRunFolder(identity(out));
    assert.equal(state, "unfinished");
    assert.deepEqual(
      record.options,
      JSON.parse(
        JSON.stringify(identity(out).options),
      ),
    );
    await beginEarlier(out, { prompts: false });
    await assert.rejects(
      openRunFolder(identity(out)),
      /other settings \(options\.prompts is "task", was "none"\)/,
    );
    await beginEarlier(out);
    const other = identity(out);
    other.options.checkpointing = true;
    await assert.rejects(
      openRunFolder(other),
      /options\.checkpointing is true, was false/,
    );
  }));

Deno.test("an unfinished run's arm goes on under its name of today", () =>
  inTempFolder(async (out) => {
    await beginEarlier(out);
    for (const parent of ["models", "checkpoints"]) {
      await Deno.mkdir(`${out}/${parent}/top70`, { recursive: true });
      await Deno.writeTextFile(`${out}/${parent}/top70/file`, parent);
    }
    await Deno.writeTextFile(`${out}/models/top70.json`, "{}");
    await (await RunClaim.open(identity(out)))[Symbol.asyncDispose]();
    for (const parent of ["models", "checkpoints"]) {
      const text = await Deno.readTextFile(`${out}/${parent}/top/file`);
      assert.equal(text, parent);
      await assert.rejects(Deno.stat(`${out}/${parent}/top70`));
    }
    assert.equal(await Deno.readTextFile(`${out}/models/top.json`), "{}");
  }));

Deno.test("a strategy's earlier name finds it", () => {
  assert.equal(strategy("tdro-paper").name, "tdro-ratio-of-means");
});
