import { join } from "node:path";
import type { Backend } from "../backend/mod.ts";
import { writeJson } from "../base/files/json_file.ts";
import type { ProgressEvent } from "../base/progress_event.ts";
import type { Suite } from "../data/mod.ts";
import { capPasses, selectTop } from "../dro/mod.ts";
import type { EvalReport } from "../eval/mod.ts";
import { disposeEncoder, type LoraConfig } from "../model/mod.ts";
import { mixture } from "../sampling/mod.ts";
import { aboutArms, type ArmName, ARMS } from "./arms.ts";
import { writeCard } from "./card/write_card.ts";
import { type DevLine, readDev } from "./dev/dev_log.ts";
import { devSet, refuseIdleDev, withDevSample } from "./dev/dev_set.ts";
import { adapterOf, withAdapter } from "./stages/adapter.ts";
import { baseEncoder, keepTokenizer } from "./stages/base_encoder.ts";
import { checkModel } from "./stages/check_model.ts";
import { dropCheckpoints } from "./stages/checkpoints.ts";
import { checkSuite } from "./stages/check_suite.ts";
import { evaluateArms } from "./stages/evaluate_arm.ts";
import {
  type ExperimentOptions,
  parseExperimentOptions,
} from "./experiment_options.ts";
import { type MetricsLine, MetricsLog } from "./stages/metrics_log.ts";
import { openMinedFolder } from "./mined_folder.ts";
import { mineStage } from "./stages/mine_negatives.ts";
import {
  finishRun,
  type FolderPermissions,
  identityOf,
  withFolder,
  writeRecord,
} from "./run_folder.ts";
import { RunClaim } from "./run_claim.ts";
import { noiseOf, settleNoise } from "./settled_noise.ts";
import { type SettledOptions, settleLengths } from "./settled_lengths.ts";
import { miningLengths } from "./stages/mining_lengths.ts";
import { openPooledTest } from "./stages/pooled_test.ts";
import { planStage } from "./plan/plan_stage.ts";
import { runStages } from "./plan/planned_stages.ts";
import type { RunPlan } from "./plan/run_plan.ts";
import { summarise } from "./summarise.ts";
import type { ExperimentSummary } from "./summary.ts";
import type { StageInput } from "./stages/stage_input.ts";
import { trainArm, type TrainedArm } from "./stages/train_arm.ts";
import { learnStage } from "./stages/learn_mixture.ts";
import { timed } from "./timed.ts";
import { versions } from "./versions.ts";
import { readRun } from "./report/read_run.ts";
import { writeReport } from "./report/write_report.ts";
import { selfShowing } from "../report/notebook/mod.ts";

/** What a run came to. */
export interface ExperimentResult {
  /** The run's folder. */
  folder: string;
  /** The verdict, also in `summary.json`. */
  summary: ExperimentSummary;
  /** Everything measured, also in `eval.json`. */
  reports: Record<ArmName, EvalReport>;
  /** A line per update, also in `metrics.jsonl`. */
  metrics: MetricsLine[];
  /** Evaluations while training, also in `dev.jsonl`; empty without `evalEvery`. */
  dev: DevLine[];
}

/** What {@linkcode runExperiment} needs beside the settings. */
export interface RunExperimentOptions
  extends Partial<ExperimentOptions>, FolderPermissions {
  /** What tensors are computed with: the result of `useBackend()`. */
  backend: Backend;
  /**
   * Train LoRA adapters on the frozen model, as proxies and in every arm; it must be
   * named by `model`. @default {all parameters}
   */
  lora?: Partial<LoraConfig>;
  /** Stops the work at the next step and leaves a checkpoint. */
  signal?: AbortSignal;
}

/**
 * The whole of tDRO on a suite: a uniform retriever (stage 0), domain weights
 * learned by a proxy against it (stage 1), two more retrievers, one sampled by
 * those weights and one from the heaviest tasks (stage 2), and the comparison
 * of the three on the test splits. Everything lands in a folder; an
 * interrupted run, started again with the same settings, goes on where it
 * stopped, and a finished one gives its result.
 *
 * @param whole The tasks, each with train and test judgments; with `evalEvery` also
 * with dev ones, unless some training queries are held out.
 * @param options Settings; what is left out has the default of
 * {@linkcode parseExperimentOptions}.
 * @returns Progress; at the end the result.
 * @throws {RangeError} If a setting is out of bounds, or the folder holds
 * something else.
 *
 * @example Usage
 * ```ts ignore
 * import { runExperiment } from "@tdro/tdro/experiment";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { openSuite } from "@tdro/tdro/data";
 *
 * const run = runExperiment(await openSuite("my/suite"), {
 *   out: "runs/mine",
 *   backend: await useBackend(),
 * });
 * for await (const { label, done, total } of run) console.log(label, done, total);
 * ```
 */
