import { join } from "node:path";
import {
  type Backend,
  type BackendName,
  useBackend,
} from "../../backend/mod.ts";
import { isFile } from "../../base/files/exists.ts";
import { writeJson } from "../../base/files/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Suite, TrainExample } from "../../data/mod.ts";
import { type EvalReport, readReports } from "../../eval/mod.ts";
import {
  disposeEncoder,
  disposeTowers,
  embeddingSize,
  type Encoder,
  loadTowers,
} from "../../model/mod.ts";
import { mixture } from "../../sampling/mod.ts";
import { matchVectors } from "../../train/mod.ts";
import { refuseIdleDev, withDevSample } from "../dev/dev_set.ts";
import { parseExperimentOptions } from "../experiment_options.ts";
import { timeUpdates } from "../plan/measure_updates.ts";
import { planStage } from "../plan/plan_stage.ts";
import { expectedPasses } from "../plan/planned_stages.ts";
import type { PlannedStage, RunPlan } from "../plan/run_plan.ts";
import { type MinedFolder, openMinedFolder } from "../mined_folder.ts";
import type { Encoding } from "../retriever/encoding.ts";
import { findModel } from "../retriever/find_model.ts";
import {
  finishRun,
  type FolderPermissions,
  identityOf,
  refuseDamagedRun,
  withFolder,
} from "../run_folder.ts";
import { RunClaim } from "../run_claim.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import { keepTokenizer } from "../stages/base_encoder.ts";
import { dropCheckpoints } from "../stages/checkpoints.ts";
import { checkSuite } from "../stages/check_suite.ts";
import { MEASURED, watched } from "../stages/evaluate_arm.ts";
import { openPooledTest } from "../stages/pooled_test.ts";
import { MetricsLog } from "../stages/metrics_log.ts";
import { mineStage } from "../stages/mine_negatives.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { readArm } from "../stages/arm_record.ts";
import { trainArm, type TrainedArm } from "../stages/train_arm.ts";
import { checkWeights } from "../train_retriever.ts";
import { versions } from "../versions.ts";
import {
  type DistilSettings,
  parseDistilOptions,
  stageSettings,
} from "./distil_options.ts";
import { distilRows } from "./distil_rows.ts";
import { querySpeed } from "./speed.ts";
import { makeStudent, SCRATCH } from "./student.ts";
import { originOf, Teacher } from "./teacher.ts";
import { towerCard } from "./tower_card.ts";
import { towerDev } from "./tower_dev.ts";
import { parameterCounts, type TowerRow, towerScores } from "./tower_rows.ts";
import { readTowers, writeTowers } from "./towers_file.ts";
import {
  DISTILLED,
  distilling,
  passagesOf,
  REFINED,
  refining,
  targetsOf,
  towerSampling,
} from "./tower_stages.ts";

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

/** What the parts of a distillation need. */
interface Work extends Omit<StageInput, "log" | "dev" | "rows"> {
  settings: DistilSettings;
  rows: TrainExample[][];
  weights: readonly number[];
  teacher: Teacher;
  mined: MinedFolder | undefined;
  backend: Backend;
}

/** Peak learning rates where none is given. */
const RATES = { trained: 5e-4, scratch: 2e-3 };

/** The settings of the stages, all with their values. */
function settledOptions(
  settings: DistilSettings,
  { teacherFolder, encoding }: { teacherFolder: string; encoding: Encoding },
): SettledOptions {
  const { queryLength, passageLength, prompts } = encoding;
  return {
    ...parseExperimentOptions({
      ...stageSettings(settings),
      model: teacherFolder,
      prompts: prompts === "task" ? "task" : "none",
      learningRate: settings.learningRate ??
        (settings.student === SCRATCH ? RATES.scratch : RATES.trained),
    }),
    queryLength,
    passageLength,
  };
}

