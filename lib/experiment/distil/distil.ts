import { join } from "node:path";
import type { Backend, BackendName } from "../../backend/mod.ts";
import { isFile } from "../../base/files/exists.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Suite } from "../../data/mod.ts";
import { type EvalReport, readReports } from "../../eval/mod.ts";
import { disposeEncoder } from "../../model/mod.ts";
import { mixture } from "../../sampling/mod.ts";
import { refuseIdleDev, withDevSample } from "../dev/dev_set.ts";
import { openMinedFolder } from "../mined_folder.ts";
import { planStage } from "../plan/plan_stage.ts";
import type { RunPlan } from "../plan/run_plan.ts";
import type { Encoding } from "../retriever/encoding.ts";
import { findModel } from "../retriever/find_model.ts";
import { RunClaim } from "../run_claim.ts";
import {
  finishRun,
  type FolderPermissions,
  identityOf,
  refuseDamagedRun,
  withFolder,
} from "../run_folder.ts";
import { readArm } from "../stages/arm_record.ts";
import { keepTokenizer } from "../stages/base_encoder.ts";
import { checkSuite } from "../stages/check_suite.ts";
import { dropCheckpoints } from "../stages/checkpoints.ts";
import { MetricsLog } from "../stages/metrics_log.ts";
import { openPooledTest } from "../stages/pooled_test.ts";
import { checkWeights } from "../train_retriever.ts";
import { versions } from "../versions.ts";
import { type DistilSettings, parseDistilOptions } from "./distil_options.ts";
import { distilRows } from "./distil_rows.ts";
import { evaluateTowers, towerRows } from "./evaluate_towers.ts";
import { makeStudent, SCRATCH } from "./student.ts";
import { Teacher } from "./teacher.ts";
import { towerDev } from "./tower_dev.ts";
import type { TowerRow } from "./tower_rows.ts";
import { DISTILLED, REFINED } from "./tower_stages.ts";
import { readTowers, writeTowers } from "./towers_file.ts";
import { trainTowers } from "./train_towers.ts";
import {
  costRatio,
  identityFields,
  measured,
  plannedStages,
  refuseEmptyTasks,
  settledOptions,
  type Work,
} from "./work.ts";

/** What {@linkcode distil} needs beside the settings. */
export interface DistilOptions
  extends Partial<Omit<DistilSettings, "teacher">>, FolderPermissions {
  /**
   * What is distilled: a model folder, or a run. Its vectors of passages stay as they
   * are.
   */
  teacher: string;
  /** What tensors are computed with: the result of `useBackend()`. */
  backend: Backend;
  /**
   * Sampling weight of each task, shape `[K]`, e.g. from `weightsFor()`.
   * @default {uniform}
   */
  weights?: readonly number[];
  /** Evaluate teacher and towers on the test splits afterwards. @default {true} */
  evaluate?: boolean;
  /** Backends on which the towers' speed is measured. @default {the one in use} */
  speed?: readonly BackendName[] | undefined;
  /** Stops the work at the next step and leaves a checkpoint. */
  signal?: AbortSignal;
}

/** A distilled query tower. */
export interface DistilResult {
  /** The run's folder. */
  folder: string;
  /** Model folder: the query tower, refined if that was asked for, and the teacher. */
  model: string;
  /** The teacher and each tower, also in `towers.json`. */
  towers: TowerRow[];
  /** Rows drawn from each task, shape `[K]`. */
  drawn: number[];
  /** Numbers on the test splits, also in `eval.json`: `start` is the teacher. */
  reports?: Record<string, EvalReport> | undefined;
}

/**
 * Makes a fast query tower for an index that stays as it is (ScalingNote, arXiv
 * 2411.15766): a small encoder learns the teacher's vectors of queries, from queries
 * alone; if that is asked for, a contrastive phase on judgments follows, the teacher's
 * vectors of passages frozen. Tasks are drawn by any mixture. The tower is saved
 * beside the teacher as one model of two. Interrupted, it goes on where it stopped
 * when called again with the same settings; finished, it gives its result.
 *
 * @param whole The tasks; to evaluate, each with test judgments.
 * @param options Teacher, student, mixture, settings.
 * @returns Progress; at the end the result.
 * @throws {RangeError} If a setting is out of bounds, the weights don't fit the
 * tasks, or the folder holds something else.
 * @throws {Deno.errors.NotFound} If there is no such teacher.
 *
 * @example Usage
 * ```ts ignore
 * import { useBackend } from "@tdro/tdro/backend";
 * import { openSuite } from "@tdro/tdro/data";
 * import { distil } from "@tdro/tdro/experiment";
 *
 * const run = distil(await openSuite("my/suite"), {
 *   backend: await useBackend(),
 *   teacher: "runs/large",
 *   student: "layers:2",
 *   out: "runs/fast",
 * });
 * for await (const { label, done, total } of run) console.log(label, done, total);
 * ```
 */
export function distil(
  suite: Suite,
  options: DistilOptions,
): AsyncGenerator<ProgressEvent, DistilResult> {
  return distillation(suite, options, { planOnly: false }) as AsyncGenerator<
    ProgressEvent,
    DistilResult
  >;
}

