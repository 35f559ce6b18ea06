import type { Backend } from "../../backend/mod.ts";
import type { Suite } from "../../data/mod.ts";
import { prepareArena, type PreparedArena } from "../arena/prepare.ts";
import { asJson, firstDifference, taskHash } from "../run_folder.ts";
import type { ArenaSettings } from "../arena/options.ts";
import type { JobPlan } from "./job_plan.ts";
import { modelHashes } from "./plan_arena_jobs.ts";

/**
 * The arena that a plan divides, if all that it was made of is as it was.
 *
 * @param plan The plan.
 * @param options The tasks, what tensors are computed with, and what stops the work.
 * @throws {RangeError} If a task, a model or the backend is another one.
 */
export async function preparePlan(
  plan: JobPlan,
  { suite, backend, signal }: {
    suite: Suite;
    backend: Backend;
    signal?: AbortSignal | undefined;
  },
): Promise<PreparedArena> {
  const { folder, identity, strategies, seeds } = plan;
  await checkTasks(plan, suite);
  const { budget, devQueries, ...settings } = identity.settings as
    & Partial<ArenaSettings>
    & Record<"budget" | "devQueries", number>;
  const arena = await prepareArena(suite, strategies, {
    ...settings,
    budget,
    devQueries,
    seeds,
    backend,
    signal,
    out: folder,
  });
  const { lengths: _, ...planned } = identity;
  const { name, device } = planned.backend;
  if (name !== backend.name || device !== backend.device) {
    throw changed(
      plan,
      `its arms are computed by ${name} on the ${device}, and here is ${backend.name} on the ${backend.device}; use such a machine`,
    );
  }
  const other = firstDifference(asJson(arena.identity), planned);
  if (other) throw changed(plan, `something is no longer as it was: ${other}`);
  const now = await modelHashes(arena.settings);
  for (const [setting, sha256] of Object.entries(plan.models)) {
    if (now[setting] === sha256) continue;
    const { model, mineModel } = arena.settings;
    throw changed(
      plan,
      `the model ${
        setting === "model" ? model : mineModel
      } has changed since the plan was made`,
    );
  }
  return arena;
}

/** Refuses tasks that aren't those of the plan, by name. */
async function checkTasks(plan: JobPlan, { tasks }: Suite): Promise<void> {
  for (const [k, { name, sha256 }] of plan.suite.tasks.entries()) {
    const task = tasks[k];
    if (task?.name !== name) {
      throw changed(
        plan,
        `task ${k + 1} must be ${name}: got ${task?.name ?? "none"}`,
      );
    }
    if (await taskHash(task) === sha256) continue;
    throw changed(
      plan,
      `the data of task ${name} has changed since the plan was made`,
    );
  }
}

function changed({ folder }: JobPlan, why: string): RangeError {
  const mend = why.includes(";") ? "" : "; restore it";
  return new RangeError(
    `Cannot work on the plan ${folder}: ${why}${mend}, or make a new plan`,
  );
}
