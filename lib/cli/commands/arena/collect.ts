import { z } from "zod";
import type { Command } from "../../command.ts";
import { showArena } from "./show_arena.ts";

/** Options of `tdro arena collect`. */
export interface ArenaCollectOptions {
  /** Folder of the plan. */
  plan: string;
  /** Folder of the arena. */
  out?: string | undefined;
  /** Seeds to collect. */
  seeds?: number[] | undefined;
  /** Strategies to collect. */
  strategies?: string[] | undefined;
  /** Whether an arena in the folder is replaced. */
  force: boolean;
}

/** `tdro arena collect`. */
export const command: Command<ArenaCollectOptions> = {
  name: "arena collect",
  summary: "Make an arena of a plan's finished jobs",
  details:
    "The result is what tdro arena would have written in one go: the same " +
    "files with the same bytes, except for times. No data and no model is " +
    "read. The plan stays as it is: more seeds can be added and collected " +
    "again.",
  examples: [
    {
      about: "When all jobs are done",
      line: "tdro arena collect plan --out runs/arena",
    },
    {
      about: "The seeds that are done so far",
      line: "tdro arena collect plan --seeds 1,2 --out runs/first-two",
    },
  ],
  options: z.strictObject({
    plan: z.string().min(1).meta({ placeholder: "PLAN" }).describe(
      "Folder that tdro arena plan made",
    ),
    out: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder of the arena; default: arena in the plan's folder",
    ),
    seeds: z.array(z.number().int().min(0)).min(1).optional().describe(
      "Seeds to collect; default: all of the plan",
    ),
    strategies: z.array(z.string()).min(1).optional().meta({
      placeholder: "NAME",
    }).describe("Strategies to collect; default: all of the plan"),
    force: z.boolean().default(false).describe(
      "Replace an arena with other settings in the folder",
    ),
  }),
  operands: ["plan"],
  async run({ plan, ...options }, io) {
    const { collectArena } = await import("../../../experiment/mod.ts");
    const result = await collectArena(plan, options);
    for (const difference of result.differences) io.note(difference);
    const hosts = Object.entries(result.hosts)
      .map(([host, jobs]) => `${jobs} on ${host}`);
    io.note(`jobs done: ${hosts.join(", ")}`);
    await showArena(result, io);
  },
};
