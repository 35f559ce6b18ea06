import { z } from "zod";
import type { BackendName } from "../../../backend/mod.ts";
import type { ProgressEvent } from "../../../base/progress_event.ts";
import { checkFolder } from "../../../base/files/check_folder.ts";
import { lengthShape } from "../../../base/length_options.ts";
import { line } from "../../../base/printable.ts";
import type { Suite, Task } from "../../../data/mod.ts";
import type {
  GeneratedPassage,
  GeneratedPassages,
  GenerateOptions,
  Llm,
  SimilarityHistogram,
  TextChecks,
} from "../../../llm/mod.ts";
import type { MineStatistics } from "../../../search/mod.ts";
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

/** Options of the commands that have passages written. */
export interface GenerateCommandOptions extends LlmCommandOptions {
  /** The suite's folder. */
  suite: string;
  /** Folder of training files. */
  out?: string | undefined;
  /** Names of the tasks. */
  tasks?: string[] | undefined;
  /** Most queries a task. */
  queries?: number | undefined;
  /** Share of the positive's score from which on a negative is left out. */
  positiveShare: number;
  /** Bits in which near-duplicates differ at most. */
  nearDuplicates: number;
  /** Model that scores. */
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
  /** Whether files that were made otherwise are replaced. */
  force: boolean;
}

/** The shape of {@linkcode GenerateCommandOptions}, in two parts around one's own. */
export const generateShape = {
  first: {
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    out: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder for a training file per task; nothing is written if left out, the record neither",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    queries: z.int().min(1).optional().describe(
      "Maximum training queries per task, drawn at random; all if left out",
    ),
  },
  last: {
    positiveShare: z.number().gt(0).max(1).default(0.95).describe(
      "Leave out negatives that score at least this share of the best positive's score",
    ),
    nearDuplicates: z.int().min(0).max(63).default(2).describe(
      "A text counts as the same if its SimHash value differs in at most this many of 64 bits",
    ),
    ...llmCommandShape,
    model: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe("Model folder that scores negatives; BM25 if left out"),
    prompts: z.enum(["task", "none"]).default("task").describe(
      "Instruction before each query there; none for models that weren't trained with one",
    ),
    ...lengthShape,
    pull: pullOption,
    backend: backendOption,
    force: z.boolean().default(false).describe(
      "Replace files that were made with other settings",
    ),
  },
};

/** What a command does with a task. */
export interface Generating {
  /** Has passages written for a task. */
  write(
    llm: Llm,
    task: Task,
    options: GenerateOptions,
  ): AsyncGenerator<ProgressEvent, GeneratedPassages>;
  /** What the passages depend on beside model and prompt. */
  settings: Readonly<Record<string, unknown>>;
  /** Highest grade that counts as a negative. */
  negativeGrade: number;
  /** Whether grades are written as scores. */
  scored: boolean;
}

/** A row of the table. */
type GeneratedRow =
  & { task: string; queries: number; written: number; kept: number }
  & Pick<MineStatistics, "leftOutScore" | "leftOutText" | "leftOutNear">
  & { dropped: number }
  & TextChecks
  & SimilarityHistogram;

/** What was written for a suite. */
interface SuitePassages {
  rows: GeneratedRow[];
  some: ({ task: string; query: string } & GeneratedPassage)[];
}

/** Has passages written for a suite's tasks, keeps what holds, and tells of it. */
export async function runGenerating(
  given: GenerateCommandOptions,
  io: CommandIo,
  generating: Generating,
): Promise<void> {
  const { openSuite } = await import("../../../data/mod.ts");
  const options = await withLocalModels(given, { io });
  const { out } = options;
  if (out !== undefined) await checkFolder(out);
  const suite = await openSuite(options.suite, { tasks: options.tasks });
  using encoder = options.model === undefined
    ? undefined
    : await openEncoder(options.model, { ...options, io });
  const outcome = await withLlm(
    options,
    io,
    (llm) => suitePassages(llm, suite, { ...options, generating, encoder, io }),
  );
  if (!outcome) return;
  const { value: { rows, some }, ...rest } = outcome;
  const [first] = rest.failed;
  if (rows.length === 0 && first) {
    throw new RangeError(
      `Cannot write passages: no answer was of use, the first for ${first.id}: ${first.reason}`,
    );
  }
  const textTable = await tablesFor(io);
  io.result({ tasks: rows, out, ...rest, passages: some }, () =>
    [
      textTable(
        some.slice(0, 8).map(({ task, query, grade, text, violates }) => ({
          task,
          query: short(query),
          grade,
          ...violates !== undefined && { violates: short(violates) },
          passage: short(text),
        })),
        { digits: 0, footRows: 0 },
      ),
      ...rows.flatMap((row) => [textTable(factsOf(row), { footRows: 0 }), ""]),
      out === undefined
        ? "Nothing is written; --out FOLDER writes a training file per task"
        : line`A training file per task is in ${out}; tdro train --mined ${out} trains on it, and so do run and arena`,
    ].join("\n"));
}

