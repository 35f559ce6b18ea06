import {
  type ArmLosses,
  type ArmOfArena,
  readArmLosses,
} from "../arena/arm_losses.ts";
import { explainWeights, type WeightExplanation } from "../../dro/mod.ts";

/** An arm's weights, explained. */
export interface ArmExplanation extends Pick<ArmLosses, "of" | "seed"> {
  /** A row for each task, in the suite's order. */
  tasks: WeightExplanation[];
}

/**
 * `explainRun()` for an arm of an arena: why the weights that a strategy learned from
 * losses are what they are.
 *
 * @param arena The arena's folder; it need not be finished.
 * @param arm Which arm. Where its weights follow from another's, as the top tasks of a
 * strategy do, the other's are explained; `of` tells.
 * @returns A row for each task, in the suite's order.
 * @throws {RangeError} If there is no such arm, it doesn't learn from losses, or the
 * seed is left open.
 *
 * @example Usage
 * ```ts
 * import { explainArm } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * // const { tasks } = await explainArm("runs/arena", { strategy: "tdro", seed: 1 });
 * await assert.rejects(
 *   explainArm("no/such/arena", { strategy: "tdro" }),
 *   /Cannot read the arena/,
 * );
 * ```
 */
export async function explainArm(
  arena: string,
  arm: ArmOfArena,
): Promise<ArmExplanation> {
  const { of, seed, log, update, history, chance } = await readArmLosses(
    arena,
    arm,
  );
  const { measure, referenceFloor, floorAsAt, clip } = update;
  const tasks = explainWeights({
    names: log.tasks,
    sizes: log.sizes,
    history,
    lines: [log.lines, ...log.repeats ?? []].flat(),
    measure,
    floor: { referenceFloor, floorAsAt },
    clip,
    chance,
  });
  return { of, seed, tasks };
}
