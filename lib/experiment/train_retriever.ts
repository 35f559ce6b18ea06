import { join } from "node:path";
import type { Backend } from "../backend/mod.ts";
import { writeJson } from "../base/files/json_file.ts";
import type { ProgressEvent } from "../base/progress_event.ts";
import type { Suite } from "../data/mod.ts";
import { isFile } from "../base/files/exists.ts";
import { type EvalReport, readReport, readReports } from "../eval/mod.ts";
import {
  disposeEncoder,
  type Encoder,
  loadEncoder,
  type LoraConfig,
} from "../model/mod.ts";
import { mixture } from "../sampling/mod.ts";
import { adapterOf, withAdapter } from "./stages/adapter.ts";
import { baseEncoder, keepTokenizer } from "./stages/base_encoder.ts";
import { checkModel } from "./stages/check_model.ts";
import { dropCheckpoints } from "./stages/checkpoints.ts";
import { checkSuite } from "./stages/check_suite.ts";
import {
  baselineEvaluations,
  evaluateModel,
  type EvaluationInput,
  watched,
} from "./stages/evaluate_arm.ts";
import { type BaselineName, BASELINES } from "./arms.ts";
import { parseExperimentOptions } from "./experiment_options.ts";
import { MetricsLog } from "./stages/metrics_log.ts";
import { openMinedFolder } from "./mined_folder.ts";
import { mineStage } from "./stages/mine_negatives.ts";
import {
  finishRun,
  type FolderPermissions,
  identityOf,
  refuseDamagedRun,
  withFolder,
} from "./run_folder.ts";
import { RunClaim } from "./run_claim.ts";
import { settleLengths } from "./settled_lengths.ts";
import { miningLengths } from "./stages/mining_lengths.ts";
import { openPooledTest } from "./stages/pooled_test.ts";
import { planStage } from "./plan/plan_stage.ts";
import { retrieverStage } from "./plan/planned_stages.ts";
import type { RunPlan } from "./plan/run_plan.ts";
import type { RetrieverSettings } from "./retriever_options.ts";
import { writeCard } from "./card/write_card.ts";
import { devSet, refuseIdleDev, withDevSample } from "./dev/dev_set.ts";
import type { KeptStep } from "./dev/kept_step.ts";
import { trainArm, type TrainedArm } from "./stages/train_arm.ts";
import { type ArmRecord, keptOf, readArm } from "./stages/arm_record.ts";
import { asTrained } from "./stages/as_trained.ts";
import { versions } from "./versions.ts";

/** What {@linkcode trainRetriever} needs beside the settings. */
export interface TrainRetrieverOptions
  extends Partial<RetrieverSettings>, FolderPermissions {
  /** What tensors are computed with: the result of `useBackend()`. */
  backend: Backend;
  /**
   * Sampling weight of each task, shape `[K]`, e.g. from `weightsFor()`.
   * @default {uniform}
   */
  weights?: readonly number[];
  /**
   * Train a LoRA adapter on the frozen model, which must be named by `model`.
   * @default {all parameters}
   */
  lora?: Partial<LoraConfig>;
  /** Evaluate on the test splits afterwards. @default {true} */
  evaluate?: boolean;
  /** Evaluate BM25 and what training starts from as well. @default {true} */
  baselines?: boolean;
  /** Stops the work at the next step and leaves a checkpoint. */
  signal?: AbortSignal;
}

/** A trained retriever. */
export interface RetrieverResult {
  /** The run's folder. */
  folder: string;
  /** Hugging Face folder of the model; an adapter is in its folder `adapter`. */
  model: string;
  /** Rows drawn from each task, shape `[K]`. */
  drawn: number[];
  /** Which model was kept, and why; absent without `evalEvery`. */
  kept?: KeptStep | undefined;
  /** Numbers on the test splits, also in `eval.json`. */
  report?: EvalReport | undefined;
  /** The same without training: BM25, and the model that training started from. */
  baselines?: Record<BaselineName, EvalReport> | undefined;
}

