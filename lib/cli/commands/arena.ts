import { z } from "zod";
import { withLocalModels } from "./local_model.ts";
import { workersOption } from "../workers/workers_option.ts";
import type { Command } from "../command.ts";
import { dryRunOption, showPlan } from "./plan_option.ts";
import { arenaShape, type SharedArenaOptions } from "./arena/options.ts";
import { showArena } from "./arena/show_arena.ts";

/** Options of `tdro arena`. */
export interface ArenaOptions extends SharedArenaOptions {
  /** Processes that compute together. */
  workers?: number | undefined;
  /** Whether only the plan is told. */
  dryRun: boolean;
  /** Whether an arena in the folder is replaced. */
  force: boolean;
}

/** `tdro arena`. */
export const command: Command<ArenaOptions> = {
  name: "arena",
  summary: "Compare strategies for choosing the mixture over several seeds",
  details:
    "Each strategy chooses a mixture with the same budget of proxy steps; " +
    "each mixture trains a retriever with the same start, steps and seeds; " +
    "all are compared with uniform sampling on the test splits. " +
    "Strategies: uniform, proportional, temperature-T, recipe-gte, manual-0.5/0.3/0.2, " +
    "tdro, tdro-as-at-512, tdro-ratio-of-means, doremi, group-dro, doge, regmix, " +
    "olmix, climb, leave-one-out, inf-dds, aioli, skill-it, odm, ado, pike and velocitune (which change while the retriever trains), and the control random-70; with -top-N at its end, as in tdro-top-70, a " +
    "strategy keeps only its N % heaviest tasks; with -mean-N, its weights are the mean of N runs that share the budget; with -soup-N or -slerp-N, N retrievers share the updates and are merged; with -permuted, a control, they are dealt to the tasks by lot; with -uncertainty, -gradnorm or -pcgrad, the tasks of an update are weighed (see --tasks-per-update). Finished arms are kept: more strategies or " +
    "seeds in the same folder train only what is new.",
  examples: [
    {
      about: "tDRO, DoReMi and a temperature against uniform sampling",
      line:
        "tdro arena --suite my/suite --strategies tdro,doremi,temperature-3 --seeds 1,2,3",
    },
    {
      about: "With a larger budget for the proxies, as JSON",
      line:
        "tdro arena --suite my/suite --strategies regmix --budget 2000 --json",
    },
  ],
  severalProcesses: true,
  options: z.strictObject({
    ...arenaShape,
    workers: workersOption,
    dryRun: dryRunOption,
    force: z.boolean().default(false).describe(
      "Replace the arena in the folder; a finished one is kept until the " +
        "new one is complete",
    ),
  }) as unknown as z.ZodType<ArenaOptions>,
  operands: [],
  async run(
    { suite: folder, tasks, strategies, backend: name, dryRun, ...options },
    io,
  ) {
    const { openSuite } = await import("../../data/mod.ts");
    const { useBackend } = await import("../../backend/mod.ts");
    const { strategy } = await import("../../dro/mod.ts");
    const { compareMixtures, planArena } = await import(
      "../../experiment/mod.ts"
    );
    io.resumeWith(
      "rerun the same command: it resumes from the last checkpoint",
    );
    const entries = strategies.map(strategy);
    const rest = await withLocalModels(options, { io, mayBeGone: true });
    const suite = await openSuite(folder, { tasks });
    const backend = await useBackend(name);
    io.note(
      `backend: ${backend.name} on ${backend.device}: ${backend.reason}`,
    );
    const given = { ...rest, backend, signal: io.signal };
    if (dryRun) return await showPlan(planArena(suite, entries, given), io);
    const result = await io.progress(compareMixtures(suite, entries, given));
    await showArena(result, io);
  },
};