export function runExperiment(
  suite: Suite,
  options: RunExperimentOptions,
): AsyncGenerator<ProgressEvent, ExperimentResult> {
  return experiment(suite, options, { planOnly: false }) as AsyncGenerator<
    ProgressEvent,
    ExperimentResult
  >;
}

/**
 * What {@linkcode runExperiment} would do with the same options, and what it takes:
 * stages, passes over the tasks, texts that are cut; memory and time estimated from
 * three updates. All that it checks before dear work is checked; nothing is written.
 *
 * @param suite The tasks.
 * @param options Settings, as for the run.
 * @returns Progress; at the end the plan.
 * @throws As the run would.
 *
 * @example Usage
 * ```ts
 * import { planExperiment } from "@tdro/tdro/experiment";
 * import { useBackend } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * const task = (name: string) => ({
 *   name, prompt: "", language: "en", kind: "faq", license: "MIT", source: "",
 *   corpus: new Map(["red", "blue"].map((id) => [id, { id, text: `${id} is a colour` }])),
 *   queries: new Map([["q", { id: "q", text: "what is red" }]]),
 *   qrels: { train: new Map([["q", new Map([["red", 1]])]]), test: new Map([["q", new Map([["red", 1]])]]) },
 * });
 * const suite = { name: "toy", tasks: [task("a"), task("b")] };
 * const planning = planExperiment(suite, {
 *   backend: await useBackend("wasm"), hiddenSize: 8, steps: 10, batchSize: 2,
 * });
 * let next = await planning.next();
 * while (!next.done) next = await planning.next();
 * const [uniform] = next.value.stages;
 * assert.deepEqual(uniform!.passes, [10, 10]); // 10 updates of 2 queries, 2 rows in all
 * ```
 */
export function planExperiment(
  suite: Suite,
  options: RunExperimentOptions,
): AsyncGenerator<ProgressEvent, RunPlan> {
  return experiment(suite, options, { planOnly: true }) as AsyncGenerator<
    ProgressEvent,
    RunPlan
  >;
}

