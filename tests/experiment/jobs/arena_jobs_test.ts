import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../../lib/backend/mod.ts";
import type { Suite } from "../../../lib/data/mod.ts";
import {
  collectArena,
  compareMixtures,
  planArenaJobs,
  type PlanArenaJobsOptions,
  type ProgressEvent,
  readJobPlan,
  work,
  type WorkDone,
  type WorkOptions,
} from "../../../lib/experiment/mod.ts";
import { comparable, readFiles } from "../../faults/_files.ts";
import { ended } from "../../_long_work.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";
import { sealed } from "./_sealed.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  steps: 3,
  batchSize: 6,
  weightBatchSize: 6,
  negatives: 3,
  checkpointEvery: 2,
  evalEvery: 2,
  budget: 6,
};
/** Seconds between signs of life, so that nothing waits for long. */
const BEAT = 0.05;

const NAMES = ["tdro-top-70", "tdro"];

async function plan(
  out: string,
  options: Partial<PlanArenaJobsOptions> & {
    names?: string[];
    suite?: Suite;
  } = {},
) {
  const { names = NAMES, suite = toySuite(), ...rest } = options;
  const backend = await useBackend("wasm");
  return await ended(
    planArenaJobs(suite, names, { ...SETTINGS, backend, out, ...rest }),
  );
}

async function worker(
  folder: string,
  options: Partial<WorkOptions> = {},
): Promise<AsyncGenerator<ProgressEvent, WorkDone>> {
  const backend = await useBackend("wasm");
  return work(folder, { suite: toySuite(), backend, beat: BEAT, ...options });
}