/**
 * Trains one retriever on a mixture: hard negatives, homogeneous batches drawn
 * by the weights, InfoNCE, and in the end the numbers on the test splits. With
 * the weights that a small proxy learned this is tDRO's last stage for a model
 * of any size. Interrupted, it goes on where it stopped when called again with
 * the same settings; finished, it gives its result.
 *
 * @param whole The tasks, at least one, each with train judgments; to evaluate, also
 * with test ones; with `evalEvery` also with dev ones, unless some training queries
 * are held out.
 * @param options Mixture, settings, LoRA.
 * @returns Progress; at the end the result.
 * @throws {RangeError} If a setting is out of bounds, the weights don't fit the
 * tasks, or the folder holds something else.
 *
 * @example Usage
 * ```ts ignore
 * import { trainRetriever } from "@tdro/tdro/experiment";
 * import { readWeightFile, weightsFor } from "@tdro/tdro/dro";
 * import { openSuite } from "@tdro/tdro/data";
 * import { useBackend } from "@tdro/tdro/backend";
 *
 * const suite = await openSuite("my/suite");
 * const file = await readWeightFile("runs/proxy/weights.json");
 * const run = trainRetriever(suite, {
 *   backend: await useBackend(),
 *   model: "models/qwen",
 *   weights: weightsFor(suite.tasks.map(({ name }) => name), file),
 *   lora: { rank: 16 },
 *   out: "runs/large",
 * });
 * for await (const { label, done, total } of run) console.log(label, done, total);
 * ```
 */
export function trainRetriever(
  suite: Suite,
  options: TrainRetrieverOptions,
): AsyncGenerator<ProgressEvent, RetrieverResult> {
  return retriever(suite, options, { planOnly: false }) as AsyncGenerator<
    ProgressEvent,
    RetrieverResult
  >;
}

/**
 * What {@linkcode trainRetriever} would do with the same options, and what it takes,
 * as `planExperiment()` tells it of a run. Nothing is written.
 *
 * @param suite The tasks.
 * @param options Mixture, settings, LoRA, as for the training.
 * @returns Progress; at the end the plan.
 * @throws As the training would.
 */
export function planRetriever(
  suite: Suite,
  options: TrainRetrieverOptions,
): AsyncGenerator<ProgressEvent, RunPlan> {
  return retriever(suite, options, { planOnly: true }) as AsyncGenerator<
    ProgressEvent,
    RunPlan
  >;
}

async function* retriever(
  whole: Suite,
  {
    backend,
    force,
    forceSettings,
    signal,
    lora,
    evaluate = true,
    baselines = true,
    weights: given,
    ...settings
  }: TrainRetrieverOptions,
  { planOnly }: { planOnly: boolean },
): AsyncGenerator<ProgressEvent, RetrieverResult | RunPlan> {
  const parsed = parseExperimentOptions(settings);
  if (!evaluate && parsed.computeType !== undefined) {
    throw new RangeError(
      "Cannot train: --compute-type is about evaluations, and --no-evaluate leaves them out; leave one of them out",
    );
  }
  const adapter = adapterOf(lora, parsed);
  const mined = parsed.mined === undefined
    ? undefined
    : await openMinedFolder(parsed.mined, whole);
  const pooled = await openPooledTest(parsed.pool, whole);
  checkSuite(whole, {
    tasks: 1,
    splits: evaluate ? ["train", "test"] : ["train"],
    otherwise: ", or train with --no-evaluate",
  });
  refuseIdleDev(parsed);
  const { suite, sample, events } = withDevSample(whole, parsed);
  const weights = given ?? mixture(suite, "uniform");
  checkWeights(weights, suite);
  const settled = await settleLengths(parsed);
  const identity = await withFolder({
    options: {
      ...settled.options,
      kind: "retriever",
      weights,
      lora: adapter,
    },
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
  const evaluation = { options, suite, pooled, signal, backend, baselines };
  if (claim.state === "finished" && !planOnly) {
    const label = `${options.out}: trained before`;
    yield { stage: "run", label, done: 1, total: 1 };
    await refuseDamagedRun(options.out, ["eval.json"]);
    return yield* resultOf(evaluation, evaluate);
  }
  await checkModel(options);
  yield* events;
  const base = withAdapter(
    await baseEncoder(options, suite, { keep: claim.begun }),
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
      stages: (sizes) => [retrieverStage(ARM, options, { sizes, weights })],
      pooled,
      models: { kept: 1, evaluated: evaluate ? baselines ? 2 : 1 : 0 },
      sample,
      open: settled.open.names.includes("passageLength"),
      state: claim.state,
      planOnly,
    });
    if (planOnly) return plan;
    if (claim.state === "new") record.lengths = plan.lengths;
    const { rows, statistics } = yield* mineStage(options, suite, {
      mined,
      needed: options.passages > 1,
      lengths: miningLengths(claim),
      signal,
    });
    if (!claim.begun) {
      await claim.begin();
      await keepTokenizer(options, base.tokenizer);
    }
    await writeJson(join(options.out, "negatives.json"), statistics);
    const log = new MetricsLog(options.out);
    const dev = sample && devSet(sample, options, signal);
    const arm = yield* trainArm(
      { ...evaluation, rows, base, log, dev },
      {
        name: ARM,
        weights,
        about: "Tasks are drawn by weights that were given.",
      },
    );
    let reports: RetrieverReports | undefined;
    try {
      if (evaluate) {
        reports = yield* evaluateAndWrite({ arm, base }, evaluation);
      }
    } finally {
      disposeEncoder(arm.encoder);
    }
    await dropCheckpoints(options.out);
    await finishRun(record);
    const { folder, drawn, dev: kept } = arm;
    return { folder: options.out, model: folder, drawn, kept, ...reports };
  } finally {
    disposeEncoder(base);
  }
}