async function* experiment(
  whole: Suite,
  { backend, force, forceSettings, signal, lora, ...given }:
    RunExperimentOptions,
  { planOnly }: { planOnly: boolean },
): AsyncGenerator<ProgressEvent, ExperimentResult | RunPlan> {
  checkSuite(whole);
  const parsed = settleNoise(
    parseExperimentOptions(given),
    whole.tasks.length,
  );
  refuseIdleDev(parsed);
  const { suite, sample, events } = withDevSample(whole, parsed);
  const adapter = adapterOf(lora, parsed);
  const mined = parsed.mined === undefined
    ? undefined
    : await openMinedFolder(parsed.mined, whole);
  const pooled = await openPooledTest(parsed.pool, whole);
  const settled = await settleLengths(parsed);
  const identity = await withFolder({
    options: { ...settled.options, lora: adapter },
    ...await identityOf(whole, backend),
    mined: mined?.origin,
    pool: pooled?.origin,
  }, { force, forceSettings, open: settled.open });
  const { options } = identity;
  await using claim = await RunClaim.open(identity, {
    versions: versions(),
    force,
    forceSettings,
    lookOnly: planOnly,
  });
  const { record } = claim;
  if (claim.state === "finished" && !planOnly) {
    const label = `${options.out}: already finished, nothing to do`;
    yield { stage: "run", label, done: 1, total: 1 };
    return await resultOf(options.out);
  }

  /** Runs one stage and notes its time, also when it was resumed. */
  const noted = <T>(stage: string, events: AsyncGenerator<ProgressEvent, T>) =>
    timed(events, async (seconds) => {
      record.seconds[stage] = (record.seconds[stage] ?? 0) + seconds;
      if (claim.begun) await writeRecord(record);
    });

  await checkModel(options);
  yield* events;
  /** Weights within the limit of passes, if there is one. */
  const held = (weights: number[], sizes: number[]) =>
    options.maxPasses === undefined ? weights : capPasses(weights, {
      sizes,
      draws: options.steps * options.batchSize,
      maxPasses: options.maxPasses,
    });
  const base = withAdapter(
    yield* noted("start", startStage(options, suite, claim.begun)),
    adapter,
    options.seed,
  );
  try {
    const plan = yield* planStage({
      base,
      suite,
      options,
      backend,
      signal,
      stages: (sizes) =>
        runStages(options, {
          sizes,
          uniform: held(mixture(suite, "uniform"), sizes),
        }),
      pooled,
      noise: noiseOf(options, suite.tasks.length),
      models: { kept: ARMS.length, evaluated: ARMS.length + 1 },
      sample,
      open: settled.open.names.includes("passageLength"),
      state: claim.state,
      planOnly,
    });
    if (planOnly) return plan;
    if (claim.state === "new") record.lengths = plan.lengths;
    const { rows, statistics } = yield* noted(
      "negatives",
      mineStage(options, suite, {
        mined,
        lengths: miningLengths(claim),
        signal,
      }),
    );
    const sizes = rows.map((r) => r.length);
    // Throws if the limit can't be kept.
    const uniform = held(mixture(suite, "uniform"), sizes);
    const log = new MetricsLog(options.out);
    const input: StageInput = {
      options,
      suite,
      rows,
      base,
      log,
      pooled,
      dev: sample && devSet(sample, options, signal),
      signal,
      backend,
    };
    const arms: Partial<Record<ArmName, TrainedArm>> = {};
    const about = aboutArms(options);
    if (!claim.begun) {
      await claim.begin();
      await keepTokenizer(options, base.tokenizer);
    }
    await writeJson(join(options.out, "negatives.json"), statistics);
    arms.uniform = yield* noted(
      "uniform",
      trainArm(input, {
        name: "uniform",
        weights: uniform,
        about: about.uniform,
      }),
    );
    const learned = yield* noted(
      "weights",
      learnStage(input, arms.uniform.encoder),
    );
    disposeEncoder(arms.uniform.encoder);
    const { curr } = learned.chosen;
    const heaviest = new Set(selectTop(curr, options.topPercent));
    const mixtures = {
      reweighted: held(curr, sizes),
      top: curr.map((_, k) => heaviest.has(k) ? 1 / heaviest.size : 0),
    };
    for (const name of ["reweighted", "top"] as const) {
      const arm = yield* noted(
        name,
        trainArm(input, {
          name,
          weights: mixtures[name],
          about: about[name],
        }),
      );
      disposeEncoder(arm.encoder);
      arms[name] = arm;
    }
    const trained = arms as Record<ArmName, TrainedArm>;
    const reports = yield* noted(
      "evaluation",
      evaluateArms(input, {
        uniform: trained.uniform.folder,
        reweighted: trained.reweighted.folder,
        top: trained.top.folder,
      }),
    );
    for (const [name, arm] of Object.entries(trained)) {
      const report = reports[name as ArmName];
      await writeCard(arm.folder, { name, arm, options, suite, report });
    }
    const metrics = await log.lines();
    const course = await readDev(options.out);
    const summary = summarise({
      record,
      suite,
      rows,
      learned,
      mixtures: { uniform, ...mixtures },
      arms: trained,
      reports,
      metrics,
      statistics,
    });
    await writeJson(join(options.out, "summary.json"), summary);
    await writeReport({
      record,
      suite,
      summary,
      reports,
      metrics,
      dev: course,
      statistics,
    });
    // Each stage dropped its own; nothing is left to go on from.
    await dropCheckpoints(options.out);
    await finishRun(record);
    yield { stage: "report", label: "report written", done: 1, total: 1 };
    return selfShowing({
      folder: options.out,
      summary,
      reports,
      metrics,
      dev: course,
    });
  } finally {
    disposeEncoder(base);
  }
}

/** The result of a run that was finished before. */
async function resultOf(folder: string): Promise<ExperimentResult> {
  const { summary, metrics, dev, reports } = await readRun(folder);
  if (reports === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot read the run in ${folder}: it has no eval.json; run it again with --force`,
    );
  }
  return selfShowing({ folder, summary, metrics, dev, reports });
}

async function* startStage(
  options: SettledOptions,
  suite: Suite,
  keep: boolean,
) {
  const label = options.model
    ? `loading ${options.model}`
    : "training a tokenizer, drawing a model";
  yield { stage: "start", label, done: 0, total: 1 };
  const encoder = await baseEncoder(options, suite, { keep });
  yield { stage: "start", label, done: 1, total: 1 };
  return encoder;
}