async function* suitePassages(
  llm: Llm,
  suite: Suite,
  { generating, encoder, io, ...options }:
    & Omit<GenerateCommandOptions, "pull">
    & {
      generating: Generating;
      encoder: OpenedEncoder | undefined;
      io: CommandIo;
    },
): AsyncGenerator<ProgressEvent, LlmWork<SuitePassages>> {
  const { keepGenerated } = await import("../../../experiment/mod.ts");
  const { similarityHistogram, textChecks } = await import(
    "../../../llm/mod.ts"
  );
  const { createRng } = await import("../../../sampling/mod.ts");
  const { passageText } = await import("../../../data/mod.ts");
  const { seed, out, force, positiveShare, nearDuplicates, prompts } = options;
  const { negativeGrade, scored } = generating;
  const { signal } = io;
  const value: SuitePassages = { rows: [], some: [] };
  const work: LlmWork<SuitePassages> = { value, failed: [] };
  for (const task of suite.tasks) {
    const rng = createRng(seed, `llm passages/${task.name}`);
    const { passages, failed } = yield* generating.write(llm, task, {
      rng,
      queries: options.queries,
      passageChars: options.passageChars,
      wording: options.wording,
      signal,
    });
    work.failed.push(...failed);
    if (llm.collected || passages.size === 0) continue;
    const kept = await keepGenerated(task, passages, {
      out,
      force,
      positiveShare,
      nearDuplicates,
      negativeGrade,
      scored,
      encode: encoder?.encode,
      prompts,
      signal,
      settings: {
        by: "llm",
        llm: options.llm,
        temperature: options.temperature,
        model: options.model,
        count: Math.max(...[...passages.values()].map((all) => all.length)),
        queries: passages.size,
        positiveShare,
        nearDuplicates,
        seed,
        ...generating.settings,
      },
    });
    const all = [...passages.values()].flat();
    const { statistics } = kept;
    const { leftOutScore, leftOutText, leftOutNear } = statistics;
    const judged = statistics.retrieved + leftOutScore + leftOutText +
      leftOutNear;
    value.rows.push({
      task: task.name,
      queries: passages.size,
      written: all.length,
      kept: statistics.retrieved,
      leftOutScore,
      leftOutText,
      leftOutNear,
      dropped: leftOutScore / judged,
      ...textChecks(
        [...task.corpus.values()].map(passageText),
        all.map(({ text }) => text),
        { rng },
      ),
      ...similarityHistogram(kept.similarities),
    });
    value.some.push(
      ...[...passages].flatMap(([query, list]) =>
        list.map((passage) => ({
          task: task.name,
          query: task.queries.get(query)!.text,
          ...passage,
        }))
      ),
    );
  }
  return work;
}

/** One task's numbers, a line each. */
function factsOf(
  row: GeneratedRow,
): { fact: string; [task: string]: string }[] {
  const share = (value: number) => `${(100 * value).toFixed(0)} %`;
  const number = (value: number) => value.toFixed(2);
  const of = (fact: string, value: string | number) => ({
    fact,
    [row.task]: `${value}`,
  });
  return [
    of("queries", row.queries),
    of("passages written", row.written),
    of("negatives kept", row.kept),
    of("too near the positive's score", row.leftOutScore),
    of("repeated or near-duplicates", row.leftOutText + row.leftOutNear),
    of("share dropped by score", share(row.dropped)),
    of("told apart from real ones (AUC; 0.5: not)", number(row.auc)),
    of("length over that of real ones", number(row.lengthRatio)),
    of("gap between the lengths (0 to 1)", number(row.lengthGap)),
    of("score over the positive's: below 0.25", row["below0.25"]),
    of("… 0.25 to 0.5", row["to0.5"]),
    of("… 0.5 to 0.75", row["to0.75"]),
    of("… 0.75 to 0.95", row["to0.95"]),
    of("… 0.95 and more", row["above0.95"]),
  ];
}

function short(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  return flat.length > 60 ? `${flat.slice(0, 59)}…` : flat;
}
