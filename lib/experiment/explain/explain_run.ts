import { exists } from "../../base/files/exists.ts";
import { readText } from "../../base/files/read_text.ts";
import { join } from "node:path";
import { z } from "zod";
import {
  type ChanceBand,
  explainWeights,
  type LossLog,
  readLossLog,
  readWeightFile,
  type WeightExplanation,
} from "../../dro/mod.ts";
import { LOSS_MEASURES } from "../../base/loss_measures.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import { type MetricsLine, MetricsLog } from "../stages/metrics_log.ts";
import { weightLines } from "../stages/weight_stages.ts";
import { type WeightUpdate, weightUpdate } from "../weight_options.ts";
import { jsonValue } from "../../base/json_value.ts";
import { chanceOf, historyOf, lossesOf } from "./stage_lines.ts";

/** The losses that a run learned its weights from, and how it did. */
export interface RunLosses {
  /** Losses of stage 1, with the names of the run's tasks. */
  log: LossLog & { tasks: string[] };
  /** Measure, its floor, and step size of the run. */
  update: WeightUpdate;
}

const recordSchema = z.object({
  options: z.object({
    measure: z.enum(LOSS_MEASURES),
    referenceFloor: z.number().optional(),
    floorAsAt: z.number().optional(),
    eta: z.number().optional(),
    weightSteps: z.number(),
  }),
  suite: z.object({ tasks: z.array(z.string()).min(1) }),
});

/**
 * Reads the losses that a run learned its weights from. Replaying them with
 * its own settings gives its weights, to the last bit; those of a run with several
 * seeds in stage 1 (`log.repeats`) are each replayed, and averaged by `meanWeights()`.
 *
 * @param folder Folder of a run that has begun to learn weights.
 * @returns Losses and settings; sizes only once the weights are learned.
 * @throws {Deno.errors.NotFound} If it holds no run.
 * @throws {SyntaxError} If the record or a line of the log is damaged, or the
 * log has no examples.
 *
 * @example Usage
 * ```ts
 * import { readRunLosses } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * // const { log, update } = await readRunLosses("runs/demo");
 * // replayWeights(log.lines, update)
 * await assert.rejects(readRunLosses("no/such/run"), /Cannot read the run/);
 * ```
 */
export async function readRunLosses(folder: string): Promise<RunLosses> {
  const path = join(folder, "run.json");
  const text = await readText(
    path,
    `Cannot read the run in ${folder}: ${
      await exists(join(folder, "settings.json"))
        ? "it is an arena; name one of its strategies with --strategy"
        : "it has no run.json; name the folder of a run"
    }`,
  );
  let record: z.infer<typeof recordSchema>;
  try {
    record = recordSchema.parse(jsonValue(text));
  } catch {
    throw new SyntaxError(
      `${path}:1: Cannot read the run: the record is not one of a run; run it again`,
    );
  }
  const { tasks } = record.suite;
  const log = await readLossLog(join(folder, "metrics.jsonl"));
  if (log.domainCount !== tasks.length) {
    throw new SyntaxError(
      `${path}:1: Cannot read the run: it has ${tasks.length} tasks, its log ${log.domainCount}`,
    );
  }
  const sizes = await sizesOf(folder, tasks);
  return {
    log: { ...log, tasks, sizes },
    update: weightUpdate(record.options),
  };
}

/**
 * Says why a run's weights are what they are: for each task its course, both
 * readings of the measure, the losses behind them, and one sentence.
 *
 * @param folder Folder of a run that has learned weights, finished or not.
 * @returns A row for each task, in the suite's order.
 * @throws {Deno.errors.NotFound} If it holds no run.
 * @throws {SyntaxError} If the record or a line of the log is damaged, or the
 * log has no examples.
 *
 * @example Usage
 * ```ts
 * import { explainRun } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * // for (const { task, why } of await explainRun("runs/demo")) …
 * await assert.rejects(explainRun("no/such/run"), /Cannot read the run/);
 * ```
 */
export async function explainRun(
  folder: string,
): Promise<WeightExplanation[]> {
  const { log, update } = await readRunLosses(folder);
  const metrics = await new MetricsLog(folder).lines();
  return explainWeights({
    names: log.tasks,
    sizes: log.sizes,
    history: weightHistory(metrics),
    lines: [log.lines, ...log.repeats ?? []].flat(),
    measure: update.measure,
    floor: update,
    chance: chanceOf([log.lines, ...log.repeats ?? []], update),
  });
}

/**
 * As {@linkcode explainRun}, from what is in memory at the end of a run; nothing
 * if the log is of a version that kept no examples.
 */
export function explainMetrics(
  tasks: readonly {
    name: string;
    size: number;
    chance?: ChanceBand | undefined;
  }[],
  metrics: readonly MetricsLine[],
  update: {
    measure: string;
    referenceFloor?: number | undefined;
    floorAsAt?: number | undefined;
  },
): WeightExplanation[] {
  const stages = weightLines(metrics);
  const lines = lossesOf(stages).flat();
  const history = historyOf(stages);
  if (lines.length === 0) return [];
  const chance = tasks.flatMap((task) => task.chance ? [task.chance] : []);
  return explainWeights({
    names: tasks.map((t) => t.name),
    sizes: tasks.map((t) => t.size),
    history,
    lines,
    measure: update.measure as ExperimentOptions["measure"],
    floor: update as Pick<WeightUpdate, "referenceFloor" | "floorAsAt">,
    chance: chance.length === tasks.length ? chance : undefined,
  });
}

/**
 * What chance alone would have given each task of a run; nothing if the log is of a
 * version that kept no examples.
 */
export function chanceOfRun(
  metrics: readonly MetricsLine[],
  options: ExperimentOptions,
): ChanceBand[] | undefined {
  const lines = lossesOf(weightLines(metrics));
  if (lines.length === 0) return;
  return chanceOf(lines, weightUpdate(options));
}

/**
 * The numbers of an explanation as a table shows them, without trajectory and
 * sentence.
 */
export function explanationTable(
  rows: readonly WeightExplanation[],
): Record<string, string | number | null>[] {
  return rows.toSorted((a, b) => b.end - a.end).map(
    (
      {
        trajectory: _,
        present: __,
        size: ___,
        why: ____,
        chance,
        task,
        start,
        end,
        ...row
      },
    ) => ({
      task,
      start,
      end,
      chanceLow: chance?.[0] ?? null,
      chanceHigh: chance?.[1] ?? null,
      ...row,
    }),
  );
}

/** {@linkcode historyOf} stage 1 of a run. */
export function weightHistory(metrics: readonly MetricsLine[]): number[][] {
  return historyOf(weightLines(metrics));
}

/** Rows of each task, as the weight file of a learned mixture tells. */
async function sizesOf(
  folder: string,
  tasks: readonly string[],
): Promise<number[] | undefined> {
  try {
    const file = await readWeightFile(join(folder, "weights.json"));
    return tasks.map((task) => file.sizes[file.names.indexOf(task)]!);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
}
