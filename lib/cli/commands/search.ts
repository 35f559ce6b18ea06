import { z } from "zod";
import { checkFolder } from "../../base/files/check_folder.ts";
import { computeShape } from "../../base/compute_option.ts";
import { lengthShape } from "../../base/length_options.ts";
import { precisionShape } from "../../base/precision_options.ts";
import type { BackendName } from "../../backend/mod.ts";
import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Suite } from "../../data/mod.ts";
import type { SearchPrecision, SmallSearch } from "../../search/mod.ts";
import { pullOption, withLocalModels } from "./local_model.ts";
import { backendOption } from "./backend_option.ts";
import { DEFAULTS } from "./eval/options.ts";
import type { Command } from "../command.ts";
import type { CommandIo } from "../io.ts";
import type { Encoding } from "../../experiment/retriever/encoding.ts";
import type { DenseModel } from "../../experiment/retriever/open_model.ts";
import type { TaskHit } from "../../experiment/retriever/search_tasks.ts";
import { watched } from "../watched.ts";

/** Options of `tdro search`. */
export interface SearchCommandOptions {
  /** Words of the query. */
  query: string[];
  /** The suite's folder. */
  suite: string;
  /** Model folder. */
  model?: string | undefined;
  /** Whether BM25 searches, or is fused with the model. */
  bm25: boolean;
  /** Name of the task whose passages are searched. */
  task?: string | undefined;
  /** Passages wanted. */
  k: number;
  /** What stands before the texts. */
  prompts?: "task" | "model" | "none";
  /** Maximum tokens of the query. */
  queryLength?: number;
  /** Maximum tokens per passage. */
  passageLength?: number;
  /** What the model multiplies. */
  computeType?: InferencePrecision | undefined;
  /** How passages' vectors are kept and searched; absent: whole. */
  precision?: SearchPrecision | undefined;
  /** Passages found for each one wanted, to be scored again. */
  rescore?: number | undefined;
  /** Vectors by which they are scored again. */
  rescoreBy?: SearchPrecision | undefined;
  /** Folder of the vectors of passages. */
  cache?: string | undefined;
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** The tfjs backend. */
  backend: BackendName | "auto";
}

/** `tdro search`. */
export const command: Command<SearchCommandOptions> = {
  name: "search",
  summary: "Search the passages of a suite for a text",
  details:
    "Searches the whole corpus of one task, or of all tasks together, by a model, by BM25, or by both fused by rank. A model encodes all passages first; --cache keeps their vectors for the next search, and shares them with tdro eval.",
  examples: [
    {
      about: "By a model of a run",
      line:
        'tdro search --model runs/demo/models/reweighted --suite .cache/suites/docs --cache vectors "remove an element from an array"',
    },
    {
      about: "By words, in one task",
      line:
        'tdro search --bm25 --suite .cache/suites/docs --task es-lib -k 3 "sorted copy"',
    },
  ],
  options: z.strictObject({
    query: z.array(z.string()).min(1).meta({ placeholder: "TEXT" }).describe(
      "What to look for",
    ),
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    model: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe("Model folder"),
    bm25: z.boolean().default(false).describe(
      "Search by BM25; with --model, both fused by reciprocal rank",
    ),
    task: z.string().min(1).optional().meta({ placeholder: "NAME" }).describe(
      "Search the passages of this task alone; all tasks if left out",
    ),
    k: z.int().min(1).default(10).describe("Passages to show"),
    prompts: z.enum(["task", "model", "none"]).optional().describe(
      "Prefix of each text: the task's instruction (query only), the " +
        "model's own prompts, or none; default: as in the model's run, else " +
        "as the model's own files say",
    ),
    ...lengthShape,
    ...computeShape,
    ...precisionShape,
    cache: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe(
        "Keep the passages' vectors here, and take them from here next time",
      ),
    pull: pullOption,
    backend: backendOption,
  }),
  operands: ["query"],
  async run({ query, suite: folder, task, ...options }, io) {
    const text = query.join(" ").trim();
    if (text === "") throw cannot("the query must hold a word: got none");
    if (options.model === undefined && !options.bm25) {
      throw cannot("--model must name a model folder, or --bm25 be given");
    }
    await checkPrecision(options, options.model === undefined);
    if (options.cache) await checkFolder(options.cache);
    const local = await withLocalModels(options, { io });
    const { openSuite } = await import("../../data/mod.ts");
    const suite = await openSuite(folder, {
      tasks: task === undefined ? undefined : [task],
    });
    const hits = await find(suite, text, local, io);
    const { hitsTable } = await import("../search/hits_table.ts");
    const table = await hitsTable(hits, {
      columns: io.columns,
      tasks: suite.tasks.length > 1,
    });
    io.result(hits.map(plain), () => table);
  },
};

