import { z } from "zod";
import type { BackendName } from "../backend/mod.ts";
import type { Suite, Task } from "../data/mod.ts";
import type { EvalOrigin, EvalReport, TaskReport } from "../eval/mod.ts";
import type { EncodeFunction } from "../model/mod.ts";
import type { RetrieveFunction } from "../search/mod.ts";
import { backendOption } from "./_backend_option.ts";
import { type OpenedEncoder, openEncoder } from "./_encoder_functions.ts";
import { BENCHMARKS, evaluateBenchmark } from "./_evaluate_benchmark.ts";
import { evaluationProgress } from "./_evaluation_progress.ts";
import type { Command } from "./command.ts";
import type { CommandIo } from "./io.ts";

/** Options of `tdro eval`. */
export interface EvalCommandOptions {
  /** Folder of the suite. */
  suite: string;
  /** Benchmark whose rules hold; its sets lie in the folder. */
  benchmark?: (typeof BENCHMARKS)[number];
  /** Model folder. */
  model?: string;
  /** Whether BM25 is measured, or fused with the model. */
  bm25: boolean;
  /** Names of the tasks. */
  tasks?: string[];
  /** Split whose queries are run. */
  split: "train" | "dev" | "test";
  /** Metrics. */
  metrics: string[];
  /** Passages retrieved for each query. */
  k: number;
  /** What stands before each text. */
  prompts: "task" | "model" | "none";
  /** Whether to leave out passages whose id is the query's. */
  ignoreIdenticalIds: boolean;
  /** Most tokens of a query. */
  queryLength: number;
  /** Most tokens of a passage. */
  passageLength: number;
  /** Precision of the vectors in the search. */
  dtype: "f32" | "bf16";
  /** File of the runs. */
  run?: string;
  /** File of the report. */
  out?: string;
  /** The tfjs backend. */
  backend: BackendName | "auto";
}

/** `tdro eval`. */
export const command: Command<EvalCommandOptions> = {
  name: "eval",
  summary: "Evaluate a model, BM25, or both on the tasks of a suite",
  details:
    "Searches each task's whole corpus and computes metrics as trec_eval does. --out writes a record: metrics of every query, and what they depend on (hashes of model and data, prompts, k, lengths, versions); tdro eval diff compares two such records.",
  examples: [
    {
      about: "A model on the test splits",
      line:
        "tdro eval --suite suites/docs --model models/all-MiniLM-L6-v2 --prompts none --out minilm.json",
    },
    {
      about: "BM25 beside it; tdro eval diff then says why they differ",
      line: "tdro eval --suite suites/docs --bm25 --out bm25.json",
    },
    {
      about: "Two sets of a benchmark, by its own rules and prompts",
      line:
        "tdro eval --benchmark beir --suite data/beir --tasks scifact,nfcorpus --model models/e5-mistral --out beir.json",
    },
    {
      about: "The ranking itself, for other tools",
      line:
        "tdro eval --suite suites/docs --tasks es-lib --bm25 --run es-lib.trec",
    },
  ],
  options: z.strictObject({
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
    split: z.enum(["train", "dev", "test"]).default("test")
      .meta({ placeholder: "SPLIT" }).describe("Split whose queries are run"),
    metrics: z.array(z.string()).min(1)
      .default(["nDCG@10", "Recall@100", "MRR@10"])
      .meta({ placeholder: "METRIC" }).describe("Metrics to compute"),
    k: z.int().min(1).default(1000).describe(
      "Passages retrieved for each query",
    ),
    prompts: z.enum(["task", "model", "none"]).default("task").describe(
      "What stands before each text: the task's instruction before queries, the model's own prompts (sentence-transformers'), or nothing",
    ),
    ignoreIdenticalIds: z.boolean().default(false).describe(
      "Leave out passages whose id is the query's, as BEIR does for Quora and ArguAna",
    ),
    queryLength: z.int().min(2).default(128).describe("Most tokens of a query"),
    passageLength: z.int().min(2).default(512).describe(
      "Most tokens of a passage",
    ),
    dtype: z.enum(["f32", "bf16"]).default("f32")
      .meta({ placeholder: "TYPE" }).describe(
        "Precision of the vectors in the search",
      ),
    run: z.string().optional().meta({ placeholder: "FILE" }).describe(
      "TREC run to write; with several tasks, one each: FILE with the task's name before its ending",
    ),
    out: z.string().optional().meta({ placeholder: "FILE" }).describe(
      "Record to write, e.g. eval.json",
    ),
    backend: backendOption,
  }),
  async run(options, io) {
    const { suite: folder, tasks, model, out } = options;
    if (model === undefined && !options.bm25) {
      throw new SyntaxError(
        "Cannot evaluate: --model must name a model folder, or --bm25 be given: got neither",
      );
    }
    const { openSuite, writeWhole } = await import("../data/mod.ts");
    const suite = options.benchmark
      ? undefined
      : await openSuite(folder, tasks ? { tasks } : {});
    using opened = model === undefined
      ? undefined
      : await openEncoder(model, options.backend, options, io);
    const origin = await originOf(options);
    const encoder = opened && origin.prompts
      ? { ...opened, encode: prompted(opened.encode, origin.prompts) }
      : opened;
    const report = await io.progress(
      evaluationProgress(
        (suite?.tasks ?? []).map(({ corpus, qrels }) =>
          corpus.size + (qrels[options.split]?.size ?? 0)
        ),
        (onProgress) =>
          suite
            ? evaluationOf(suite, options, encoder, { origin, onProgress, io })
            : evaluateBenchmark(options, encoder, { origin, onProgress, io }),
      ),
    );
    if (out) await writeWhole(out, `${JSON.stringify(report, null, 1)}\n`);
    await printReport(report, out, io);
  },
};

