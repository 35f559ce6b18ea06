import { checkPrecision } from "../../backend/kernels/mod.ts";
import { checkSpace, freeSpace } from "../../base/files/check_space.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { type Suite, trainExamples } from "../../data/mod.ts";
import { cutTexts } from "../stages/cut_texts.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { estimate, plannedDev } from "./estimate.ts";
import { measureEncoding } from "./measure_encoding.ts";
import { measureUpdates } from "./measure_updates.ts";
import { plannedModel } from "./planned_model.ts";
import { pooledLine } from "../stages/pooled_test.ts";
import { planLines } from "./plan_lines.ts";
import type {
  MeasuredUpdates,
  PlannedStage,
  PlannedTask,
  RunPlan,
} from "./run_plan.ts";

/** What a plan is made of. */
export interface PlanInput extends
  Pick<
    StageInput,
    "base" | "suite" | "pooled" | "options" | "backend" | "signal"
  > {
  /** The stages, from the number of rows of each task. */
  stages(sizes: number[]): PlannedStage[] | Promise<PlannedStage[]>;
  /** Models that are kept, and how many are evaluated. */
  models: { kept: number; evaluated: number };
  /** How far weights spread by chance, if any are learned. */
  noise?: number | undefined;
  /** The dev sample, if there is one. */
  sample?: Suite | undefined;
  /** Different starts of the retrievers. @default {1} */
  starts?: number;
  /** Whether the length of passages was left to the model. */
  open: boolean;
  /** What the folder holds; a resumed run measures nothing, its progress does. */
  state: RunPlan["state"];
  /** Whether the plan is all that is wanted. */
  planOnly: boolean;
  /** Training rows of each task. @default {its queries with a train judgment} */
  rows?: readonly number[];
  /** Makes three updates. @default {of a retriever} */
  measure?: () => Promise<MeasuredUpdates>;
}

/** Updates from which on three more don't count. */
const WORTH_MEASURING = 100;

/**
 * The plan of what is going to be done, and the lines that say it.
 *
 * @throws {RangeError} If what a new run writes won't fit on the disk, or the backend
 * doesn't compute what evaluations ask for.
 */
export async function* planStage(
  input: PlanInput,
): AsyncGenerator<ProgressEvent, RunPlan> {
  const { base, suite, options, backend, models, sample, starts = 1, open } =
    input;
  const { state, planOnly } = input;
  checkPrecision(options.computeType ?? "float32");
  const tasks = plannedTasks(suite, {
    tested: input.pooled?.suite,
    rows: input.rows,
  });
  const stages = await input.stages(tasks.map(({ rows }) => rows));
  const lengths = cutTexts(base, suite, options);
  const updates = stages.reduce((sum, stage) => sum + stage.updates, 0);
  const measured = planOnly || (state === "new" && updates >= WORTH_MEASURING)
    ? yield* measuring(input)
    : undefined;
  const estimates = estimate({
    tasks,
    stages,
    lengths,
    model: plannedModel(base, options),
    models,
    keep: options.keep,
    dev: plannedDev(options, {
      sample,
      retrievers: models.kept,
      starts,
    }),
    measured,
  });
  const plan = { stages, tasks, lengths, estimates, noise: input.noise };
  const lines = planLines(plan, {
    maxLength: options.model === undefined ? Infinity : base.maxLength,
    open,
    free: await freeSpace(options.out),
    device: backend?.device,
    evaluation: pooledLine(input.pooled, suite),
  });
  yield { stage: "plan", label: lines[0]!, lines, done: 1, total: 1 };
  if (state === "new") await checkSpace(options.out, estimates.disk);
  return { folder: options.out, state, ...plan, lines };
}

async function* measuring(input: PlanInput) {
  const event = {
    stage: "measure",
    label: "making three updates to see what they take",
  };
  yield { ...event, done: 0, total: 1 };
  const measured = await (input.measure?.() ?? measureUpdates(input));
  const secondsPerTokenEncoded = input.models.evaluated > 0
    ? await measureEncoding(input)
    : undefined;
  yield { ...event, done: 1, total: 1 };
  return { ...measured, secondsPerTokenEncoded };
}

function plannedTasks(
  suite: Suite,
  {
    tested = suite,
    rows = trainExamples(suite).map(({ length }) => length),
  }: { tested?: Suite | undefined; rows?: readonly number[] | undefined },
): PlannedTask[] {
  return tested.tasks.map(({ name, corpus, qrels }, k) => ({
    name,
    rows: rows[k]!,
    passages: corpus.size,
    testQueries: qrels.test?.size ?? 0,
  }));
}