/** What tells a distillation from another one, beside the stages' settings. */
function identityFields(
  settings: DistilSettings,
  { prompts }: Encoding,
): Record<string, unknown> {
  const { teacher, arm, student, passagesAsQueries } = settings;
  const { maxTexts, squared, cosine, refine } = settings;
  return {
    kind: "distil",
    teacher,
    arm,
    student,
    teacherPrompts: prompts,
    passagesAsQueries,
    maxTexts,
    squared,
    cosine,
    refine,
  };
}

function refuseEmptyTasks(
  rows: readonly (readonly TrainExample[])[],
  { tasks }: Suite,
  weights: readonly number[],
): void {
  const empty = rows.findIndex(({ length }, k) =>
    length === 0 && weights[k]! > 0
  );
  if (empty < 0) return;
  throw new RangeError(
    `Cannot distil: task ${
      tasks[empty]!.name
    } must have a query that no dev or test judgment names: got none; add --passages-as-queries, or give it weight 0`,
  );
}

function plannedStages(
  { settings, weights, rows }: Work,
): PlannedStage[] {
  const { batchSize: queries, steps, refine } = settings;
  const sizes = rows.map(({ length }) => length);
  const stage = (name: string, updates: number): PlannedStage => ({
    name,
    updates,
    queries,
    passages: 0, // theirs are the teacher's
    reference: true,
    passes: expectedPasses(weights, { sizes, draws: updates * queries }),
  });
  return [
    stage(DISTILLED, steps),
    ...refine > 0 ? [stage(REFINED, refine)] : [],
  ];
}

/** How much more a text costs the teacher than the student. */
function costRatio(teacher: Encoder, student: Encoder): number {
  return parameterCounts(teacher).computed / parameterCounts(student).computed;
}

/** Three updates, on targets that are all the same. */
async function measured(work: Work): ReturnType<typeof timeUpdates> {
  const size = embeddingSize(work.base);
  return await timeUpdates(work, {
    rows: work.rows.map((own) => own.slice(0, 3 * work.options.batchSize)),
    training: () => ({
      loss: matchVectors(),
      frozenPassages: ({ examples }) =>
        new Float32Array(examples.length * size).fill(1 / Math.sqrt(size)),
    }),
    sampling: towerSampling(1),
  });
}

/** The towers of both phases; the caller frees them. */
async function* trainTowers(
  work: Work & Pick<StageInput, "dev" | "log">,
): AsyncGenerator<ProgressEvent, TrainedArm[]> {
  const { settings, suite, teacher, rows, weights, signal } = work;
  const targets = yield* targetsOf(rows, { teacher, suite, signal });
  const distilled = yield* trainArm(work, {
    name: DISTILLED,
    weights,
    about: "It learned the teacher's vectors of queries, without judgments.",
  }, distilling(work, { teacher, settings, targets }));
  if (settings.refine === 0) return [distilled];
  try {
    const passages = yield* passagesOf(suite, { teacher, signal });
    return [distilled, yield* refined({ ...work, distilled, passages })];
  } catch (error) {
    disposeEncoder(distilled.encoder);
    throw error;
  }
}

async function* refined(
  { distilled, passages, ...work }: Work & Pick<StageInput, "dev" | "log"> & {
    distilled: TrainedArm;
    passages: Parameters<typeof refining>[1]["passages"];
  },
): AsyncGenerator<ProgressEvent, TrainedArm> {
  const { settings, options, suite, teacher, weights, mined, signal } = work;
  const { rows, statistics } = yield* mineStage(options, suite, {
    mined,
    needed: settings.passages > 1,
    signal,
  });
  await writeJson(join(options.out, "negatives.json"), statistics);
  const input: StageInput = {
    ...work,
    base: distilled.encoder,
    options: {
      ...options,
      steps: settings.refine,
      learningRate: options.learningRate! / 10,
    },
    rows: rows.map((own, k) =>
      own.map(({ query, ...row }) => ({
        ...row,
        query: {
          ...query,
          text: (teacher.prefix(suite.tasks[k]!) + query.text).trim(),
        },
      }))
    ),
  };
  return yield* trainArm(input, {
    name: REFINED,
    weights,
    about:
      "It learned the teacher's vectors of queries, then from judgments, with the teacher's vectors of passages.",
  }, refining(input, { teacher, settings, passages }));
}

