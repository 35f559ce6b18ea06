/**
 * A project for sentence-transformers trains as tdro does: in two processes, against
 * tdro's own log.
 */
import assert from "node:assert/strict";
import { LOSS_MEASURES } from "../../../lib/base/loss_measures.ts";
import {
  readWeightFile,
  replayWeights,
  type StepWeightsOptions,
} from "../../../lib/dro/mod.ts";
import {
  batches,
  type BatchesOptions,
  createRng,
} from "../../../lib/sampling/mod.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";
import { freePort } from "../../_servers.ts";
import { tempFolder } from "../../_temp_folder.ts";
import { tdro } from "../../cli/_capture.ts";
import { jsonLines, smallRun } from "./_handed_off.ts";

/** Runs a script of a project in two processes that talk by gloo. */
async function inTwo(folder: string, ...args: string[]): Promise<void> {
  const port = freePort();
  const outputs = [0, 1].map((rank) =>
    new Deno.Command(TORCH_PYTHON, {
      args,
      cwd: folder,
      env: {
        RANK: `${rank}`,
        LOCAL_RANK: `${rank}`,
        WORLD_SIZE: "2",
        LOCAL_WORLD_SIZE: "2",
        MASTER_ADDR: "127.0.0.1",
        MASTER_PORT: `${port}`,
        OMP_NUM_THREADS: "1",
        HF_HUB_OFFLINE: "1",
        HF_DATASETS_DISABLE_PROGRESS_BARS: "1",
      },
    }).output()
  );
  for (const { success, stderr } of await Promise.all(outputs)) {
    assert.ok(success, new TextDecoder().decode(stderr));
  }
}

/** How far float32 sums in another order, and updates on them, may be apart. */
function near(a: number, b: number, tolerance: number): void {
  assert.ok(Math.abs(a - b) <= tolerance * Math.abs(b), `${a} is not ${b}`);
}

Deno.test({
  name: "two processes train on tdro's batches, and their losses follow tdro's",
  ignore: WITHOUT_TORCH,
  async fn() {
    const { folder: work, handOff } = await smallRun({ steps: 3 });
    const { folder } = await handOff();
    const all = await jsonLines(`${work}/run/metrics.jsonl`);

    // The weights' training: the same mixture, the same batches.
    await inTwo(folder, "train.py", "--cpu", "--out", "out/two");
    const theirs = await jsonLines(`${folder}/out/two/metrics.jsonl`);
    const ours = all.filter(({ stage }) => stage === "reweighted");
    assert.equal(theirs.length, 3);
    ours.forEach(({ loss, lossByTask }, step) => {
      near(theirs[step].loss, loss, 1e-5);
      const tasks = Object.keys(lossByTask);
      assert.deepEqual(Object.keys(theirs[step].lossByTask), tasks);
    });

    // Stage 1, with the run's own reference model.
    const reference = `${work}/run/models/uniform`;
    const learn = ["learn_weights.py", "--cpu", "--reference", reference];
    await inTwo(folder, ...learn);
    const [header, ...steps] = await jsonLines(
      `${folder}/out/weights/losses.jsonl`,
    );
    const stage = all.filter(({ stage }) => stage === "weights");
    stage.forEach(({ examples }, step) => {
      const { losses, reference_losses, domains } = steps[step];
      assert.deepEqual(domains, examples.domains);
      for (let i = 0; i < domains.length; i++) {
        near(losses[i], examples.losses[i], 1e-4);
        near(reference_losses[i], examples.references[i], 1e-4);
      }
    });
    assert.equal(header.measure, "released");
    const log = `${folder}/out/weights/losses.jsonl`;
    const rows = JSON.parse(
      (await tdro("weights", "replay", log, "--json")).out,
    );
    const learned = await readWeightFile(`${folder}/out/weights/weights.json`);
    const run = await readWeightFile(`${work}/run/weights.json`);
    for (const { id, weight } of rows) {
      near(learned.weights[id]!, weight, 1e-14); // Python's own exp and log
      near(run.weights[id]!, weight, 1e-5);
    }

    // The smoke test finds damage.
    const file = `${folder}/data/0001-weights.jsonl`;
    await Deno.writeTextFile(file, "\n", { append: true });
    const { success, stderr } = await new Deno.Command(TORCH_PYTHON, {
      args: ["smoke_test.py"],
      cwd: folder,
    }).output();
    assert.ok(!success);
    assert.match(
      new TextDecoder().decode(stderr),
      /data\/0001-weights\.jsonl is not the file that tdro wrote/,
    );
  },
});

