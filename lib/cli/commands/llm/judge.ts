import { z } from "zod";
import type { Suite } from "../../../data/mod.ts";
import type { JudgeCounts, Llm } from "../../../llm/mod.ts";
import type { DecisionRow } from "../../../search/mod.ts";
import type { ProgressEvent } from "../../../base/progress_event.ts";
import { line } from "../../../base/printable.ts";
import type { Command } from "../../command.ts";
import { mergeDecisions, readDecisionsIfThere } from "../decisions_file.ts";
import { checkWritable } from "../output.ts";
import { readAllNegatives } from "../read_negatives.ts";
import { tablesFor } from "../tables.ts";
import {
  type LlmCommandOptions,
  llmCommandShape,
  type LlmWork,
  withLlm,
} from "./llm_command.ts";

/** Options of `tdro llm judge`. */
export interface LlmJudgeOptions extends LlmCommandOptions {
  /** The suite's folder. */
  suite: string;
  /** Folder of mined training files. */
  negatives: string;
  /** File of decisions. */
  out?: string | undefined;
  /** Names of the tasks. */
  tasks?: string[] | undefined;
  /** Most queries a task. */
  queries?: number | undefined;
}

/** `tdro llm judge`. */
export const command: Command<LlmJudgeOptions> = {
  name: "llm judge",
  summary: "Have a language model find answers among mined negatives",
  details:
    "For each query the language model says which of its negatives answer, and by which words; an answer counts if these words are in the passage. What answers is then put in order with the known positive: before it, a passage is decided to be positive; after it, doubtful, which mining leaves out; the rest is negative. The file (tab-separated, as tdro data audit has it) is for tdro mine --decisions; what is decided in it already stays. Queries and passages are sent to the endpoint, and nothing else. Every answer is recorded beside the file, so that the command goes on where it stopped, and --offline replays it.",
  examples: [
    {
      about: "Look at three prompts and what it takes",
      line:
        "tdro llm judge --suite my/suite --negatives my/mined --llm qwen3-8b --dry-run",
    },
    {
      about: "Judge by a server on this machine",
      line:
        "tdro llm judge --suite my/suite --negatives my/mined --url http://127.0.0.1:8000/v1 --llm qwen3-8b --out my/decisions.tsv",
    },
    {
      about: "Again from the record, without a server",
      line:
        "tdro llm judge --suite my/suite --negatives my/mined --llm qwen3-8b --offline --out my/decisions.tsv",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    negatives: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of training files, as tdro mine writes them",
    ),
    out: z.string().optional().meta({ placeholder: "FILE" }).describe(
      "File of decisions; nothing is written if left out, the record neither",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    queries: z.int().min(1).optional().describe(
      "Maximum queries per task, drawn at random; all if left out",
    ),
    ...llmCommandShape,
  }),
  async run(options, io) {
    const { openSuite, writeWhole } = await import("../../../data/mod.ts");
    const { formatDecisions } = await import("../../../search/mod.ts");
    const { out } = options;
    if (out !== undefined) await checkWritable(out);
    const before = await readDecisionsIfThere(out);
    const suite = await openSuite(options.suite, { tasks: options.tasks });
    const negatives = await readAllNegatives(
      suite,
      options.negatives,
      "Cannot judge",
    );
    const outcome = await withLlm(
      options,
      io,
      (llm) => judgeSuite(llm, suite, { ...options, negatives, io }),
    );
    if (!outcome) return;
    const { value: { rows, counts }, ...rest } = outcome;
    const [first] = rest.failed;
    if (rows.length === 0 && first) {
      throw new RangeError(
        `Cannot judge: no answer was of use, the first for ${first.id}: ${first.reason}`,
      );
    }
    const all = mergeDecisions(before, rows);
    if (out !== undefined) await writeWhole(out, formatDecisions(all));
    const textTable = await tablesFor(io);
    io.result({ tasks: counts, out, ...rest, pairs: rows }, () =>
      [
        ...positivesTable(rows).map((table) =>
          textTable(table, { digits: 0, footRows: 0 })
        ),
        textTable(counts, { digits: 2, footRows: 0 }),
        "",
        out === undefined
          ? "Nothing is written; --out FILE writes decisions for tdro mine --decisions"
          : line`The decisions are in ${out}; tdro mine --decisions ${out} honours them`,
      ].join("\n"));
  },
};

async function* judgeSuite(
  llm: Llm,
  suite: Suite,
  { negatives, queries, seed, passageChars, wording, io }:
    & Omit<LlmJudgeOptions, "negatives">
    & {
      negatives: readonly ReadonlyMap<string, string[]>[];
      io: { signal: AbortSignal };
    },
): AsyncGenerator<
  ProgressEvent,
  LlmWork<{ rows: DecisionRow[]; counts: ({ task: string } & JudgeCounts)[] }>
> {
  const { judgeNegatives } = await import("../../../llm/mod.ts");
  const { createRng, shuffled } = await import("../../../sampling/mod.ts");
  const value = {
    rows: [] as DecisionRow[],
    counts: [] as ({ task: string } & JudgeCounts)[],
  };
  const work: LlmWork<typeof value> = { value, failed: [] };
  for (const [k, task] of suite.tasks.entries()) {
    const drawn = shuffled(
      [...negatives[k]!],
      createRng(seed, `judged/${task.name}`),
    ).slice(0, queries);
    const judged = yield* judgeNegatives(llm, task, new Map(drawn), {
      rng: createRng(seed, `judge/${task.name}`),
      passageChars,
      wording,
      signal: io.signal,
    });
    value.rows.push(...judged.rows);
    value.counts.push({ task: task.name, ...judged.counts });
    work.failed.push(...judged.failed);
  }
  return work;
}

/** Some of the negatives that answer, for a person to look at. */
function positivesTable(rows: readonly DecisionRow[]) {
  const some = rows.filter(({ decision }) => decision === "positive")
    .slice(0, 10);
  if (some.length === 0) return [];
  return [some.map(({ task, queryText, positiveText, passageText }) => ({
    task,
    query: short(queryText),
    positive: short(positiveText),
    answers: short(passageText),
  }))];
}

function short(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  return flat.length > 40 ? `${flat.slice(0, 39)}…` : flat;
}
