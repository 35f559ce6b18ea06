import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import {
  type ExperimentOptions,
  experimentShape,
} from "../../experiment/experiment_options.ts";
import { pullOption, withLocalModels } from "./local_model.ts";
import { forceShape } from "./force_options.ts";
import { backendOption } from "./backend_option.ts";
import type { Command } from "../command.ts";

/** Options of `tdro demo`. */
export interface DemoOptions extends ExperimentOptions {
  /** Folder that keeps the docs suite. */
  suiteFolder: string;
  /** Names of the tasks to take, in order. */
  tasks?: string[] | undefined;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** Whether a run in the folder is replaced. */
  force: boolean;
  /** Whether an unfinished run goes on with other settings. */
  forceSettings: boolean;
}

/** Short texts, so that it takes minutes on two cores. */
const DEMO_LENGTHS = {
  queryLength: z.int().min(3).default(48).describe(
    "Maximum tokens of a query, its prompt included",
  ),
  passageLength: z.int().min(3).default(64).describe(
    "Maximum tokens of a passage",
  ),
};

/** `tdro demo`. */
export const command: Command<DemoOptions> = {
  name: "demo",
  summary: "Learn the mixture of the docs suite, end to end",
  details:
    "Builds the docs suite from documentation that this machine has, trains small encoders on it, and shows what learned weights do. Takes minutes on two cores.",
  examples: [
    { about: "All of it", line: "tdro demo" },
    {
      about: "With the paper's measure, in a folder of its own",
      line: "tdro demo --measure ratio-of-means --out runs/paper",
    },
  ],
  options: z.strictObject({
    suiteFolder: z.string().min(1).default(".cache/suites/docs").meta({
      placeholder: "FOLDER",
    }).describe("Folder that keeps the docs suite"),
    tasks: z.array(z.string()).optional().meta({ placeholder: "TASK" })
      .describe(
        "Tasks of the docs suite to use; default: all",
      ),
    backend: backendOption,
    ...experimentShape,
    ...DEMO_LENGTHS,
    out: experimentShape.out.unwrap().default("runs/demo").meta({
      placeholder: "FOLDER",
    }).describe(
      "Folder of the run",
    ),
    pull: pullOption,
    ...forceShape,
  }) as z.ZodType<DemoOptions>,
  async run({ suiteFolder, tasks, ...options }, io) {
    const { docsSuite } = await import("../../docs_suite/mod.ts");
    const { runOnSuite } = await import("./run_on_suite.ts");
    const local = await withLocalModels(options, { io, mayBeGone: true });
    io.resumeWith("rerun it: it resumes from the last checkpoint");
    const suite = await io.progress(
      (async function* () {
        const event = { stage: "suite", label: "building the docs suite" };
        yield { ...event, done: 0, total: 1 };
        const built = await docsSuite(suiteFolder, tasks ? { tasks } : {});
        const pairs = built.tasks.reduce(
          (sum, t) =>
            sum + Object.values(t.qrels).reduce((n, q) => n + q.size, 0),
          0,
        );
        yield {
          ...event,
          done: 1,
          total: 1,
          note: `${built.tasks.length} tasks, ${pairs} queries`,
        };
        return built;
      })(),
    );
    await runOnSuite(suite, local, io);
  },
};