Deno.test({
  name: "the project's sampler draws what batches() draws",
  ignore: WITHOUT_TORCH,
  async fn() {
    const passage = (id: string) => ({ id, text: id });
    const tasks = [[5, 3, 4], [1, 1, 1, 2], [9]];
    const rows = tasks.map((negatives, domain) =>
      negatives.map((count, row) => ({
        domain,
        query: { id: `${row}`, text: "q" },
        positives: Array.from(
          { length: 1 + row % 2 },
          (_, i) => passage(`p${i}`),
        ),
        negatives: Array.from({ length: count }, (_, i) => passage(`n${i}`)),
      }))
    );
    const cases: (BatchesOptions & { weights: number[] })[] = [
      { weights: [1, 1, 1], size: 4, seed: 42 },
      { weights: [0.2, 0.7, 0.1], size: 3, seed: 7, passages: 4 },
      { weights: [0, 3, 1], size: 5, seed: -1, passages: 1 },
      { weights: [1, 0, 0], size: 2, seed: 2 ** 53 - 1, passages: 3 },
      { weights: [1, 2, 4], size: 7, seed: 0, homogeneous: false },
      ...[1, 2, 3].map((seed) => ({
        weights: [1 / 3, 1 / 3, 1 / 3],
        size: 8,
        seed,
        passages: 3,
        homogeneous: false,
        taskDraw: "stratified" as const,
      })),
    ];
    const ours = cases.map(({ weights, ...options }) =>
      Array.from(
        batches(rows, weights, { ...options, count: 6 }),
        (batch) =>
          batch.examples.map(({ domain, row, passages }) => {
            const [first, ...others] = passages.map(({ id }) => +id.slice(1));
            return [domain, row, first, others];
          }),
      )
    );
    const counts = rows.map((own) =>
      own.map(({ positives, negatives }) => [
        positives.length,
        negatives.length,
      ])
    );
    assert.deepEqual(await python("draws", DRAW, { counts, cases }), ours);
  },
});

Deno.test({
  name: "the project's weights move as stepWeights() moves them",
  ignore: WITHOUT_TORCH,
  async fn() {
    const rng = createRng(1, "test");
    const size = 16;
    const steps = Array.from({ length: 5 }, () => ({
      losses: Array.from({ length: size }, () => 5 * rng.next()),
      // Some are below any floor.
      referenceLosses: Array.from({ length: size }, () => rng.next() ** 8),
      domains: Array.from({ length: size }, () => rng.int(4)),
    }));
    const updates: StepWeightsOptions[] = [
      ...LOSS_MEASURES.map((measure) => ({ measure, eta: 0.3 })),
      { measure: "released", eta: 0.3, floorAsAt: 512 },
      { measure: "ratio-of-means", eta: 0.3, referenceFloor: 0.1 },
    ];
    const theirs = await python("weights", WEIGH, { steps, updates });
    updates.forEach((update, i) => {
      const { state } = replayWeights(steps, {
        ...update,
        start: [0.25, 0.25, 0.25, 0.25],
      });
      state.curr.forEach((w, k) => near(theirs[i][k], w, 1e-13));
    });
    // The floors change something.
    assert.notDeepEqual(theirs[0], theirs[5]);
    assert.notDeepEqual(theirs[1], theirs[6]);
  },
});

/** What a script prints that uses a module of a project. */
async function python(
  module: string,
  script: string,
  given: unknown,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const folder = await tempFolder();
  const source = new URL(
    `../../../lib/experiment/handoff/targets/python/${module}.py`,
    import.meta.url,
  );
  await Deno.copyFile(source, `${folder}/${module}.py`);
  await Deno.writeTextFile(`${folder}/script.py`, script);
  const { stdout, stderr } = await new Deno.Command(TORCH_PYTHON, {
    args: ["script.py", JSON.stringify(given)],
    cwd: folder,
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.ok(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

const WEIGH = `import json, sys
from weights import TaskWeights

given = json.loads(sys.argv[1])
names = {"referenceFloor": "reference_floor", "floorAsAt": "floor_as_at"}
results = []
for update in given["updates"]:
    weights = TaskWeights(4, **{names.get(key, key): value for key, value in update.items()})
    for step in given["steps"]:
        weights.step(step["losses"], step["referenceLosses"], step["domains"])
    results.append(weights.current)
print(json.dumps(results))
`;

const DRAW = `import json, sys
from itertools import islice
from draws import draws

given = json.loads(sys.argv[1])
batches = []
for case in given["cases"]:
    drawn = draws(
        given["counts"], case["weights"], size=case["size"], seed=case["seed"],
        passages=case.get("passages", 2), homogeneous=case.get("homogeneous", True),
        stratified=case.get("taskDraw") == "stratified")
    batches.append(list(islice(drawn, 6)))
print(json.dumps(batches))
`;
