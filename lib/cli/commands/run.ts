import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import {
  type ExperimentOptions,
  experimentShape,
} from "../../experiment/experiment_options.ts";
import { loraShape } from "../../experiment/retriever_options.ts";
import type { LoraConfig } from "../../model/mod.ts";
import { pullOption, withLocalModels } from "./local_model.ts";
import { forceShape } from "./force_options.ts";
import { backendOption } from "./backend_option.ts";
import { workersOption } from "../workers/workers_option.ts";
import type { Command } from "../command.ts";
import { dryRunOption } from "./plan_option.ts";

/** Options of `tdro run`. */
export interface RunOptions extends ExperimentOptions {
  /** Folder of the suite. */
  suite: string;
  /** Names of the tasks to take, in order. */
  tasks?: string[] | undefined;
  /** Adapter to train instead of the whole model. */
  lora?: Partial<LoraConfig> | undefined;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Processes that compute together. */
  workers?: number | undefined;
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** Whether only the plan is told. */
  dryRun: boolean;
  /** Whether a run in the folder is replaced. */
  force: boolean;
  /** Whether an unfinished run goes on with other settings. */
  forceSettings: boolean;
}

/** `tdro run`. */
export const command: Command<RunOptions> = {
  name: "run",
  summary: "Learn the mixture of a suite in BEIR form, end to end",
  details:
    "Trains a retriever on the uniform mixture, learns domain weights by " +
    "tDRO, trains one retriever with those weights and one on the heaviest " +
    "tasks alone, and compares the three on the test splits.",
  examples: [
    {
      about: "Fine-tune a checkpoint on two tasks of a suite",
      line:
        "tdro run --suite my/suite --tasks banking77,nl2bash --model models/all-MiniLM-L6-v2 --out runs/mine",
    },
    {
      about: "The paper's formula, a small encoder from scratch",
      line: "tdro run --suite my/suite --measure ratio-of-means",
    },
  ],
  severalProcesses: true,
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of the suite: a folder in BEIR form for each task",
    ),
    tasks: z.array(z.string()).optional().meta({ placeholder: "TASK" })
      .describe(
        "Tasks to use, in this order; default: all",
      ),
    backend: backendOption,
    workers: workersOption,
    ...experimentShape,
    lora: z.strictObject(loraShape).optional().describe("LoRA adapter"),
    pull: pullOption,
    dryRun: dryRunOption,
    ...forceShape,
  }) as unknown as z.ZodType<RunOptions>,
  operands: [],
  async run({ suite: folder, tasks, ...options }, io) {
    const { openSuite } = await import("../../data/mod.ts");
    const { runOnSuite } = await import("./run_on_suite.ts");
    io.resumeWith(
      "rerun the same command: it resumes from the last checkpoint",
    );
    const local = await withLocalModels(options, { io, mayBeGone: true });
    const suite = await openSuite(folder, tasks ? { tasks } : {});
    await runOnSuite(suite, local, io);
  },
};