/** Starts the evaluation that the options ask for. */
async function evaluationOf(
  suite: Suite,
  options: EvalCommandOptions,
  encoder: Omit<OpenedEncoder, typeof Symbol.dispose> | undefined,
  { origin, onProgress, io }: {
    origin: EvalOrigin;
    onProgress: (task: string, done: number) => void;
    io: CommandIo;
  },
): Promise<AsyncGenerator<TaskReport, EvalReport>> {
  const { evaluate, evaluateRetriever } = await import("../eval/mod.ts");
  const search = await import("../search/mod.ts");
  const { split, metrics, k, ignoreIdenticalIds, dtype } = options;
  const prompts = options.prompts === "task" ? "task" : "none";
  const common = {
    ...{ split, metrics, k, ignoreIdenticalIds, origin, signal: io.signal },
    ...(options.run
      ? { onRun: await runWriter(options.run, suite.tasks.length) }
      : {}),
  };
  if (!encoder) {
    return evaluateRetriever(search.bm25Retriever, suite, {
      ...common,
      retriever: "BM25",
    });
  }
  const { encode, prepare } = encoder;
  if (!options.bm25) {
    return evaluate(encode, suite, {
      ...{ ...common, prompts, dtype, prepare, onProgress },
    });
  }
  const fused = async (task: Task): Promise<RetrieveFunction> => {
    const dense = await search.denseRetriever(task, encode, {
      ...{ prompts, prepare, signal: io.signal },
      onProgress: (done) => onProgress(task.name, done),
    });
    return search.fusedRetriever([
      search.bm25Retriever(task),
      async (queries, k) => {
        // Asked once a task: its vectors make room for the next one's.
        using own = dense;
        return await own.retrieve(queries, k);
      },
    ]);
  };
  return evaluateRetriever(fused, suite, {
    ...{ ...common, prompts },
    retriever: "BM25 and dense, fused by reciprocal rank",
  });
}

