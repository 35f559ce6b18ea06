import { z } from "zod";
import type { BackendName } from "../../../backend/mod.ts";
import type { InferencePrecision } from "../../../backend/kernels/mod.ts";
import { computeShape } from "../../../base/compute_option.ts";
import { lengthShape } from "../../../base/length_options.ts";
import { precisionShape } from "../../../base/precision_options.ts";
import type { SearchPrecision } from "../../../search/mod.ts";
import { BENCHMARK_LENGTHS } from "../../../base/defaults.ts";
import { pullOption } from "../local_model.ts";
import { backendOption } from "../backend_option.ts";
import { workersOption } from "../../workers/workers_option.ts";

/** Benchmarks that `tdro eval --benchmark` knows; those in BEIR's form by their names. */
export const BENCHMARKS = ["beir", "nanobeir", "miracl", "mkqa"] as const;

/** What is taken where nothing is said: optional below, to know what was said. */
export const DEFAULTS = {
  split: "test" as "train" | "dev" | "test",
  metrics: ["nDCG@10", "Recall@100", "MRR@10"],
  k: 1000,
  prompts: "task" as "task" | "model" | "none",
  dtype: "f32" as "f32" | "bf16",
};

/** Options of `tdro eval`. */
export interface EvalCommandOptions extends Partial<typeof DEFAULTS> {
  /** Folder of the suite. */
  suite: string;
  /** Benchmark whose rules hold; its sets lie in the folder. */
  benchmark?: (typeof BENCHMARKS)[number];
  /** Model folder. */
  model?: string;
  /** Maximum tokens per query; absent: as `textLimits()` says of the model. */
  queryLength?: number | undefined;
  /** Maximum tokens per passage; absent: as `textLimits()` says of the model. */
  passageLength?: number | undefined;
  /** Whether BM25 is measured, or fused with the model. */
  bm25: boolean;
  /** Names of the tasks. */
  tasks?: string[];
  /** Whether to leave out passages whose id is the query's. */
  ignoreIdenticalIds: boolean;
  /** What the model multiplies. */
  computeType?: InferencePrecision | undefined;
  /** How passages' vectors are kept and searched; absent: whole. */
  precision?: SearchPrecision | undefined;
  /** Passages found for each one wanted, to be scored again. */
  rescore?: number | undefined;
  /** Vectors by which they are scored again. */
  rescoreBy?: SearchPrecision | undefined;
  /** Lengths at which cut vectors are measured beside whole ones. */
  dims?: number[] | undefined;
  /** Precisions in which they are. */
  precisions?: SearchPrecision[] | undefined;
  /** File of the plot of sizes. */
  plot?: string | undefined;
  /** Pool to evaluate on. */
  pool?: string;
  /** Folder of the vectors of passages. */
  cache?: string;
  /** The part of each corpus that is searched. */
  shard?: string;
  /** Folders of all shards. */
  merge?: string[];
  /** File of the runs. */
  run?: string;
  /** Folder for MTEB's result files. */
  mteb?: string;
  /** File of the report; of a shard, the folder. */
  out?: string;
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Processes that compute together. */
  workers?: number | undefined;
  /** Whether files that are there are replaced. */
  force: boolean;
}

/** The same with all that was left out. */
export type EvalPlan = EvalCommandOptions & typeof DEFAULTS;

/** Schema of {@linkcode EvalCommandOptions}. */
export const evalOptions: z.ZodType<EvalCommandOptions> = z.strictObject({
  suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
    "Folder with a folder per task, in BEIR form; with --benchmark, that of tdro data pull",
  ),
  benchmark: z.enum(BENCHMARKS).optional().meta({ placeholder: "NAME" })
    .describe(
      "Evaluate by the rules of a benchmark: its splits, prompts and means; --tasks names sets or languages",
    ),
  model: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
    "Model folder",
  ),
  bm25: z.boolean().default(false).describe(
    "Evaluate BM25; with --model, both fused by reciprocal rank",
  ),
  tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
    .describe("Only these tasks, in this order; all if left out"),
  split: z.enum(["train", "dev", "test"]).optional()
    .meta({ placeholder: "SPLIT" }).describe(
      `Split whose queries are run; default: ${DEFAULTS.split}`,
    ),
  metrics: z.array(z.string()).min(1).optional()
    .meta({ placeholder: "METRIC" }).describe(
      `Metrics to compute; default: ${DEFAULTS.metrics} (MKQA: Accuracy@k)`,
    ),
  k: z.int().min(1).optional().describe(
    `Passages retrieved for each query; default: ${DEFAULTS.k}`,
  ),
  prompts: z.enum(["task", "model", "none"]).optional().describe(
    "Prefix of each text: the task's instruction (queries only), the " +
      "model's own prompts (as in sentence-transformers), or none; default: " +
      `${DEFAULTS.prompts}`,
  ),
  ignoreIdenticalIds: z.boolean().default(false).describe(
    "Leave out passages whose id is the query's, as BEIR does for Quora and ArguAna",
  ),
  ...lengthShape,
  ...computeShape,
  dtype: z.enum(["f32", "bf16"]).optional()
    .meta({ placeholder: "TYPE" }).describe(
      `Precision of the vectors in the search; default: ${DEFAULTS.dtype}`,
    ),
  ...precisionShape,
  dims: z.array(z.int().positive()).min(1).optional()
    .meta({ placeholder: "N" }).describe(
      "Also measure vectors cut to these lengths; the texts are encoded once",
    ),
  precisions: z.array(z.enum(["float32", "int8", "binary"])).min(1).optional()
    .meta({ placeholder: "PRECISION" }).describe(
      "Also measure vectors in these precisions, at each of --dims",
    ),
  plot: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
    "SVG of scores against bytes to write, for --dims and --precisions; the Vega-Lite file goes beside it",
  ),
  pool: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
    "Evaluate on this pool, which tdro eval pool made, rather than on whole corpora",
  ),
  cache: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
    "Keep the passages' vectors in this folder, and reuse them next time",
  ),
  shard: z.string().optional().meta({ placeholder: "I/N" }).describe(
    "Search only part I of N of each corpus; --out is then a folder, for --merge",
  ),
  merge: z.array(z.string()).min(1).optional().meta({ placeholder: "FOLDER" })
    .describe("Merge these shards into the record of the whole corpora"),
  run: z.string().optional().meta({ placeholder: "FILE" }).describe(
    "TREC run to write; with several tasks, one each: FILE with the task's name before its ending",
  ),
  mteb: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
    "Write MTEB's result files here too: MODEL/REVISION/TASK.json",
  ),
  out: z.string().optional().meta({ placeholder: "FILE" }).describe(
    "Record to write, e.g. eval.json",
  ),
  pull: pullOption,
  backend: backendOption,
  workers: workersOption,
  force: z.boolean().default(false).describe(
    "Evaluate again, and replace the files of --out, --run and --plot",
  ),
});

