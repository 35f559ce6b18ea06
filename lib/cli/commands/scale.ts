import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import {
  type ScaleSettings,
  scaleShape,
} from "../../experiment/scale/scale_options.ts";
import { line } from "../../base/printable.ts";
import type { Command } from "../command.ts";
import { backendOption } from "./backend_option.ts";
import { lawSentences } from "./law_sentences.ts";
import { tablesFor } from "./tables.ts";

/** Options of `tdro scale`. */
export interface ScaleCommandOptions extends ScaleSettings {
  /** Folder of the suite. */
  suite: string;
  /** Names of the tasks to take, in order. */
  tasks?: string[] | undefined;
  /** Weight file, folder of a run, or the name of a rule. */
  mixture: string;
  /** Operations of a budget that is to be divided. */
  flops?: number | undefined;
  /** Queries that the model of that budget will encode. */
  served: number;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Whether only the plan is told. */
  dryRun: boolean;
}

/** `tdro scale`. */
export const command: Command<ScaleCommandOptions> = {
  name: "scale",
  summary: "Train a grid of sizes and amounts of data, and fit a scaling law",
  details:
    "Trains encoders from scratch, measures the contrastive entropy of each on the test queries (the positive among 256 random passages), and fits L = E + A / N^alpha + B / D^beta, with intervals by a bootstrap over the trainings. Says what twice the model, or ten times the data, would bring. What is trained already isn't trained again: more sizes, shares or seeds may be added to a folder.",
  examples: [
    {
      about: "Six sizes on four amounts of data",
      line: "tdro scale --suite my/suite --out runs/scale",
    },
    {
      about: "Your own grid, and how to divide a budget between size and data",
      line:
        "tdro scale --suite my/suite --sizes 1x32,1x64,2x64,2x128 --data 0.25,0.5,1 --flops 1e15 --served 1000000",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of the suite: a folder in BEIR form for each task",
    ),
    tasks: z.array(z.string()).optional().meta({ placeholder: "TASK" })
      .describe("Tasks to use, in this order; default: all"),
    mixture: z.string().min(1).default("uniform").meta({
      placeholder: "MIXTURE",
    }).describe(
      "A weight file, the folder of a run, or a rule: uniform, proportional, temperature-T, manual-0.5/0.3/0.2 (in the order of the tasks)",
    ),
    flops: z.number().positive().optional().describe(
      "Operations of a budget for training and serving: say how to divide it between size and data",
    ),
    served: z.number().int().min(0).default(0).describe(
      "For --flops: queries that the model will encode",
    ),
    backend: backendOption,
    ...scaleShape,
    dryRun: z.boolean().default(false).describe(
      "Say what would be trained and what the largest training takes, and stop; nothing is written",
    ),
  }) as unknown as z.ZodType<ScaleCommandOptions>,
  operands: [],
  async run(
    {
      suite: folder,
      tasks,
      mixture: name,
      backend,
      flops,
      served,
      dryRun,
      ...settings
    },
    io,
  ) {
    const { openSuite } = await import("../../data/mod.ts");
    const { useBackend } = await import("../../backend/mod.ts");
    const { readMixture } = await import("./read_mixture.ts");
    const { lawRecord, planScale, scale } = await import(
      "../../experiment/mod.ts"
    );
    const textTable = await tablesFor(io);
    io.resumeWith("rerun the same command: it goes on where it stopped");
    const suite = await openSuite(folder, { tasks });
    const { weights, notes } = await readMixture(name, suite);
    notes.forEach(io.note);
    const used = await useBackend(backend);
    io.note(`backend: ${used.name} on ${used.device}: ${used.reason}`);
    const options = { ...settings, weights, backend: used, signal: io.signal };
    if (dryRun) {
      const plan = await io.progress(planScale(suite, options));
      return io.result(plan, () =>
        [
          `${plan.trainings} trainings of ${settings.steps} updates; of the largest:`,
          ...plan.largest.lines.map((each) => `  ${each}`),
          line`Nothing is written; without --dry-run it would be in ${settings.out}`,
        ].join("\n"));
    }
    const result = await io.progress(scale(suite, options));
    const budget = flops === undefined ? undefined : { flops, served };
    const answers = await lawSentences(result, budget);
    io.result(
      {
        folder: result.folder,
        ...lawRecord(result),
        answers,
      },
      () =>
        [
          textTable(
            result.cells.map(({ size, share, seed, parameters, data, loss }) => //
            ({ size, share, seed, parameters, data, entropy: loss })),
            {
              columnDigits: { share: 2, seed: 0, parameters: 0, data: 0 },
              digits: 3,
              footRows: 0,
            },
          ),
          "",
          ...answers,
          "",
          line`The trainings and the law are in ${result.folder}/law.json`,
        ].join("\n"),
    );
  },
};