/** What the report says of the model and the machine. */
async function originOf(options: EvalCommandOptions): Promise<EvalOrigin> {
  const { pinnedVersions, VERSION } = await import("./_versions.ts");
  const {
    "@tensorflow/tfjs-core": tfjs,
    "@huggingface/tokenizers": tokenizers,
  } = pinnedVersions(["@tensorflow/tfjs-core", "@huggingface/tokenizers"]);
  const origin: EvalOrigin = {
    versions: {
      tdro: VERSION,
      deno: Deno.version.deno,
      ...(options.model ? { tfjs: tfjs!, tokenizers: tokenizers! } : {}),
    },
    date: new Date().toISOString(),
    path: options.suite,
  };
  if (options.model === undefined) return origin;
  const { hashModel } = await import("../eval/mod.ts");
  const { modelInfo } = await import("../model/mod.ts");
  const { useBackend } = await import("../backend/mod.ts");
  const { maxLength, dtypes, prompts } = await modelInfo(options.model);
  const { name, device } = await useBackend(options.backend);
  return {
    model: {
      ...await hashModel(options.model),
      // Integers among them are positions, not weights.
      dtype: dtypes.filter((type) => type.includes("F")).join(", "),
    },
    lengths: {
      query: Math.min(maxLength, options.queryLength),
      passage: Math.min(maxLength, options.passageLength),
    },
    ...(options.prompts === "model" ? { prompts: ownPrompts(prompts) } : {}),
    backend: { name, device },
    ...origin,
  };
}

/** The prompts of retrieval among those that a model comes with. */
function ownPrompts(
  prompts: Readonly<Record<string, string>>,
): { query: string; passage: string } {
  const { query, passage = prompts.document ?? prompts.corpus } = prompts;
  if (query === undefined && passage === undefined) {
    throw new RangeError(
      `Cannot evaluate with the model's prompts: it must have one called query, passage or document: got ${
        Object.keys(prompts).join(", ") || "none"
      }; use --prompts task or none`,
    );
  }
  return { query: query ?? "", passage: passage ?? "" };
}

/** Puts the prompts before the texts. */
function prompted(
  encode: EncodeFunction,
  prompts: { query: string; passage: string },
): EncodeFunction {
  return (texts, options) => {
    const before = prompts[options?.kind ?? "passage"];
    return encode(texts.map((text) => before + text), options);
  };
}

/** Writes each task's run, under a name of its own if there are several. */
async function runWriter(path: string, tasks: number) {
  const { writeTrecRun } = await import("../data/mod.ts");
  type Run = Parameters<typeof writeTrecRun>[1];
  return async ({ name }: Task, run: Run) => {
    const [, stem = path, ending = ""] = /^(.+?)(\.[^./\\]+)$/.exec(path) ?? [];
    const own = tasks === 1 ? path : `${stem}.${name}${ending}`;
    await writeTrecRun(own, run, { name: "tdro" });
  };
}

async function printReport(
  report: EvalReport,
  out: string | undefined,
  io: CommandIo,
): Promise<void> {
  const { textTable } = await import("../report/text_table.ts");
  const rows = report.tasks.map(({ task, queryIds, passages, mean }) => ({
    task,
    queries: queryIds.length,
    passages,
    ...mean,
  }));
  const { missing = [] } = report as { missing?: string[] };
  const mean = {
    task: missing.length > 0 ? "mean of these" : "mean",
    queries: rows.reduce((sum, { queries }) => sum + queries, 0),
    passages: rows.reduce((sum, { passages }) => sum + passages, 0),
    ...report.mean,
  };
  io.result(report, () =>
    [
      textTable([...rows, mean], {
        digits: 4,
        maxRows: rows.length + 1,
        footRows: 1,
      }),
      ...(missing.length > 0
        ? ["", `Not there, and not in the mean: ${missing.join(", ")}`]
        : []),
      ...(out ? ["", `The record is in ${out}`] : []),
    ].join("\n"));
}