/**
 * What {@linkcode distil} would do with the same options, and what it takes. Nothing
 * is written.
 *
 * @param suite The tasks.
 * @param options As for the distillation.
 * @returns Progress; at the end the plan.
 * @throws As the distillation would.
 */
export function planDistil(
  suite: Suite,
  options: DistilOptions,
): AsyncGenerator<ProgressEvent, RunPlan> {
  return distillation(suite, options, { planOnly: true }) as AsyncGenerator<
    ProgressEvent,
    RunPlan
  >;
}

async function* distillation(
  whole: Suite,
  {
    backend,
    force,
    forceSettings,
    signal,
    evaluate = true,
    speed = [backend.name],
    weights: given,
    ...input
  }: DistilOptions,
  { planOnly }: { planOnly: boolean },
): AsyncGenerator<ProgressEvent, DistilResult | RunPlan> {
  const settings = parseDistilOptions(input);
  const { folder: teacherFolder, encoding: recorded } = await findModel(
    settings.teacher,
    settings.arm,
  );
  const encoding: Encoding = {
    queryLength: settings.queryLength ?? recorded.queryLength,
    passageLength: settings.passageLength ?? recorded.passageLength,
    prompts: settings.prompts ?? recorded.prompts,
  };
  const settled = settledOptions(settings, { teacherFolder, encoding });
  checkSuite(whole, {
    tasks: 1,
    splits: [
      ...settings.refine > 0 ? ["train"] as const : [],
      ...evaluate ? ["test"] as const : [],
    ],
    otherwise: ", or distil with --no-evaluate",
  });
  refuseIdleDev(settled);
  const { suite, sample, events } = withDevSample(whole, settled);
  const weights = given ?? mixture(suite, "uniform");
  checkWeights(weights, suite);
  const mined = settings.mined === undefined
    ? undefined
    : await openMinedFolder(settings.mined, whole);
  const pooled = await openPooledTest(settings.pool, whole);
  const identity = await withFolder({
    options: { ...settled, ...identityFields(settings, encoding), weights },
    ...await identityOf(whole, backend),
    mined: mined?.origin,
    pool: pooled?.origin,
  }, { force, forceSettings });
  const { options } = identity;
  await using claim = await RunClaim.open(identity, {
    versions: versions(),
    force,
    forceSettings,
    lookOnly: planOnly,
  });
  if (claim.state === "finished" && !planOnly) {
    const label = `${options.out}: distilled before`;
    yield { stage: "run", label, done: 1, total: 1 };
    return await resultOf(options.out, { settings });
  }
  yield* events;
  using teacher = await Teacher.open(teacherFolder, {
    encoding,
    backend,
    cache: settings.cache ?? join(options.out, "vectors"),
  });
  const rows = distilRows(suite, teacher, settings);
  refuseEmptyTasks(rows, suite, weights);
  const base = await makeStudent(settings.student, {
    teacher: teacher.towers.query,
    options,
    suite,
    keep: claim.begun,
  });
  try {
    const work: Work = {
      settings,
      options,
      suite,
      pooled,
      base,
      rows,
      weights,
      teacher,
      mined,
      backend,
      signal,
    };
    const plan = yield* planStage({
      ...work,
      rows: rows.map(({ length }) => length),
      stages: () => plannedStages(work),
      // The teacher encodes all texts once; each tower the test queries alone.
      models: {
        kept: settings.refine > 0 ? 2 : 1,
        evaluated: evaluate ? costRatio(teacher.towers.passage, base) : 0,
      },
      sample,
      open: false,
      state: claim.state,
      planOnly,
      measure: () => measured(work),
    });
    if (planOnly) return plan;
    if (claim.state === "new") claim.record.lengths = plan.lengths;
    if (!claim.begun) {
      await claim.begin();
      if (settings.student === SCRATCH) {
        await keepTokenizer({ ...options, model: undefined }, base.tokenizer);
      }
    }
    const dev = sample && towerDev(sample, teacher, signal);
    const log = new MetricsLog(options.out);
    const towers = yield* trainTowers({ ...work, dev, log });
    try {
      const reports = evaluate
        ? yield* evaluateTowers(towers, work)
        : undefined;
      await writeTowers(
        options.out,
        yield* towerRows(towers, { ...work, reports, speed }),
      );
    } finally {
      for (const { encoder } of towers) disposeEncoder(encoder);
    }
    await dropCheckpoints(options.out);
    await finishRun(claim.record);
    return await resultOf(options.out, { settings });
  } finally {
    disposeEncoder(base);
  }
}

/** The result of a distillation that has ended. */
async function resultOf(
  out: string,
  { settings }: { settings: DistilSettings },
): Promise<DistilResult> {
  await refuseDamagedRun(out, ["eval.json", "towers.json"]);
  const name = settings.refine > 0 ? REFINED : DISTILLED;
  const model = join(out, "models", name);
  const arm = await readArm(model);
  if (!arm) {
    throw new Deno.errors.NotFound(
      `Cannot read the run in ${out}: the model ${model}, or its record beside it, is missing; run it again with --force`,
    );
  }
  const path = join(out, "eval.json");
  return {
    folder: out,
    model,
    towers: await readTowers(out),
    drawn: arm.drawn,
    ...await isFile(path) && { reports: await readReports(path) },
  };
}
