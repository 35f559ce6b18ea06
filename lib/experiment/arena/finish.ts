import { join } from "node:path";
import { writeSealed } from "../../base/files/sealed_json.ts";
import type { Strategy } from "../../dro/mod.ts";
import { dropReplaced } from "../replaced.ts";
import { writeArenaReport } from "../report/write_report.ts";
import { versions } from "../versions.ts";
import { arenaBaselines, type SeedBaselines } from "./baselines.ts";
import type { ArenaIdentity } from "./folder.ts";
import { ARENA_RESULT, type ArenaArm, type ArenaResult } from "./result.ts";
import { arenaStatistics } from "./statistics.ts";

/** What the arms of an arena came to. */
export interface ArenaParts {
  /** What they have in common. */
  identity: ArenaIdentity;
  /** The strategies, uniform first. */
  strategies: readonly Strategy[];
  /** The seeds. */
  seeds: readonly number[];
  /** Training rows of each task. */
  sizes: readonly number[];
  /** Each strategy with each seed, seed by seed. */
  arms: readonly ArenaArm[];
  /** What was measured without training. */
  untrained: readonly SeedBaselines[];
}

/**
 * Sums up the arms, and writes `arena.json` and the report.
 *
 * @param folder The arena's folder.
 * @param parts What the arms came to.
 */
export async function finishArena(
  folder: string,
  { identity, strategies, seeds, sizes, arms, untrained }: ArenaParts,
): Promise<ArenaResult> {
  const { suite, backend, settings } = identity;
  const { steps, batchSize, budget } = settings as Record<string, number>;
  const result: ArenaResult = {
    format: "tdro-arena/1",
    suite: suite.name,
    tasks: suite.tasks.map((name, k) => ({ name, size: sizes[k]! })),
    steps: steps!,
    budget: budget!,
    seeds: [...seeds],
    backend: backend.name,
    strategies: arenaStatistics(strategies, arms, {
      seed: seeds[0]!,
      sizes,
      draws: steps! * batchSize!,
    }),
    baselines: arenaBaselines(untrained),
    arms: [...arms],
    versions: versions(),
  };
  await writeSealed(join(folder, ARENA_RESULT), result);
  await writeArenaReport(folder, result, identity);
  await dropReplaced(folder);
  return result;
}
