import { join } from "node:path";
import { exists } from "../../base/files/exists.ts";
import {
  type ChanceBand,
  readWeightFile,
  type StepWeightsOptions,
} from "../../dro/mod.ts";
import type { RunLosses } from "../explain/explain_run.ts";
import { historyOf, lossesOf } from "../explain/stage_lines.ts";
import { MetricsLog } from "../stages/metrics_log.ts";
import { readChoice } from "./choice.ts";
import { WEIGHTS } from "./choose.ts";
import { seedFolder, seedsIn } from "./folder.ts";
import { stageLines } from "./loss_stages.ts";
import { slugOf } from "./slug.ts";

/** Which arm of an arena. */
export interface ArmOfArena {
  /** Name of its strategy. */
  strategy: string;
  /** Its seed; may be left out where the arena has one. */
  seed?: number | undefined;
}

/** The losses that an arm learned its weights from, and how. */
export interface ArmLosses {
  /** The strategy that learned them: another one where the arm's weights follow from it. */
  of: string;
  /** The seed. */
  seed: number;
  /** The losses, with the names and rows of the tasks. */
  log: RunLosses["log"];
  /** How they became weights. */
  update: StepWeightsOptions;
  /** Weights after each update, shape `[updates][K]`. */
  history: number[][];
  /** What chance alone gives each task; absent where that can't be told. */
  chance?: ChanceBand[] | undefined;
}

/**
 * Reads the losses that an arm of an arena learned its weights from. Where they follow
 * from another arm's, as the top tasks of a strategy do, it is the other's.
 *
 * @param arena The arena's folder; it need not be finished.
 * @param arm Which arm.
 * @throws {RangeError} If there is no such arm, it doesn't learn from losses, or the
 * seed is left open.
 *
 * @example Usage
 * ```ts
 * import { readArmLosses } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * // const { log, update } = await readArmLosses("runs/arena", { strategy: "tdro" });
 * // replayWeights(log.lines, update)
 * await assert.rejects(
 *   readArmLosses("no/such/arena", { strategy: "tdro" }),
 *   /Cannot read the arena/,
 * );
 * ```
 */
export async function readArmLosses(
  arena: string,
  { strategy, seed: wanted }: ArmOfArena,
): Promise<ArmLosses> {
  const seed = await chosenSeed(arena, wanted);
  const folder = join(arena, seedFolder(seed));
  const { of, lossStages, chance } = await learned(folder, strategy);
  const stages = stageLines(
    await new MetricsLog(folder).lines(),
    lossStages,
  );
  const losses = lossesOf(stages);
  const [first] = losses;
  if (!first?.length) {
    throw new RangeError(
      `Cannot read the losses of ${of}: ${
        join(folder, "metrics.jsonl")
      } has none of the stage ${lossStages[0]!.stage}; run the arena again`,
    );
  }
  const file = await readWeightFile(join(folder, "arms", slugOf(of), WEIGHTS));
  const byId = file.ids.map((_, k) => file.ids.indexOf(k));
  return {
    of,
    seed,
    log: {
      tasks: byId.map((k) => file.names[k]!),
      sizes: byId.map((k) => file.sizes[k]!),
      domainCount: file.ids.length,
      lines: first,
      ...losses.length > 1 && { repeats: losses.slice(1) },
      warnings: [],
    },
    update: lossStages[0]!.update,
    history: historyOf(stages),
    ...chance && { chance },
  };
}

/** What an arm learned, or the one that its weights follow from. */
async function learned(folder: string, strategy: string) {
  let of = strategy;
  let choice = await choiceOf(folder, of);
  while (choice?.weightsOf !== undefined) {
    of = choice.weightsOf;
    choice = await choiceOf(folder, of);
  }
  const { lossStages, chance } = choice ?? {};
  if (lossStages) return { of, lossStages, chance };
  const others = await learners(folder);
  throw new RangeError(
    `Cannot read the losses of ${strategy} in ${folder}: ${
      choice ? "it learned from none" : "there is no such arm"
    }; ${
      others.length > 0
        ? `name one of ${others.join(", ")} with --strategy`
        : "no arm has learned from losses with this version"
    }`,
  );
}

async function chosenSeed(
  arena: string,
  wanted: number | undefined,
): Promise<number> {
  const seeds = await exists(arena) ? await seedsIn(arena) : [];
  if (seeds.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot read the arena in ${arena}: it has no folder of a seed; name the folder of an arena`,
    );
  }
  if (wanted === undefined && seeds.length === 1) return seeds[0]!;
  if (wanted !== undefined && seeds.includes(wanted)) return wanted;
  throw new RangeError(
    `Cannot read one arm of ${arena}: ${
      wanted === undefined ? "it has several seeds" : `it has no seed ${wanted}`
    }; choose one of ${seeds.join(", ")} with --seed`,
  );
}

function choiceOf(folder: string, strategy: string) {
  return readChoice(join(folder, "arms", slugOf(strategy)));
}

/** Folders of the arms that learned from losses, or from whom. */
async function learners(seed: string): Promise<string[]> {
  const names: string[] = [];
  const arms = join(seed, "arms");
  if (!await exists(arms)) return names;
  for await (const { name } of Deno.readDir(arms)) {
    const choice = await choiceOf(seed, name);
    if (choice?.lossStages) names.push(name);
  }
  return names.sort();
}
