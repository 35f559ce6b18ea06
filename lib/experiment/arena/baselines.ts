import { join } from "node:path";
import { z } from "zod";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { readSealed, writeSealed } from "../../base/files/sealed_json.ts";
import { BASELINES } from "../arms.ts";
import { baselineEvaluations, watched } from "../stages/evaluate_arm.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { METRIC } from "../summary.ts";
import type { ArenaBaselines } from "./result.ts";

/** nDCG@10 of each task, of one seed. */
export type SeedBaselines = Record<(typeof BASELINES)[number], number[]>;

const schema: z.ZodType<SeedBaselines> = z.object({
  bm25: z.array(z.number()),
  start: z.array(z.number()),
});

/** Name of the file with what was measured. */
const FILE = "baselines.json";

/**
 * What was measured of a seed without training, if it is finished.
 *
 * @param out Folder of the seed.
 */
export function readBaselines(
  out: string,
): Promise<SeedBaselines | undefined> {
  return readSealed(join(out, FILE), {
    schema,
    mend: "remove it to measure them anew",
  });
}

/**
 * Measures BM25 and the start of a seed's arms, or takes what an earlier try
 * measured.
 *
 * @param input Settings, tasks and start of the seed.
 */
export async function* seedBaselines(
  input: StageInput,
): AsyncGenerator<ProgressEvent, SeedBaselines> {
  const { options, suite, base } = input;
  const before = await readBaselines(options.out);
  if (before) return before;
  const scores: Partial<SeedBaselines> = {};
  for (const [name, evaluation] of baselineEvaluations(base, input)) {
    const report = yield* watched(evaluation, suite.tasks.length, {
      stage: `${name}, seed ${options.seed}`,
      label: `evaluating ${name} (seed ${options.seed})`,
    });
    scores[name] = report.tasks.map(({ mean }) => mean[METRIC]!);
  }
  await writeSealed(join(options.out, FILE), scores);
  return scores as SeedBaselines;
}

/** Means over the seeds. */
export function arenaBaselines(
  seeds: readonly SeedBaselines[],
): ArenaBaselines {
  const average = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const entries = BASELINES.map((name) => {
    const tasks = seeds[0]![name].map((_, k) =>
      average(seeds.map((seed) => seed[name][k]!))
    );
    return [name, { mean: average(tasks), tasks }];
  });
  return Object.fromEntries(entries) as ArenaBaselines;
}
