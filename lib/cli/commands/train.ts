import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import {
  loraShape,
  type RetrieverSettings,
  retrieverShape,
} from "../../experiment/retriever_options.ts";
import type { RetrieverResult } from "../../experiment/mod.ts";
import type { LoraConfig } from "../../model/mod.ts";
import { pullOption, withLocalModels } from "./local_model.ts";
import { forceShape } from "./force_options.ts";
import { backendOption } from "./backend_option.ts";
import { workersOption } from "../workers/workers_option.ts";
import type { Command } from "../command.ts";
import { dryRunOption, showPlan } from "./plan_option.ts";
import { line } from "../../base/printable.ts";
import { sizesTable } from "./eval/sizes.ts";
import { tablesFor } from "./tables.ts";

/** Options of `tdro train`. */
export interface TrainCommandOptions extends RetrieverSettings {
  /** Folder of the suite. */
  suite: string;
  /** Names of the tasks to take, in order. */
  tasks?: string[] | undefined;
  /** Weight file, folder of a run, or the name of a rule. */
  mixture: string;
  /** Adapter to train instead of the whole model. */
  lora?: Partial<LoraConfig> | undefined;
  /** Whether to evaluate afterwards. */
  evaluate: boolean;
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

/** `tdro train`. */
export const command: Command<TrainCommandOptions> = {
  name: "train",
  summary: "Train one retriever on a mixture, e.g. on learned weights",
  details: "Mines hard negatives, draws homogeneous batches by the mixture, " +
    "trains the model or a LoRA adapter on it, and evaluates it on the " +
    "test splits. Weights that a small proxy learned (runs/…/weights.json) " +
    "serve models of any size, and subsets of the tasks.",
  examples: [
    {
      about: "A larger model on the weights of an earlier run",
      line:
        "tdro train --suite my/suite --model models/e5-base --mixture runs/mine/weights.json --out runs/large",
    },
    {
      about: "Small tasks drawn more often than their size implies",
      line: "tdro train --suite my/suite --mixture temperature-3",
    },
    {
      about: "A LoRA adapter on a decoder, uniform mixture",
      line: "tdro train --suite my/suite --model models/qwen --lora.rank 16",
    },
  ],
  severalProcesses: true,
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of the suite: a folder in BEIR form for each task",
    ),
    tasks: z.array(z.string()).optional().meta({ placeholder: "TASK" })
      .describe("Tasks to use, in this order; default: all"),
    mixture: z.string().min(1).default("uniform").meta({
      placeholder: "MIXTURE",
    }).describe(
      "A weight file, the folder of a run, or a rule: uniform, proportional, temperature-T, recipe-gte, manual-0.5/0.3/0.2 (in the order of the tasks)",
    ),
    lora: z.strictObject(loraShape).optional().describe("LoRA adapter"),
    evaluate: z.boolean().default(true).describe(
      "Evaluate on the test splits afterwards",
    ),
    backend: backendOption,
    workers: workersOption,
    ...retrieverShape,
    pull: pullOption,
    dryRun: dryRunOption,
    ...forceShape,
  }) as unknown as z.ZodType<TrainCommandOptions>,
  operands: [],
  async run(
    { suite: folder, tasks, mixture: name, backend, dryRun, ...given },
    io,
  ) {
    const { openSuite } = await import("../../data/mod.ts");
    const { useBackend } = await import("../../backend/mod.ts");
    const { readMixture } = await import("./read_mixture.ts");
    const { keptSentence, planRetriever, trainRetriever } = await import(
      "../../experiment/mod.ts"
    );
    const textTable = await tablesFor(io);
    io.resumeWith(
      "rerun the same command: it resumes from the last checkpoint",
    );
    const rest = await withLocalModels(given, { io, mayBeGone: true });
    const suite = await openSuite(folder, { tasks });
    const names = suite.tasks.map((task) => task.name);
    const { weights, notes } = await readMixture(name, suite);
    notes.forEach(io.note);
    const used = await useBackend(backend);
    io.note(`backend: ${used.name} on ${used.device}: ${used.reason}`);
    const { lora = {}, ...settings } = rest;
    const options = {
      ...settings,
      weights,
      backend: used,
      signal: io.signal,
      lora: Object.keys(lora).length > 0 ? lora : undefined,
    };
    if (dryRun) return await showPlan(planRetriever(suite, options), io);
    const result = await io.progress(trainRetriever(suite, options));
    const sizes = result.report?.sizes
      ? await sizesTable(result.report, io)
      : undefined;
    io.result({ ...result, weights }, () => {
      const rows = names.map((task, k) => ({
        task,
        weight: weights[k]!,
        drawn: String(result.drawn[k]!),
        ...scoresBefore(result.baselines, k),
        ...result.report?.tasks[k]?.mean,
      }));
      const { mean } = result.report ?? {};
      const before = scoresBefore(result.baselines);
      return [
        textTable(
          mean
            ? [...rows, {
              task: "mean",
              weight: null,
              drawn: "",
              ...before,
              ...mean,
            }]
            : rows,
          {
            columnDigits: Object.fromEntries(
              Object.keys({ weight: 0, ...mean }).map((name) => [name, 4]),
            ),
            footRows: mean ? 1 : 0,
          },
        ),
        "",
        ...sizes ? [sizes, ""] : [],
        ...result.kept ? [keptSentence("Training", result.kept), ""] : [],
        ...harm(result),
        line`The model is in ${result.model}`,
      ].join("\n");
    });
  },
};

const METRIC = "nDCG@10";

/** nDCG@10 of BM25 and of the start, of a task or in the mean. */
function scoresBefore(
  baselines: RetrieverResult["baselines"],
  task?: number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(baselines ?? {}).map(([name, report]) => [
      name,
      (task === undefined ? report : report.tasks[task]!).mean[METRIC]!,
    ]),
  );
}

/** A sentence where training made the model worse. */
function harm({ report, baselines }: RetrieverResult): string[] {
  const [after, before] = [report, baselines?.start].map((each) =>
    each?.mean[METRIC]
  );
  if (after === undefined || before === undefined || after >= before) return [];
  return [
    `Training did harm: mean ${METRIC} ${after.toFixed(4)}, ${
      before.toFixed(4)
    } before; try a lower learning rate, fewer steps, or longer texts.`,
    "",
  ];
}
