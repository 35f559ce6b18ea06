import { z } from "zod";
import type { BackendName } from "../../../backend/mod.ts";
import type { ProgressEvent } from "../../../base/progress_event.ts";
import { lengthShape } from "../../../base/length_options.ts";
import { line } from "../../../base/printable.ts";
import type { Suite, Task } from "../../../data/mod.ts";
import type {
  GeneratedQuery,
  GeneratedQueryCounts,
  Llm,
} from "../../../llm/mod.ts";
import type { RetrieveFunction } from "../../../search/mod.ts";
import type { Command } from "../../command.ts";
import type { CommandIo } from "../../io.ts";
import { backendOption } from "../backend_option.ts";
import { type OpenedEncoder, openEncoder } from "../encoder_functions.ts";
import { pullOption, withLocalModels } from "../local_model.ts";
import { tablesFor } from "../tables.ts";
import {
  type LlmCommandOptions,
  llmCommandShape,
  type LlmWork,
  withLlm,
} from "./llm_command.ts";

/** Options of `tdro llm queries`. */
export interface LlmQueriesOptions extends LlmCommandOptions {
  /** The suite's folder. */
  suite?: string | undefined;
  /** A corpus without queries. */
  corpus?: string | undefined;
  /** Name of the task that it becomes. */
  name: string;
  /** Language of the corpus. */
  corpusLanguage: string;
  /** The new suite's folder. */
  out?: string | undefined;
  /** Names of the tasks. */
  tasks?: string[] | undefined;
  /** Most passages a task. */
  passages: number;
  /** Queries a passage. */
  perPassage: number;
  /** Rank of the round trip. */
  within: number;
  /** Whether passages of dev and test queries are taken. */
  fromTested: boolean;
  /** Who asks. */
  who?: string[] | undefined;
  /** Kinds of query. */
  kind?: string[] | undefined;
  /** Lengths. */
  length?: string[] | undefined;
  /** Languages. */
  language?: string[] | undefined;
  /** Model of the round trip. */
  model?: string | undefined;
  /** Whether queries get their task's prompt there. */
  prompts: "task" | "none";
  /** Maximum tokens per query. */
  queryLength?: number | undefined;
  /** Maximum tokens per passage. */
  passageLength?: number | undefined;
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Whether a suite in the folder is replaced. */
  force: boolean;
}

const wishes = (what: string) =>
  z.array(z.string().min(1)).min(1).optional().describe(
    `${what}; drawn at random for each query`,
  );

/** `tdro llm queries`. */
export const command: Command<LlmQueriesOptions> = {
  name: "llm queries",
  summary: "Have a language model write training queries for passages",
  details:
    "For each passage drawn, queries are asked for as a persona, kind, length and language drawn at random wish. A query is kept if a search by it finds its passage within the first --within (BM25, or BM25 and --model), if it isn't copied from the passage, and if no query of the task has its text, those for tests included. The new suite has the tasks with the queries that were kept, in the train split. Passages that answer dev or test queries get none, unless --from-tested.",
  examples: [
    {
      about: "Queries for 500 passages of each task",
      line:
        "tdro llm queries --suite my/suite --passages 500 --url http://127.0.0.1:8000/v1 --llm qwen3-8b --out my/more",
    },
    {
      about: "For a corpus that has no queries",
      line:
        "tdro llm queries --corpus my/corpus.jsonl --name handbook --url http://127.0.0.1:8000/v1 --llm qwen3-8b --out my/handbook",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe("Folder with a folder per task, in BEIR form"),
    corpus: z.string().min(1).optional().meta({ placeholder: "FILE" })
      .describe("In place of --suite: a corpus.jsonl without queries"),
    name: z.string().min(1).default("corpus").describe(
      "Name of the task that --corpus becomes",
    ),
    corpusLanguage: z.string().min(1).default("en").describe(
      "Language of --corpus",
    ),
    out: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder of the new suite; nothing is written if left out, the record neither",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    passages: z.int().min(1).default(100).describe(
      "Maximum passages per task that get queries, drawn at random",
    ),
    perPassage: z.int().min(1).max(20).default(2).describe(
      "Queries asked for each passage",
    ),
    within: z.int().min(1).default(3).describe(
      "Keep queries that find their passage among the first so many",
    ),
    fromTested: z.boolean().default(false).describe(
      "Also take passages that answer dev or test queries",
    ),
    who: wishes("Who asks, e.g. --who 'a nurse'"),
    kind: wishes("Kinds of query"),
    length: wishes("Lengths of a query, in words"),
    language: wishes("Languages of the queries; the task's if left out"),
    ...llmCommandShape,
    model: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe("Model folder that searches with BM25 in the round trip"),
    prompts: z.enum(["task", "none"]).default("task").describe(
      "Instruction before each query there; none for models that weren't trained with one",
    ),
    ...lengthShape,
    pull: pullOption,
    backend: backendOption,
    force: z.boolean().default(false).describe(
      "Replace a suite that is in the folder",
    ),
  }),
  async run(given, io) {
    const { writeSuite } = await import("../../../data/mod.ts");
    const options = await withLocalModels(given, { io });
    const { out, force } = options;
    const suite = await suiteOf(options);
    using encoder = options.model === undefined
      ? undefined
      : await openEncoder(options.model, { ...options, io });
    const outcome = await withLlm(
      options,
      io,
      (llm) => queriesOf(llm, suite, { ...options, encoder, io }),
    );
    if (!outcome) return;
    const { value: { tasks, counts, queries }, ...rest } = outcome;
    if (out !== undefined) {
      await writeSuite({ ...suite, tasks }, out, { overwrite: force });
    }
    const textTable = await tablesFor(io);
    io.result({ tasks: counts, out, ...rest, queries }, () =>
      [
        textTable(
          queries.slice(0, 10).map(({ task, text, wish, outcome }) => ({
            task,
            query: text,
            wish,
            outcome,
          })),
          { footRows: 0 },
        ),
        textTable(counts, { digits: 0, footRows: 0 }),
        "",
        out === undefined
          ? "Nothing is written; --out FOLDER writes the suite with its new queries"
          : line`The suite with its new queries is in ${out}`,
      ].join("\n"));
  },
};