/** Evaluates the teacher and its towers, and writes `eval.json` and the cards. */
async function* evaluateTowers(
  towers: readonly TrainedArm[],
  work: Work,
): AsyncGenerator<ProgressEvent, Record<string, EvalReport>> {
  const { teacher, suite, pooled, options, settings, backend, signal } = work;
  const reports: Record<string, EvalReport> = {};
  const evaluated = (
    name: string,
    { encoder, origin }: { encoder: Encoder; origin: EvalReport["origin"] },
  ) =>
    watched(
      teacher.evaluate(encoder, pooled?.suite ?? suite, {
        ...MEASURED,
        ...pooled && { pool: pooled.origin.sha256 },
        ...origin && { origin },
        ...signal && { signal },
      }),
      suite.tasks.length,
      { stage: "evaluation", label: `evaluating ${name} on the test splits` },
    );
  const { origin, towers: { query } } = teacher;
  reports[TEACHER] = yield* evaluated("the teacher", {
    encoder: query,
    origin,
  });
  for (const arm of towers) {
    const { name, folder, encoder } = arm;
    const { encoding, towers } = teacher;
    const origin = await originOf(folder, { encoding, towers, backend });
    const model = { ...origin.model!, name: join("models", name) };
    const report = yield* evaluated(name, {
      encoder,
      origin: { ...origin, model },
    });
    reports[name] = report;
    const { student } = settings;
    await towerCard(folder, { ...work, name, arm, teacher, student, report });
  }
  await writeJson(join(options.out, "eval.json"), reports, 1);
  return reports;
}

/** What `eval.json` calls the teacher, as other runs call what they start from. */
const TEACHER = "start";

/** Queries that speed is measured on. */
const SPEED_QUERIES = 256;

/** The table: the teacher and its towers, with their speed on each backend. */
async function* towerRows(
  towers: readonly TrainedArm[],
  { teacher, options, rows, reports, speed, backend, signal }: Work & {
    reports: Record<string, EvalReport> | undefined;
    speed: readonly BackendName[];
  },
): AsyncGenerator<ProgressEvent, TowerRow[]> {
  const { towers: { query }, folder } = teacher;
  const found = [
    { name: TEACHER, folder, encoder: query },
    ...towers,
  ];
  const table = found.map(({ name, encoder }): TowerRow => ({
    tower: name === TEACHER ? "teacher" : name,
    layers: encoder.config.layers,
    ...parameterCounts(encoder),
    ...reports &&
      towerScores(reports[name]!, reports[TEACHER]!, options.seed),
    speed: [],
  }));
  const each = Math.ceil(SPEED_QUERIES / rows.length);
  const texts = rows.flatMap((own) =>
    own.slice(0, each).map(({ query }) => query.text)
  );
  const event = {
    stage: "speed",
    label: "measuring the towers' speed",
    total: speed.length * found.length,
  };
  let done = 0;
  try {
    for (const name of speed) {
      const used = name === backend.name ? backend : await useBackend(name);
      for (const [i, { folder, encoder }] of found.entries()) {
        yield { ...event, done: done++, note: name };
        signal?.throwIfAborted();
        const other = used === backend ? undefined : await loadTowers(folder);
        try {
          table[i]!.speed.push(
            await querySpeed(other?.query ?? encoder, texts, {
              maxLength: options.queryLength,
              backend: used,
            }),
          );
        } finally {
          if (other) disposeTowers(other);
        }
      }
    }
  } finally {
    await useBackend(backend.name);
  }
  yield { ...event, done };
  return table;
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
