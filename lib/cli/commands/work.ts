import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import { printable } from "../../base/printable.ts";
import type { Command } from "../command.ts";

/** Options of `tdro work`. */
export interface WorkCommandOptions {
  /** Folder of the plan. */
  plan: string;
  /** The one job to do. */
  index?: number | undefined;
  /** Where the suite is, if not where it was. */
  suite?: string | undefined;
  /** Whether to wait for jobs that others are doing. */
  wait: boolean;
  /** Seconds between signs of life. */
  beat: number;
}

/** `tdro work`. */
export const command: Command<WorkCommandOptions> = {
  name: "work",
  summary: "Do the jobs of a plan that nobody else is doing",
  details:
    "Start it as often as you like, on any machines that share the folder: " +
    "each job is done once, and a finished plan is left alone. A worker that " +
    "is stopped gives its job back. One that is killed gives no more signs " +
    "of life, and another goes on with its job from the last checkpoint: " +
    "after 2 beats on the same machine, after 30 elsewhere. Paths in the " +
    "plan are read from the folder in which tdro work runs, as they were by " +
    "tdro arena plan.",
  examples: [
    { about: "Work until no job is left", line: "tdro work plan" },
    {
      about: "One job of an array; what it needs is done first",
      line: "tdro work plan --index 7",
    },
  ],
  options: z.strictObject({
    plan: z.string().min(1).meta({ placeholder: "PLAN" }).describe(
      "Folder that tdro arena plan made",
    ),
    index: z.number().int().min(0).optional().describe(
      "Number of the one job to do, from 0; default: all that are left",
    ),
    suite: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe("Folder of the suite; default: where it was for the plan"),
    wait: z.boolean().default(true).describe(
      "Wait for jobs that others are doing, to take over those whose worker " +
        "is gone; with --index it always waits for what the job needs",
    ),
    beat: z.number().positive().default(10).describe(
      "Seconds between this worker's signs of life",
    ),
  }) as unknown as z.ZodType<WorkCommandOptions>,
  operands: ["plan"],
  async run({ plan: folder, suite: other, ...options }, io) {
    const { openSuite } = await import("../../data/mod.ts");
    const { useBackend } = await import("../../backend/mod.ts");
    const { readJobPlan, work } = await import("../../experiment/mod.ts");
    const plan = await readJobPlan(folder);
    const path = other ?? plan.suite.folder;
    if (path === undefined) {
      throw new RangeError(
        `Cannot work on the plan ${folder}: it doesn't tell where its suite is; name it with --suite`,
      );
    }
    io.resumeWith("rerun the same command: it goes on with what is left");
    const tasks = plan.suite.tasks.map(({ name }) => name);
    const suite = await openSuite(path, { tasks });
    const backend = await useBackend(
      plan.identity.backend.name as BackendName,
    );
    io.note(
      `backend: ${backend.name} on ${backend.device}: ${backend.reason}`,
    );
    const done = await io.progress(
      work(folder, { suite, backend, signal: io.signal, ...options }),
    );
    io.result(done, () => {
      const { finished, left } = done;
      const did = `${finished.length} ${
        finished.length === 1 ? "job" : "jobs"
      } done`;
      const rest = left.length > 0
        ? `; others are doing ${left.length}`
        : options.index === undefined
        ? `; none is left: tdro arena collect ${folder}`
        : "";
      return printable(did + rest);
    });
  },
};
