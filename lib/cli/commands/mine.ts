import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import type { Suite, Task } from "../../data/mod.ts";
import type {
  MinedNegatives,
  MineOptions,
  MineStatistics,
  RetrieveFunction,
} from "../../search/mod.ts";
import { backendOption } from "./backend_option.ts";
import { type OpenedEncoder, openEncoder } from "./encoder_functions.ts";
import type { ProgressEvent } from "../progress.ts";
import type { Command } from "../command.ts";
import type { CommandIo } from "../io.ts";

/** Options of `tdro mine`. */
export interface MineCommandOptions {
  /** The suite's folder. */
  suite: string;
  /** Where the training files go. */
  out?: string;
  /** What finds the candidates. */
  by: "bm25" | "dense" | "fused";
  /** Model folder, for dense and fused. */
  model?: string;
  /** Names of the tasks. */
  tasks?: string[];
  /** Split whose queries are mined for. */
  split: "train" | "dev" | "test";
  /** Negatives for each query. */
  count: number;
  /** First rank of the candidates. */
  from: number;
  /** Last rank of the candidates. */
  to: number;
  /** Share of the positive's score. */
  positiveShare: number;
  /** Distance to the positive's score. */
  margin: number;
  /** Whether candidates are filtered by score. */
  filter: boolean;
  /** Which candidates are taken. */
  sampling: "random" | "top" | "rank";
  /** Most bits in which near texts differ. */
  nearDuplicates: number;
  /** Whether random passages fill up. */
  fill: boolean;
  /** File of decisions. */
  decisions?: string;
  /** Queries to show of each task. */
  preview: number;
  /** Whether queries get their task's prompt. */
  prompts: "task" | "none";
  /** Most tokens of a query. */
  queryLength: number;
  /** Most tokens of a passage. */
  passageLength: number;
  /** Seed. */
  seed: number;
  /** The tfjs backend. */
  backend: BackendName | "auto";
}

