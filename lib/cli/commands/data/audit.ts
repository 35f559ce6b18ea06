import { z } from "zod";
import { lengthShape } from "../../../base/length_options.ts";
import type { BackendName } from "../../../backend/mod.ts";
import type { Suite } from "../../../data/mod.ts";
import type { DecisionRow } from "../../../search/mod.ts";
import { pullOption, withLocalModels } from "../local_model.ts";
import { backendOption } from "../backend_option.ts";
import { type OpenedEncoder, openEncoder } from "../encoder_functions.ts";
import type { Command } from "../../command.ts";
import type { ProgressEvent } from "../../../base/progress_event.ts";
import { line } from "../../../base/printable.ts";
import { mergeDecisions, readDecisionsIfThere } from "../decisions_file.ts";
import { checkWritable } from "../output.ts";
import { readAllNegatives } from "../read_negatives.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro data audit`. */
export interface DataAuditOptions {
  /** The suite's folder. */
  suite: string;
  /** Folder of mined training files. */
  negatives: string;
  /** Model folder. */
  model: string;
  /** File of decisions. */
  out?: string;
  /** Names of the tasks. */
  tasks?: string[];
  /** From which share of the positive's score on. */
  share: number;
  /** Most pairs a task. */
  limit: number;
  /** Whether queries get their task's prompt. */
  prompts: "task" | "none";
  /** Maximum tokens per query. */
  queryLength?: number | undefined;
  /** Maximum tokens per passage. */
  passageLength?: number | undefined;
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** The tfjs backend. */
  backend: BackendName | "auto";
}

/** `tdro data audit`. */
export const command: Command<DataAuditOptions> = {
  name: "data audit",
  summary: "Find mined negatives that a stronger model considers answers",
  details:
    "Scores the negatives that tdro mine wrote by a model, and lists those that come near their query's best positive. The file (tab-separated; any spreadsheet opens it) is for a person: write positive, negative or doubtful in its first column, and give it to tdro mine --decisions. Decisions that are in the file already are kept.",
  examples: [
    {
      about: "Make the list",
      line:
        "tdro data audit --suite my/suite --negatives my/mined --model models/large --out my/decisions.tsv",
    },
    {
      about: "Only look at the worst",
      line:
        "tdro data audit --suite my/suite --negatives my/mined --model models/large --limit 20",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    negatives: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of training files, as tdro mine writes them",
    ),
    model: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Model folder; preferably a stronger model than the one that mined",
    ),
    out: z.string().optional().meta({ placeholder: "FILE" }).describe(
      "File of decisions; nothing is written if left out",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    share: z.number().gt(0).max(1).default(0.95).describe(
      "Pairs are suspicious from this share of the best positive's score",
    ),
    limit: z.int().min(1).default(200).describe(
      "Maximum pairs listed per task",
    ),
    prompts: z.enum(["task", "none"]).default("task").describe(
      "Instruction before each query; none for models that weren't trained with one",
    ),
    ...lengthShape,
    pull: pullOption,
    backend: backendOption,
  }),
  async run(given, io) {
    const { openSuite, writeWhole } = await import("../../../data/mod.ts");
    const { formatDecisions } = await import("../../../search/mod.ts");
    const textTable = await tablesFor(io);
    if (given.out !== undefined) await checkWritable(given.out);
    const before = await readDecisionsIfThere(given.out);
    const options = await withLocalModels(given, { io });
    const suite = await openSuite(options.suite, { tasks: options.tasks });
    // All of them before the first is scored, which may take hours.
    const negatives = await readAllNegatives(
      suite,
      options.negatives,
      "Cannot audit",
    );
    using encoder = await openEncoder(options.model, { ...options, io });
    const suspicious = await io.progress(
      auditSuite(suite, {
        ...options,
        negatives,
        encoder,
        signal: io.signal,
      }),
    );
    const rows = mergeDecisions(before, suspicious);
    if (options.out) await writeWhole(options.out, formatDecisions(rows));
    io.result({ out: options.out, pairs: rows }, () =>
      [
        textTable(
          suspicious.slice(0, 20).map((row) => ({
            task: row.task,
            query: short(row.queryText),
            positive: short(row.positiveText),
            negative: short(row.passageText),
            score: row.score,
            positiveScore: row.positiveScore,
          })),
          { digits: 3, footRows: 0 },
        ),
        "",
        `${suspicious.length} negatives are suspicious` +
        (options.out
          ? line`; decide in the first column of ${options.out}, then tdro mine --decisions ${options.out}`
          : "; --out FILE writes them for a person to decide"),
      ].join("\n"));
  },
};

async function* auditSuite(
  suite: Suite,
  { negatives, share, limit, prompts, encoder, signal }:
    & Pick<DataAuditOptions, "share" | "limit" | "prompts">
    & {
      negatives: readonly ReadonlyMap<string, string[]>[];
      encoder: OpenedEncoder;
      signal: AbortSignal;
    },
): AsyncGenerator<ProgressEvent, DecisionRow[]> {
  const { auditNegatives, denseRetriever } = await import(
    "../../../search/mod.ts"
  );
  const rows: DecisionRow[] = [];
  const label = "auditing negatives";
  const total = suite.tasks.length;
  for (const [k, task] of suite.tasks.entries()) {
    yield { stage: "audit", label, done: k, total, note: task.name };
    using dense = await denseRetriever(task, encoder.encode, {
      prepare: encoder.prepare,
      prompts,
      signal,
    });
    rows.push(
      ...await auditNegatives(task, negatives[k]!, {
        score: dense.score,
        share,
        limit,
        signal,
      }),
    );
  }
  yield { stage: "audit", label, done: total, total };
  return rows;
}

function short(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  return flat.length > 40 ? `${flat.slice(0, 39)}…` : flat;
}