async function suiteOf(
  { suite, corpus, name, tasks, corpusLanguage }: Pick<
    LlmQueriesOptions,
    "suite" | "corpus" | "name" | "tasks" | "corpusLanguage"
  >,
): Promise<Suite> {
  const { readBeirCorpus, openSuite } = await import("../../../data/mod.ts");
  if ((suite === undefined) === (corpus === undefined)) {
    throw new RangeError(
      "Cannot write queries: either --suite or --corpus must name the passages",
    );
  }
  if (suite !== undefined) return await openSuite(suite, { tasks });
  const task: Task = {
    name,
    prompt: "",
    language: corpusLanguage,
    kind: "question-passage",
    license: "unknown",
    source: "a corpus without queries",
    corpus: await readBeirCorpus(corpus!),
    queries: new Map(),
    qrels: {},
  };
  return { name, tasks: [task] };
}

/** What {@linkcode queriesOf} came to. */
interface SuiteQueries {
  tasks: Task[];
  counts: ({ task: string } & GeneratedQueryCounts)[];
  queries: ({ task: string } & GeneratedQuery)[];
}

async function* queriesOf(
  llm: Llm,
  suite: Suite,
  { encoder, io, who, kind, length, language, ...options }:
    & Omit<LlmQueriesOptions, "pull">
    & {
      encoder: OpenedEncoder | undefined;
      io: CommandIo;
    },
): AsyncGenerator<ProgressEvent, LlmWork<SuiteQueries>> {
  const { generateQueries } = await import("../../../llm/mod.ts");
  const { createRng } = await import("../../../sampling/mod.ts");
  const wishes = Object.fromEntries(
    Object.entries({ who, kind, length, language })
      .filter(([, list]) => list !== undefined),
  );
  const value: SuiteQueries = { tasks: [], counts: [], queries: [] };
  const work: LlmWork<SuiteQueries> = { value, failed: [] };
  for (const task of suite.tasks) {
    const { signal } = io;
    const written = yield* generateQueries(llm, task, {
      ...options,
      rng: createRng(options.seed, `llm queries/${task.name}`),
      wishes,
      retrieve: await roundTrip(task, { encoder, ...options, signal }),
      signal,
    });
    value.tasks.push(written.task);
    value.counts.push({ task: task.name, ...written.counts });
    value.queries.push(
      ...written.queries.map((query) => ({ task: task.name, ...query })),
    );
    work.failed.push(...written.failed);
  }
  return work;
}

/** Searches by BM25, and by the model if there is one. */
async function roundTrip(
  task: Task,
  { encoder, prompts, signal }: {
    encoder: OpenedEncoder | undefined;
    prompts: "task" | "none";
    signal: AbortSignal;
  },
): Promise<RetrieveFunction> {
  const { bm25Retriever, denseRetriever, fusedRetriever } = await import(
    "../../../search/mod.ts"
  );
  if (!encoder) return bm25Retriever(task);
  const dense = await denseRetriever(task, encoder.encode, {
    prepare: encoder.prepare,
    prompts,
    signal,
  });
  const fused = fusedRetriever([bm25Retriever(task), dense.retrieve]);
  return async (queries, k) => {
    try {
      return await fused(queries, k);
    } finally {
      dense[Symbol.dispose](); // one search a task
    }
  };
}
