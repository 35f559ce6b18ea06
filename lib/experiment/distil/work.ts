import type { Backend } from "../../backend/mod.ts";
import type { Suite, TrainExample } from "../../data/mod.ts";
import { embeddingSize, type Encoder } from "../../model/mod.ts";
import { matchVectors } from "../../train/mod.ts";
import { parseExperimentOptions } from "../experiment_options.ts";
import type { MinedFolder } from "../mined_folder.ts";
import { timeUpdates } from "../plan/measure_updates.ts";
import { expectedPasses } from "../plan/planned_stages.ts";
import type { PlannedStage } from "../plan/run_plan.ts";
import type { Encoding } from "../retriever/encoding.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { type DistilSettings, stageSettings } from "./distil_options.ts";
import { SCRATCH } from "./student.ts";
import type { Teacher } from "./teacher.ts";
import { parameterCounts } from "./tower_rows.ts";
import { DISTILLED, REFINED, towerSampling } from "./tower_stages.ts";

/** What the parts of a distillation need. */
export interface Work extends Omit<StageInput, "log" | "dev" | "rows"> {
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
export function settledOptions(
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
export function identityFields(
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

/** Refuses a task to be drawn that has nothing to learn from. */
export function refuseEmptyTasks(
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

/** The phases, for a plan. */
export function plannedStages(
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
export function costRatio(teacher: Encoder, student: Encoder): number {
  return parameterCounts(teacher).computed / parameterCounts(student).computed;
}

/** Three updates, on targets that are all the same. */
export async function measured(work: Work): ReturnType<typeof timeUpdates> {
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
