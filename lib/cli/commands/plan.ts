import { z } from "zod";
import {
  type WrapperOptions,
  wrapperShape,
} from "../../experiment/jobs/wrappers/wrapper_options.ts";
import type { Scheduler } from "../../experiment/mod.ts";
import { printable } from "../../base/printable.ts";
import type { Command } from "../command.ts";

/** Options of `tdro plan`. */
export interface PlanCommandOptions extends WrapperOptions {
  /** Folder of the plan. */
  plan?: string | undefined;
  /** The scheduler. */
  for: Scheduler;
  /** A line that is done in parts, in place of a plan. */
  line?: string | undefined;
  /** How many parts. */
  shards?: number | undefined;
  /** A line for when all are done. */
  last?: string | undefined;
  /** Folder for the files. */
  out?: string | undefined;
  /** The working folder, as the machines know it. */
  workdir?: string | undefined;
  /** How the machines start tdro. */
  command: string;
  /** Whether files are replaced. */
  force: boolean;
}

/** `tdro plan`. */
export const command: Command<PlanCommandOptions> = {
  name: "plan",
  summary: "Write the files that hand a plan's jobs to a scheduler",
  details:
    "For Slurm an array, for Kubernetes an Indexed Job, for Ray a program, " +
    "for GNU parallel a script, for SkyPilot a task. Nothing is started: " +
    "read the files, change what your cluster wants otherwise, and start " +
    "them by the line that is printed. Jobs that others need come first; " +
    "what is done is left alone, so everything may be started again. In " +
    "place of a plan, --line names a command that is done in parts.",
  examples: [
    {
      about: "An array of Slurm, 8 jobs at once with a GPU each",
      line: "tdro plan plan --for slurm --at-once 8 --gpus 1 --memory 32",
    },
    {
      about: "An Indexed Job of Kubernetes",
      line: "tdro plan plan --for kubernetes --image my/tdro --volume shared",
    },
    {
      about: "An evaluation in 8 parts on this machine, 2 at once",
      line:
        "tdro plan --for parallel --at-once 2 --shards 8 --line 'tdro eval --suite my/suite --model models/e5 --out parts/{index} --shard {shard}'",
    },
  ],
  options: z.strictObject({
    plan: z.string().min(1).optional().meta({ placeholder: "PLAN" }).describe(
      "Folder that tdro arena plan made; not with --line",
    ),
    for: z.enum(["slurm", "kubernetes", "parallel", "ray", "skypilot"])
      .describe("Who starts the jobs"),
    line: z.string().min(1).optional().meta({ placeholder: "COMMAND" })
      .describe(
        "Command that is done in parts, in place of a plan: {shard} stands " +
          "for the part, as in 1/8, and {index} for its number from 0",
      ),
    shards: z.number().int().min(1).optional().describe(
      "How many parts, with --line",
    ),
    last: z.string().min(1).optional().meta({ placeholder: "COMMAND" })
      .describe(
        "Command for when all parts are done, with --line; for a plan it is " +
          "tdro arena collect",
      ),
    out: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder for the files; default: named like the scheduler, in the plan's folder",
    ),
    workdir: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe(
        "Working folder as the machines know it, an absolute path; default: this one",
      ),
    command: z.string().min(1).default("tdro").meta({ placeholder: "COMMAND" })
      .describe("How the machines start tdro, for a plan"),
    ...wrapperShape,
    force: z.boolean().default(false).describe(
      "Replace files that are there",
    ),
  }) as unknown as z.ZodType<PlanCommandOptions>,
  operands: ["plan"],
  async run({ plan, for: scheduler, line, shards, last, ...options }, io) {
    const { wrapJobs } = await import("../../experiment/mod.ts");
    const what = jobsOf({ plan, line, shards, last });
    const wrapped = await wrapJobs(what, { scheduler, ...options });
    io.result(wrapped, () => {
      const { files, start, needs } = wrapped;
      return [...files, "", `Start: ${start}`, ...needs.map((n) => `- ${n}`)]
        .map(printable).join("\n");
    });
  },
};

/** The plan, or the line; refuses both or neither. */
function jobsOf(
  { plan, line, shards, last }: Pick<
    PlanCommandOptions,
    "plan" | "line" | "shards" | "last"
  >,
) {
  if (line === undefined) {
    const other = last ? "--last" : shards ? "--shards" : undefined;
    if (plan !== undefined && !other) return plan;
    throw new RangeError(
      other
        ? `Cannot write the wrapper: ${other} goes with --line, not with a plan`
        : "Cannot write the wrapper: name the folder of a plan, or a command with --line",
    );
  }
  if (plan === undefined && shards !== undefined) return { line, shards, last };
  throw new RangeError(
    plan !== undefined
      ? "Cannot write the wrapper: --line takes the place of a plan; leave one of them out"
      : "Cannot write the wrapper: --line needs the number of parts; name it with --shards",
  );
}
