import assert from "node:assert/strict";
import { lockFolder } from "../../lib/base/files/folder_lock.ts";
import type { ListedRun } from "../../lib/experiment/mod.ts";
import { writeFakeArena, writeFakeRun } from "../experiment/_fake_runs.ts";
import { isUserError, tdro } from "./_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

const write = async (path: string, value: unknown) =>
  await Deno.writeTextFile(path, JSON.stringify(value));

/** A folder with runs of every kind and in every state. */
async function withRuns(work: (folder: string) => Promise<void>) {
  const folder = await tempFolder();
  try {
    await writeFakeRun(`${folder}/a-10`, { suite: "mine" });
    await writeFakeArena(`${folder}/a-9`);
    for (const name of ["stopped", "running", "trained", "bad"]) {
      await writeFakeRun(`${folder}/deep/${name}`);
    }
    const record = JSON.parse(
      await Deno.readTextFile(`${folder}/a-10/run.json`),
    );
    for (const name of ["stopped", "running"]) {
      await write(`${folder}/deep/${name}/run.json`, {
        ...record,
        status: "running",
      });
    }
    await write(`${folder}/deep/trained/run.json`, {
      ...record,
      options: { kind: "retriever" },
    });
    await write(`${folder}/deep/trained/eval.json`, {
      retriever: {
        format: "tdro-eval/1",
        suite: "mine",
        settings: { metrics: ["nDCG@10"], k: 10 },
        tasks: [],
        mean: { "nDCG@10": 0.5 },
      },
    });
    await Deno.writeTextFile(`${folder}/deep/bad/summary.json`, "{");
    await Deno.mkdir(`${folder}/no-run`);
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("tdro runs lists runs of every kind, in the order of their names", () =>
  withRuns(async (folder) => {
    await using _lock = await lockFolder(`${folder}/deep/running`);
    const { code, out } = await tdro("runs", folder, "--json");
    assert.equal(code, 0);
    const runs: ListedRun[] = JSON.parse(out);
    assert.deepEqual(
      runs.map(({ folder: at, kind, suite, status }) =>
        [at.slice(folder.length + 1), kind, suite, status].join(" ")
      ),
      [
        "a-9 arena fake finished",
        "a-10 run mine finished",
        "deep/bad run  damaged",
        "deep/running run mine running",
        "deep/stopped run mine stopped",
        "deep/trained train mine finished",
      ],
    );
    const summary = JSON.parse(
      await Deno.readTextFile(`${folder}/a-10/summary.json`),
    );
    assert.deepEqual(runs[1]!.means, summary.mean);
    const arena = JSON.parse(
      await Deno.readTextFile(`${folder}/a-9/arena.json`),
    );
    for (const { name, mean } of arena.strategies) {
      assert.equal(runs[0]!.means[name], mean);
    }
    assert.deepEqual(runs[5]!.means, { retriever: 0.5 });
    assert.match(runs[2]!.damage!, /summary.json:1: .* not JSON/);
    for (const text of ["null", "[]", '{"suite":7}', "{"]) {
      await Deno.writeTextFile(`${folder}/a-10/run.json`, text);
      const again = await tdro("runs", `${folder}/a-10`, "--json");
      const [one]: ListedRun[] = JSON.parse(again.out);
      assert.match(
        one!.damage!,
        /^\S*run\.json:1: Cannot read the run: /,
        text,
      );
    }
  }));

Deno.test("tdro runs shows the best of each, and what is damaged", () =>
  withRuns(async (folder) => {
    const { out } = await tdro("runs", folder);
    assert.match(out, /\/a-9 +arena +fake +finished +doremi +0\.42/);
    assert.match(out, /\/stopped +run +mine +stopped +– +–/);
    assert.match(out, /^\S*summary.json:1: Cannot read the run/m);
    // A run's own folder will do too.
    assert.match((await tdro("runs", `${folder}/a-10`)).out, /\/a-10 +run/);
    const none = await tdro("runs", `${folder}/no-run`);
    assert.equal(none.out, `No runs in ${folder}/no-run\n`);
    assert.ok(isUserError(await tdro("runs", `${folder}/nowhere`)));
    assert.ok(isUserError(await tdro("runs", `${folder}/a-10/run.json`)));
  }));
