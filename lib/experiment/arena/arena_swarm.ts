import type { Swarm } from "../../dro/mod.ts";
import { readPart } from "../report/read_run.ts";
import { ARENA_RESULT, type ArenaArm } from "./result.ts";

/** The arms of an arena as runs of a swarm. */
export interface ArenaSwarm extends Swarm {
  /** Training rows of each task, shape `[K]`. */
  sizes: number[];
}

/**
 * Takes the arms of an arena as runs on different mixtures, as Olmix's and RegMix's
 * tools know them: what each was trained on, and 1 − nDCG@10 on the dev queries of each
 * task, of the model that was kept. The arena must have evaluated on dev queries, as
 * weights that are fitted to test scores can't be compared on them.
 *
 * @param folder Folder of a finished arena.
 * @returns The runs, and the sizes of the tasks.
 * @throws {Deno.errors.NotFound} If there is no finished arena.
 * @throws {RangeError} If an arm has no dev scores.
 */
export async function arenaSwarm(folder: string): Promise<ArenaSwarm> {
  const result = await readPart(folder, ARENA_RESULT);
  if (!result) {
    throw new Deno.errors.NotFound(
      `Cannot read the arena in ${folder}: it has no ${ARENA_RESULT}; name the folder of a finished arena`,
    );
  }
  const names = result.tasks.map(({ name }) => name);
  return {
    domains: names,
    metrics: names.map((name) => `${name}_ndcg_error`),
    sizes: result.tasks.map(({ size }) => size),
    runs: result.arms.map((arm) => {
      const scores = devScores(arm, folder);
      return {
        run: `${arm.strategy}-seed-${arm.seed}`,
        name: arm.strategy,
        ratios: arm.weights,
        metrics: names.map((name) => 1 - scores[name]!),
      };
    }),
  };
}

/** Dev nDCG@10 by task of the model that an arm kept. */
function devScores(
  { strategy, seed, kept, course }: ArenaArm,
  folder: string,
): Record<string, number> {
  const line = course?.find(({ step }) => step === kept?.step);
  if (line) return line.ndcgByTask;
  throw new RangeError(
    `Cannot fit weights to the arena in ${folder}: ${strategy} with seed ${seed} was not evaluated on dev queries; run it by tdro arena --eval-every`,
  );
}
