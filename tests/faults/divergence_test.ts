import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  type ExperimentResult,
  runExperiment,
} from "../../lib/experiment/mod.ts";
import { loadEncoder, saveEncoder } from "../../lib/model/mod.ts";
import { toySuite } from "../_toy_suite.ts";

const SETTINGS = {
  hiddenSize: 8,
  vocabSize: 120,
  negatives: 3,
  steps: 6,
  weightSteps: 4,
  batchSize: 6,
  weightBatchSize: 6,
  checkpointEvery: 1,
};

/** Runs to the end, or until so many updates of the first stage are done. */
async function run(
  options: Parameters<typeof runExperiment>[1],
  updates = Infinity,
) {
  const work = runExperiment(toySuite(), options);
  let next = await work.next();
  while (!next.done) {
    const { stage, done } = next.value;
    if (stage === "uniform" && done === updates) {
      await work.return(undefined as never);
      break;
    }
    next = await work.next();
  }
  return next.value as ExperimentResult;
}

/** Whether all numbers of a safetensors file are finite. */
async function isFinite(path: string): Promise<boolean> {
  const bytes = await Deno.readFile(path);
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const values = new Float32Array(bytes.buffer.slice(start));
  return values.every((value) => Number.isFinite(value));
}

Deno.test("training that diverges leaves good checkpoints, and goes on with a lower rate", async () => {
  const top = await Deno.makeTempDir({ prefix: "tdro-diverge-" });
  const out = join(top, "run");
  try {
    const backend = await useBackend("wasm");
    const calm = { ...SETTINGS, learningRate: 1e-3, out, backend };
    const wild = { ...calm, learningRate: 1e30 };
    await assert.rejects(
      run({ ...wild, out: join(top, "at-once") }),
      /is NaN at step 1; .*; there is no checkpoint before: run again with a lower --learning-rate and --force$/,
    );
    await run(calm, 3);
    await assert.rejects(
      run({ ...wild, forceSettings: true }),
      /is NaN at step 4; lower the learning rate .*; the checkpoint of update 3 is kept: run again with a lower --learning-rate and --force-settings to resume from it$/,
    );
    const folder = join(out, "checkpoints/uniform");
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepEqual(names, ["step-000003"]);
    for (const file of ["model", "optimizer"]) {
      assert.ok(await isFinite(join(folder, names[0]!, `${file}.safetensors`)));
    }
    await assert.rejects(run(calm), /an unfinished run with other settings/);
    await assert.rejects(
      run({ ...calm, batchSize: 5, forceSettings: true }),
      /batchSize is another one than the run began with.*learningRate/,
    );
    await assert.rejects(
      run({ ...calm, out: "runs/{n}", forceSettings: true }),
      /--force-settings.*--out/,
    );
    const { summary } = await run({ ...calm, forceSettings: true });
    assert.match(
      summary.warnings[0]!,
      /changed while the run was unfinished \(learningRate from 0\.001 to 1e\+30\)/,
    );
    assert.match(summary.warnings[1]!, /learningRate from 1e\+30 to 0\.001/);
    // From here on it is a run of these settings.
    assert.deepEqual((await run(calm)).summary, summary);
  } finally {
    await Deno.remove(top, { recursive: true });
  }
});

Deno.test("a model with numbers that aren't finite is not saved", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tdro-finite-" });
  try {
    const backend = await useBackend("wasm");
    const out = join(folder, "run");
    await run({ ...SETTINGS, steps: 1, weightSteps: 1, out, backend });
    const encoder = await loadEncoder(join(out, "models/uniform"));
    const [name, parameter] = [...encoder.parameters][3]!;
    const values = await parameter.data();
    values[1] = Infinity;
    const { tensor } = await import("@tensorflow/tfjs-core");
    parameter.assign(tensor(values, parameter.shape, "float32"));
    await assert.rejects(
      saveEncoder(encoder, join(folder, "saved")),
      new RegExp(
        `Cannot save ${name}: its values must be finite: got Infinity`,
      ),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