/** `tdro mine`. */
export const command: Command<MineCommandOptions> = {
  name: "mine",
  summary: "Mine hard negatives by BM25, by a model, or by both",
  details:
    "Writes a training file a task (tDRO's JSONL: each query with all its positives and its negatives). Known positives, near-duplicates of them, and what scores too near the best positive are never taken; with a model the scores compared are the model's. Without --out it only shows what would be mined. Run again, it goes on with the first task whose file isn't there.",
  examples: [
    {
      about: "Look at negatives before training on them",
      line: "tdro mine --suite my/suite --tasks nq --preview 5",
    },
    {
      about: "Mine by BM25 and a model, fused by rank",
      line:
        "tdro mine --suite my/suite --by fused --model models/all-MiniLM-L6-v2 --out my/mined",
    },
    {
      about: "As the reference does: ranks 3 to 100, 16 negatives, no filter",
      line:
        "tdro mine --suite my/suite --by dense --model models/bge-base --from 3 --to 100 --count 16 --no-filter --no-fill --out my/mined",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    out: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder for a training file per task; nothing is written if left out",
    ),
    by: z.enum(["bm25", "dense", "fused"]).default("bm25").describe(
      "What finds the candidates; fused: both, by reciprocal rank",
    ),
    model: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Model folder, for --by dense or fused; with bm25, it filters only",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    split: z.enum(["train", "dev", "test"]).default("train")
      .meta({ placeholder: "SPLIT" }).describe(
        "Split whose queries are mined for",
      ),
    count: z.int().min(1).default(8).describe("Negatives for each query"),
    from: z.int().min(1).default(1).describe("First rank of the candidates"),
    to: z.int().min(1).default(50).describe("Last rank of the candidates"),
    positiveShare: z.number().gt(0).max(1).default(0.95).describe(
      "Leave out what scores at least this share of the best positive",
    ),
    margin: z.number().min(0).default(0).describe(
      "Leave out what doesn't score this much less than the best positive",
    ),
    filter: z.boolean().default(true).describe(
      "Leave out by score at all; --no-filter takes whatever is found",
    ),
    sampling: z.enum(["random", "top", "rank"]).default("random").describe(
      "Which candidates are taken: any, the first, or earlier ones rather",
    ),
    nearDuplicates: z.int().min(0).max(63).default(2).describe(
      "Most bits of 64 in which a text differs that counts as the same",
    ),
    fill: z.boolean().default(true).describe(
      "Fill up with random passages where candidates are too few",
    ),
    decisions: z.string().optional().meta({ placeholder: "FILE" }).describe(
      "Decisions on doubtful pairs, made by tdro data audit and edited",
    ),
    preview: z.int().min(0).default(0).describe(
      "Queries to show of each task, with their negatives; 2 without --out",
    ),
    prompts: z.enum(["task", "none"]).default("task").describe(
      "Instruction before each query; none for models that weren't trained with one",
    ),
    queryLength: z.int().min(2).default(64).describe("Most tokens of a query"),
    passageLength: z.int().min(2).default(256).describe(
      "Most tokens of a passage",
    ),
    seed: z.int().min(0).default(42).describe("Seed"),
    backend: backendOption,
  }),
  async run(options, io) {
    const { suite: folder, tasks, by, model, from, to } = options;
    if (by !== "bm25" && model === undefined) {
      throw new SyntaxError(
        `Cannot mine by ${by}: --model must name a model folder; or use --by bm25`,
      );
    }
    if (to < from) {
      throw new RangeError(
        `Cannot mine: --to must be at least --from, ${from}: got ${to}`,
      );
    }
    const { openSuite } = await import("../../data/mod.ts");
    const { textTable } = await import("../../report/tables/text_table.ts");
    const suite = await openSuite(folder, { tasks });
    if (options.out) {
      io.resumeWith(
        "run the same command again, it goes on with the next task",
      );
    }
    using encoder = model === undefined
      ? undefined
      : await openEncoder(model, { ...options, io });
    const mined = await io.progress(mineSuite(suite, options, encoder, io));
    io.result(mined, () => {
      const rows = mined.tasks.map(({ task, ...counts }) => ({
        task,
        ...counts,
      }));
      return [
        ...mined.preview.flatMap(({ task, rows }) => [
          task,
          textTable(rows, { digits: 3, maxRows: rows.length, footRows: 0 }),
          "",
        ]),
        textTable(rows, { digits: 0, maxRows: rows.length, footRows: 0 }),
        "",
        options.out === undefined
          ? "Nothing is written; --out FOLDER writes a training file per task"
          : `A training file per task is in ${options.out}`,
      ].join("\n");
    });
  },
};

/** What the command gives. */
interface MinedSuite {
  tasks: ({ task: string } & MineStatistics)[];
  preview: { task: string; rows: Record<string, unknown>[] }[];
}

async function* mineSuite(
  suite: Suite,
  options: MineCommandOptions,
  encoder: OpenedEncoder | undefined,
  io: CommandIo,
): AsyncGenerator<ProgressEvent, MinedSuite> {
  const { applyDecisions, decisionsOf, previewNegatives } = await import(
    "../../search/mod.ts"
  );
  const decisions = await readDecisions(options.decisions);
  const shown = options.preview || (options.out === undefined ? 2 : 0);
  const result: MinedSuite = { tasks: [], preview: [] };
  for (const [k, given] of suite.tasks.entries()) {
    const task = applyDecisions(given, decisionsOf(decisions, given.name));
    yield {
      stage: "mine",
      label: `mining hard negatives (${options.by})`,
      done: k,
      total: suite.tasks.length,
      note: task.name,
    };
    const settings = await settingsOf(task, options, decisions);
    const done = await readRecord(options.out, task.name, settings);
    if (done) {
      result.tasks.push({ task: task.name, ...done });
      continue;
    }
    const mined = await mineTask(task, options, encoder, decisions, io.signal);
    if (options.out) await writeMined(task, mined, settings, options);
    result.tasks.push({ task: task.name, ...mined.statistics });
    if (shown > 0) {
      const rows = previewNegatives(task, mined, { queries: shown });
      result.preview.push({
        task: task.name,
        rows: rows.map((r) => ({ ...r })),
      });
    }
  }
  yield {
    stage: "mine",
    label: `mining hard negatives (${options.by})`,
    done: suite.tasks.length,
    total: suite.tasks.length,
  };
  return result;
}