/** Options that would do nothing, or harm, beside another one. */
const NOT_BESIDE: readonly [
  what: string,
  where: (options: EvalCommandOptions) => boolean,
  names: readonly (keyof EvalCommandOptions)[],
][] = [
  [
    "--merge: what was measured stands in the shards",
    ({ merge }) => merge !== undefined,
    [
      "benchmark",
      "model",
      "bm25",
      "tasks",
      "split",
      "metrics",
      "k",
      "prompts",
      "ignoreIdenticalIds",
      "queryLength",
      "passageLength",
      "computeType",
      "dtype",
      "precision",
      "rescore",
      "rescoreBy",
      "dims",
      "precisions",
      "plot",
      "pool",
      "cache",
      "shard",
      "mteb",
    ],
  ],
  [
    "--benchmark, whose rules hold",
    ({ benchmark }) => benchmark !== undefined,
    [
      "split",
      "ignoreIdenticalIds",
      "bm25",
      "precision",
      "rescore",
      "rescoreBy",
      "dims",
      "precisions",
      "pool",
      "cache",
      "shard",
    ],
  ],
  [
    "--benchmark mkqa: passages count by the answers they hold, as far down as --metrics Accuracy@k says",
    ({ benchmark }) => benchmark === "mkqa",
    ["k", "run"],
  ],
  [
    "--pool, whose split it is, and whose numbers are no benchmark's",
    ({ pool }) => pool !== undefined,
    ["split", "mteb", "shard"],
  ],
  ["--shard: --out keeps the runs", ({ shard }) => shard !== undefined, [
    "run",
  ]],
  [
    "--shard: its numbers are of that part alone",
    ({ shard }) => shard !== undefined,
    ["mteb"],
  ],
  [
    "--shard or --cache, which are for a model alone",
    ({ shard, cache }) => (shard ?? cache) !== undefined,
    ["bm25"],
  ],
  [
    "--bm25",
    ({ bm25 }) => bm25,
    ["dtype", "precision", "rescore", "rescoreBy", "dims", "precisions"],
  ],
  [
    "--bm25 without --model",
    ({ bm25, model }) => bm25 && model === undefined,
    ["computeType"],
  ],
  [
    "--dims or --precisions, which compare with whole vectors of whole corpora",
    (options) => comparesSizes(options),
    ["precision", "dtype", "shard"],
  ],
  [
    "--precision, which says how values are kept",
    ({ precision = "float32" }) => precision !== "float32",
    ["dtype"],
  ],
];

/** Whether smaller vectors are measured beside whole ones. */
function comparesSizes({ dims, precisions }: EvalCommandOptions): boolean {
  return (dims ?? precisions) !== undefined;
}

/** Fills in what was left out, and refuses what doesn't go together. */
export function evalPlan(options: EvalCommandOptions): EvalPlan {
  const { model, bm25, merge, benchmark, shard, out } = options;
  for (const [what, where, names] of NOT_BESIDE) {
    if (!where(options)) continue;
    const name = names.find((name) =>
      options[name] !== undefined && options[name] !== false
    );
    if (name !== undefined) {
      throw cannot(`${flag(name)} can't be combined with ${what}`);
    }
  }
  if (!merge && model === undefined && (benchmark || !bm25)) {
    throw cannot(
      `--model must name a model folder${
        benchmark ? "" : ", or --bm25 be given"
      }: got ${benchmark ? "none" : "neither"}`,
    );
  }
  if (options.plot !== undefined && !comparesSizes(options)) {
    throw cannot(
      "--plot draws what smaller vectors score: add --dims or --precisions",
    );
  }
  if (shard !== undefined && out === undefined) {
    throw cannot("--shard needs --out, a folder for its record and runs");
  }
  const given = Object.entries(options).filter(([, v]) => v !== undefined);
  return {
    ...DEFAULTS,
    // What a benchmark cuts at is part of its rules, whatever the model is.
    ...benchmark && BENCHMARK_LENGTHS,
    ...Object.fromEntries(given),
  } as EvalPlan;
}

/** `queryLength` → `--query-length`. */
function flag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

function cannot(why: string): SyntaxError {
  return new SyntaxError(`Cannot evaluate: ${why}`);
}