/** Refuses what changes nothing, or says nothing of BM25, before anything is read. */
async function checkPrecision(
  options: Partial<SmallSearch> & Pick<SearchCommandOptions, "computeType">,
  withoutModel: boolean,
): Promise<void> {
  const flags = {
    precision: "precision",
    rescore: "rescore",
    rescoreBy: "rescore-by",
    computeType: "compute-type",
  } as const;
  const names = Object.keys(flags) as (keyof typeof flags)[];
  const given = names.find((name) => options[name] !== undefined);
  if (withoutModel && given) {
    const flag = flags[given];
    throw cannot(
      `--${flag} is about a model's vectors: add --model, or leave it out`,
    );
  }
  const { checkRescoring } = await import("../../search/mod.ts");
  checkRescoring({ ...options, precision: options.precision ?? "float32" });
}

/** Searches, and shows how far the passages are encoded. */
async function find(
  { tasks }: Suite,
  text: string,
  { model, bm25, k, ...options }: Omit<
    SearchCommandOptions,
    "query" | "task" | "suite" | "pull"
  >,
  io: CommandIo,
): Promise<TaskHit[]> {
  const { denseSearcher } = await import(
    "../../experiment/retriever/dense_searcher.ts"
  );
  const { searchTasks } = await import(
    "../../experiment/retriever/search_tasks.ts"
  );
  using dense = model === undefined
    ? undefined
    : denseSearcher(() => open(model, options, io));
  const progress = { done: 0, total: 0 };
  const work = searchTasks(tasks, text, {
    dense,
    bm25,
    k,
    fuseDepth: DEFAULTS.k,
    signal: io.signal,
    onProgress: (done, total) => Object.assign(progress, { done, total }),
  });
  return await (dense ? io.progress(encodingProgress(work, progress)) : work);
}

/** Loads the model, and says how texts are encoded where no option does. */
async function open(
  model: string,
  { backend, cache, precision, rescore, rescoreBy, computeType, ...given }:
    & Partial<Encoding>
    & Pick<
      SearchCommandOptions,
      "backend" | "cache" | "computeType" | keyof SmallSearch
    >,
  io: CommandIo,
): Promise<DenseModel> {
  const { modelFolder } = await import("../../base/files/model_folder.ts");
  const { recordedEncoding } = await import(
    "../../experiment/retriever/encoding.ts"
  );
  const { openDense } = await import("../search/open_dense.ts");
  const folder = await modelFolder(model);
  const { prompts, queryLength, passageLength } = {
    ...await recordedEncoding(folder),
    ...given,
  };
  io.note(
    `prompts: ${prompts}; at most ${queryLength} tokens of the query and ${passageLength} of a passage`,
  );
  const encoding = { prompts, queryLength, passageLength };
  const kept = { backend, cache, precision, rescore, rescoreBy, computeType };
  return await openDense(folder, { ...encoding, ...kept }, io);
}

/** The search as progress of the encoding, which takes nearly all of its time. */
async function* encodingProgress(
  work: Promise<TaskHit[]>,
  progress: { done: number; total: number },
): AsyncGenerator<ProgressEvent, TaskHit[]> {
  const event = { stage: "search", label: "encoding passages" };
  const hits = yield* watched(work, () => ({ ...event, ...progress }));
  yield { ...event, ...progress, done: progress.total };
  return hits;
}

function plain({ task, passage, score }: TaskHit, i: number) {
  const { id, title, text } = passage;
  return { rank: i + 1, score, task: task.name, id, title, text };
}

function cannot(why: string): SyntaxError {
  return new SyntaxError(`Cannot search: ${why}`);
}