/** Name of the one arm. */
const ARM = "retriever";

/** What is evaluated, and whether the baselines are. */
type RetrieverEvaluation = EvaluationInput & { baselines: boolean };

/** What the retriever and the baselines scored. */
type RetrieverReports = Pick<RetrieverResult, "report" | "baselines">;

/** A trained retriever; of an earlier version less is known. */
type SavedArm =
  & Pick<TrainedArm, "encoder" | "folder">
  & (ArmRecord | Pick<ArmRecord, "drawn">);

/**
 * Evaluates the retriever and the baselines, and writes `eval.json` and the model's
 * card.
 */
async function* evaluateAndWrite(
  { arm, base }: { arm: SavedArm; base: Encoder },
  input: RetrieverEvaluation,
): AsyncGenerator<ProgressEvent, RetrieverReports> {
  const stage = "evaluation";
  const total = input.suite.tasks.length;
  const baselines: Partial<Record<BaselineName, EvalReport>> = {};
  const wanted = input.baselines ? baselineEvaluations(base, input) : [];
  for (const [name, evaluation] of wanted) {
    const label = `evaluating ${name} on the test splits`;
    baselines[name] = yield* watched(evaluation, total, { stage, label });
  }
  const label = "evaluating on the test splits";
  const evaluation = evaluateModel(arm, input);
  const report = yield* watched(evaluation, total, { stage, label });
  // Of an earlier version not enough is known for a card.
  if ("weights" in arm) {
    await writeCard(arm.folder, { ...input, name: ARM, arm, report });
  }
  const reports = { ...baselines, [ARM]: report };
  await writeJson(join(input.options.out, "eval.json"), reports, 1);
  const { bm25, start } = baselines;
  return { report, baselines: bm25 && start && { bm25, start } };
}

/** The result of a retriever that was trained before. */
async function* resultOf(
  input: RetrieverEvaluation,
  evaluate: boolean,
): AsyncGenerator<ProgressEvent, RetrieverResult> {
  const { out } = input.options;
  const model = join(out, "models", ARM);
  const arm = await readArm(model);
  if (!arm) {
    throw new Deno.errors.NotFound(
      `Cannot read the run in ${out}: the model ${model}, or its record beside it, is missing; run it again with --force`,
    );
  }
  const { drawn } = arm;
  const result = { folder: out, model, drawn, kept: keptOf(arm) };
  const before = await reportsBefore(join(out, "eval.json"));
  if (before || !evaluate) return { ...result, ...before };
  const encoder = asTrained(await loadEncoder(model), input);
  const base = await baseEncoder(input.options, input.suite);
  try {
    const saved = { ...arm, encoder, folder: model };
    const reports = yield* evaluateAndWrite({ arm: saved, base }, input);
    return { ...result, ...reports };
  } finally {
    disposeEncoder(base);
    disposeEncoder(encoder);
  }
}

/** What an evaluation before left; a version before had no baselines. */
async function reportsBefore(
  path: string,
): Promise<RetrieverReports | undefined> {
  if (!await isFile(path)) return;
  const { [ARM]: report, bm25, start } = await readReports(path, [
    ARM,
    ...BASELINES,
  ]);
  return {
    // Where it isn't there, the error names those that are.
    report: report ?? await readReport(`${path}#${ARM}`),
    baselines: bm25 && start && { bm25, start },
  };
}

/** Refuses weights that no mixture of the tasks can have. */
export function checkWeights(weights: readonly number[], suite: Suite): void {
  const wrong = weights.length !== suite.tasks.length
    ? `there must be one for each of the ${suite.tasks.length} tasks: got ${weights.length}`
    : weights.some((w) => !(w >= 0 && Number.isFinite(w)))
    ? "each must be a finite number >= 0"
    : !weights.some((w) => w > 0)
    ? "one of them must be > 0"
    : undefined;
  if (wrong) {
    throw new RangeError(
      `Cannot train on these weights: ${wrong}; weightsFor() brings a file's weights into the suite's order`,
    );
  }
}