async function mineTask(
  task: Task,
  options: MineCommandOptions,
  encoder: OpenedEncoder | undefined,
  decisions: DecisionRow[],
  signal: AbortSignal,
): Promise<MinedNegatives> {
  const {
    bm25Retriever,
    decisionsOf,
    denseRetriever,
    fusedRetriever,
    mineHardNegatives,
  } = await import("../../search/mod.ts");
  const { createRng } = await import("../../sampling/mod.ts");
  using dense = encoder &&
    await denseRetriever(task, encoder.encode, {
      prepare: encoder.prepare,
      prompts: options.prompts,
      signal,
    });
  const retrieve: Record<MineCommandOptions["by"], () => RetrieveFunction> = {
    bm25: () => bm25Retriever(task),
    dense: () => dense!.retrieve,
    fused: () => fusedRetriever([bm25Retriever(task), dense!.retrieve]),
  };
  const rules: Partial<MineOptions> = options.filter
    ? { positiveShare: options.positiveShare, margin: options.margin }
    : { positiveShare: Infinity };
  return await mineHardNegatives(task, {
    ...rules,
    rng: createRng(options.seed, `negatives/${task.name}`),
    split: options.split,
    count: options.count,
    depth: [options.from, options.to],
    sampling: options.sampling,
    nearDuplicates: options.nearDuplicates,
    fill: options.fill,
    retrieve: retrieve[options.by](),
    score: dense?.score,
    decisions: decisionsOf(decisions, task.name),
    signal,
  });
}

type DecisionRow = ReturnType<
  typeof import("../../search/mod.ts").parseDecisions
>[number];

async function readDecisions(path?: string): Promise<DecisionRow[]> {
  if (path === undefined) return [];
  const { parseDecisions } = await import("../../search/mod.ts");
  return parseDecisions(await readText(path), path);
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot read decisions: no file ${path}`);
  }
}

/** All that the negatives of a task depend on. */
async function settingsOf(
  task: Task,
  options: MineCommandOptions,
  decisions: readonly DecisionRow[],
): Promise<Record<string, unknown>> {
  const { hashPassages } = await import("../../search/mod.ts");
  const { suite: _, out: __, tasks: ___, preview: ____, backend, ...rest } =
    options;
  return {
    ...rest,
    backend: options.model === undefined ? undefined : backend,
    decisions: decisions.filter(({ task: of }) => of === task.name)
      .map(({ query, passage, decision }) => [query, passage, decision]),
    corpus: hashPassages(task.corpus.values()),
    queries: hashPassages(task.queries.values()),
    judged: [...task.qrels[options.split] ?? []].length,
  };
}

/** The statistics of an earlier run with these settings, if it got this far. */
async function readRecord(
  out: string | undefined,
  task: string,
  settings: Record<string, unknown>,
): Promise<MineStatistics | undefined> {
  if (out === undefined) return;
  let text;
  try {
    await Deno.stat(`${out}/${task}.jsonl`);
    text = await Deno.readTextFile(`${out}/${task}.mined.json`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const record = JSON.parse(text);
  const same = JSON.stringify(record.settings) ===
    JSON.stringify({ ...settings });
  if (same) return record.statistics;
  throw new RangeError(
    `Cannot go on in ${out}: ${task}.jsonl was mined with other settings or from other data; choose another --out, or delete it`,
  );
}

async function writeMined(
  task: Task,
  mined: MinedNegatives,
  settings: Record<string, unknown>,
  { out, split }: MineCommandOptions,
): Promise<void> {
  const { trainExamples, writeTdroJsonl, writeWhole } = await import(
    "../../data/mod.ts"
  );
  const [rows] = trainExamples({ name: task.name, tasks: [task] }, {
    split,
    negatives: [mined.negatives],
  });
  await writeTdroJsonl(`${out}/${task.name}.jsonl`, rows!);
  const record = { settings, statistics: mined.statistics };
  await writeWhole(
    `${out}/${task.name}.mined.json`,
    `${JSON.stringify(record, null, 2)}\n`,
  );
}