Deno.test("jobs done by three workers at once are the arena run in one go", () =>
  inTempFolder(async (folder) => {
    const backend = await useBackend("wasm");
    const seeds = [1, 2];
    const { plan: made, added } = await plan(`${folder}/plan`, { seeds });
    assert.equal(added, 8); // three arms and the start, twice
    assert.deepEqual(
      made.lines.map(({ strategy, seed, needs }) => [strategy, seed, needs]),
      [
        ["uniform", 1, []],
        ["tdro", 1, [0]],
        ["tdro-top-70", 1, [0, 1]],
        [undefined, 1, []],
        ["uniform", 2, []],
        ["tdro", 2, [4]],
        ["tdro-top-70", 2, [4, 5]],
        [undefined, 2, []],
      ],
    );
    const tensors = tf.memory().numTensors;
    // Each makes a step in turn: their jobs lie across each other.
    const workers = await Promise.all(
      [0, 1, 2].map(() => worker(`${folder}/plan`)),
    );
    const finished: number[][] = [];
    while (workers.length > 0) {
      for (const each of [...workers]) {
        const next = await each.next();
        if (!next.done) continue;
        finished.push(next.value.finished);
        workers.splice(workers.indexOf(each), 1);
      }
    }
    assert.deepEqual(finished.flat().sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.ok(finished.every((own) => own.length > 0), `${finished}`);
    assert.equal(tf.memory().numTensors, tensors, "tensors are left behind");

    const collected = await collectArena(`${folder}/plan`, {
      out: `${folder}/collected/arena`,
    });
    assert.equal(Object.values(collected.hosts).join(), "8");
    assert.deepEqual(collected.differences, []);
    await ended(compareMixtures(toySuite(), NAMES, {
      ...SETTINGS,
      seeds,
      backend,
      out: `${folder}/whole/arena`,
    }));
    const [whole, made2] = await Promise.all(
      ["whole", "collected"].map(async (name) =>
        comparable(await readFiles(`${folder}/${name}/arena`))
      ),
    );
    assert.deepEqual(made2, whole);

    // Idempotent; and the arena can go on from what was collected.
    const again = await ended(await worker(`${folder}/plan`));
    assert.deepEqual(again, { finished: [], left: [] });
    await collectArena(`${folder}/plan`, { out: `${folder}/collected/arena` });
    const events = compareMixtures(toySuite(), NAMES, {
      ...SETTINGS,
      seeds,
      backend,
      out: `${folder}/collected/arena`,
    });
    for await (const { stage, label } of events) {
      assert.match(`${stage} ${label}`, /before|^seed|^plan|^dev/);
    }
    // Nothing is left over.
    const left = [...(await readFiles(`${folder}/plan`)).keys()];
    assert.deepEqual(
      left.filter((path) => /^(work|claims)\/|\.lock/.test(path)),
      [],
    );
  }));

Deno.test("a plan is the same bytes each time, and grows by what is new", () =>
  inTempFolder(async (folder) => {
    const options = { seeds: [1], names: ["proportional"] };
    await plan(`${folder}/a`, options);
    await plan(`${folder}/b`, options);
    const bytes = (name: string) => readFiles(`${folder}/${name}`);
    assert.deepEqual(await bytes("a"), await bytes("b"));
    const before = (await readJobPlan(`${folder}/a`)).lines;
    const grown = await plan(`${folder}/a`, { seeds: [2], names: ["doremi"] });
    assert.deepEqual(grown.plan.lines.slice(0, before.length), before);
    assert.deepEqual(
      grown.plan.lines.slice(before.length).map((job) => [
        job.strategy,
        job.seed,
        job.needs,
      ]),
      [
        ["doremi", 1, [0]],
        ["uniform", 2, []],
        ["proportional", 2, []],
        ["doremi", 2, [4]],
        [undefined, 2, []],
      ],
    );
    assert.equal((await plan(`${folder}/a`, options)).added, 0);
    await assert.rejects(
      plan(`${folder}/a`, { ...options, steps: 4 }),
      /it holds a plan with other settings \(settings\.steps is 4, was 3\)/,
    );
    await Deno.writeTextFile(`${folder}/notes.txt`, "mine");
    await assert.rejects(plan(folder, options), /don't belong to a plan/);
  }));

Deno.test("one index brings what it needs; some seeds can be collected", () =>
  inTempFolder(async (folder) => {
    const at = `${folder}/plan`;
    await plan(at, { seeds: [1, 2], names: ["tdro"] });
    const one = await ended(await worker(at, { index: 4 })); // tdro, seed 2
    assert.deepEqual(one, { finished: [3, 4], left: [] });
    await assert.rejects(
      collectArena(at),
      /4 of its 6 jobs aren't done: 0 \(uniform, seed 1\), 1 \(tdro, seed 1\), 2 \(without training, seed 1\), …; do them by tdro work/,
    );
    await ended(await worker(at, { index: 5 }));
    const part = await collectArena(at, { seeds: [2] });
    assert.equal(part.folder, `${at}/arena`);
    assert.deepEqual(part.seeds, [2]);
    assert.deepEqual(part.arms.map((arm) => arm.strategy), ["uniform", "tdro"]);
    await assert.rejects(
      collectArena(at, { seeds: [3] }),
      /seeds must be among 1, 2: got 3/,
    );
  }));

Deno.test("work on what has changed is refused in a line", () =>
  inTempFolder(async (folder) => {
    const at = `${folder}/plan`;
    await plan(at, { seeds: [1], names: ["tdro"] });
    const refused = async (
      message: RegExp,
      options: Partial<WorkOptions> = {},
    ) => {
      await assert.rejects(
        async () => await ended(await worker(at, options)),
        (error: Error) => {
          assert.match(error.message, message);
          assert.match(error.message, /^[^\n]*Cannot [^\n]+$/);
          return true;
        },
      );
    };
    const suite = toySuite();
    const [passage] = suite.tasks[1]!.corpus.values();
    passage!.text += "!";
    await refused(/the data of task weights has changed/, { suite });
    const [a, b] = toySuite().tasks;
    await refused(/task 2 must be weights: got shades/, {
      suite: { name: "toy", tasks: [b!, a!].reverse().toSpliced(1, 1, a!) },
    });
    await refused(/the index must be an integer from 0 to 2: got 4/, {
      index: 4,
    });
    const cpu = await useBackend("cpu");
    await refused(/computed by wasm on the cpu, and here is cpu on the cpu/, {
      backend: cpu,
    });
    await useBackend("wasm");

    const record = `${at}/plan.json`;
    const text = await Deno.readTextFile(record);
    const jobs = await Deno.readTextFile(`${at}/jobs.jsonl`);
    const { tdro } = JSON.parse(text).versions;
    await Deno.writeTextFile(record, sealed(text, { versions: { tdro: "9" } }));
    await refused(RegExp(`version 9 of tdro made it, and this is ${tdro}`));
    await Deno.writeTextFile(record, sealed(text, { format: "tdro-run/1" }));
    await refused(/format must be "tdro-plan\/1": got "tdro-run\/1"/);
    await Deno.writeTextFile(record, text.replace('"seed', '"sed'));
    await refused(/plan\.json is damaged/);
    await Deno.writeTextFile(record, text);
    await Deno.writeTextFile(`${at}/jobs.jsonl`, jobs.replace("tdro", "doge"));
    await refused(/jobs\.jsonl isn't the file that was written/);
    await Deno.remove(record);
    await refused(/it has no plan\.json; name a folder that tdro arena plan/);
  }));

Deno.test("a job that fails leaves the others to be done", () =>
  inTempFolder(async (folder) => {
    const at = `${folder}/plan`;
    const suite = toySuite();
    delete suite.tasks[1]!.qrels.dev;
    const names = ["leave-one-out", "proportional"];
    await plan(at, { seeds: [1], names, suite, evalEvery: undefined });
    await assert.rejects(
      async () => await ended(await worker(at, { suite })),
      /Cannot do job 1, leave-one-out, seed 1: Cannot learn weights by leave-one-out: task weights has no dev/,
    );
    const { finished, left } = await ended(
      await worker(at, { suite, index: 3 }),
    );
    assert.deepEqual([finished, left], [[], []]);
    const rest = await collectArena(at, { strategies: ["proportional"] });
    assert.equal(rest.strategies.length, 2);
  }));
