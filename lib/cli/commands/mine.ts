import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import {
  type MineSuiteSettings,
  mineSuiteShape,
  parseMineSuiteOptions,
} from "../../experiment/mine_suite_options.ts";
import { checkFolder } from "../../base/files/check_folder.ts";
import type { Command } from "../command.ts";
import { pullOption, withLocalModels } from "./local_model.ts";
import { backendOption } from "./backend_option.ts";
import { workersOption } from "../workers/workers_option.ts";
import { line, printable } from "../../base/printable.ts";
import { tablesFor } from "./tables.ts";

/** Options of `tdro mine`. */
export interface MineCommandOptions extends MineSuiteSettings {
  /** The suite's folder. */
  suite: string;
  /** Names of the tasks. */
  tasks?: string[];
  /** Which part of the work, as in `2/8`. */
  shard?: string | undefined;
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Processes that compute together. */
  workers?: number | undefined;
  /** Whether files that were mined otherwise are replaced. */
  force: boolean;
}

const { out, by, model, ...shape } = mineSuiteShape;

/** `tdro mine`. */
export const command: Command<MineCommandOptions> = {
  name: "mine",
  summary: "Mine hard negatives by BM25, by a model, or by both",
  details:
    "Writes a training file per task (tDRO's JSONL: each query with all " +
    "its positives and its negatives). Known positives, near-duplicates of " +
    "them, and what scores too near the best positive, wherever that one " +
    "ranks, are never taken; with a model the scores compared are the " +
    "model's. Under BM25 a positive may share no word with its query: all " +
    "candidates score higher then, and --without-positive says what " +
    "becomes of them. Without --out it only shows what would be mined. " +
    "tdro run --mined takes the folder, and so do train and arena. Run " +
    "again, it goes on with the first task whose file isn't there.",
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
      about: "Filtered and scored by a cross-encoder, to be distilled",
      line:
        "tdro mine --suite my/suite --teacher models/reranker --out my/scored",
    },
    {
      about:
        "One of eight machines' share; the last line, without --shard, then writes all files",
      line:
        "tdro mine --suite my/suite --by dense --model models/e5 --shard 1/8 --out my/mined",
    },
    {
      about: "As the reference does: ranks 3 to 100, 16 negatives, no filter",
      line:
        "tdro mine --suite my/suite --by dense --model models/bge-base --from 3 --to 100 --count 16 --no-filter --no-fill --out my/mined",
    },
  ],
  severalProcesses: true,
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    out,
    by,
    model,
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    ...shape,
    shard: z.string().optional().meta({ placeholder: "I/N" }).describe(
      "Do only part I of N: find the candidates of its share of the queries. " +
        "When all parts are done, the same command without --shard writes the " +
        "files, with the same bytes as if nothing had been divided",
    ),
    pull: pullOption,
    backend: backendOption,
    workers: workersOption,
    force: z.boolean().default(false).describe(
      "Replace files that were mined with other settings",
    ),
  }),
  async run(
    { suite: folder, tasks, shard, backend, force, pull, ...given },
    io,
  ) {
    parseMineSuiteOptions(given);
    const settings = await withLocalModels({ ...given, pull }, { io });
    if (settings.out) await checkFolder(settings.out);
    const { openSuite } = await import("../../data/mod.ts");
    const { mineSuite } = await import("../../experiment/mod.ts");
    const textTable = await tablesFor(io);
    const suite = await openSuite(folder, { tasks });
    if (settings.out) {
      io.resumeWith(
        "rerun the same command: it continues with the next task",
      );
    }
    if (settings.model !== undefined || settings.teacher !== undefined) {
      const { useBackend } = await import("../../backend/mod.ts");
      const { name, device, reason } = await useBackend(backend);
      io.note(`backend: ${name} on ${device}: ${reason}`);
    }
    const { signal } = io;
    if (shard !== undefined) {
      const { minePart } = await import("../../experiment/mod.ts");
      const part = await io.progress(
        minePart(suite, shard, { ...settings, backend, signal }),
      );
      io.result(
        part,
        () =>
          line`Part ${shard} is in ${part.folder}; when all are done, the same command without --shard writes the training files`,
      );
      return;
    }
    const mined = await io.progress(
      mineSuite(suite, { ...settings, backend, force, signal }),
    );
    for (const said of unseenPositives(mined.tasks, settings)) io.note(said);
    io.result(mined, () => {
      const rows = mined.tasks.map((row) => ({ ...row }));
      return [
        ...mined.preview.flatMap(({ task, rows }) => [
          printable(task),
          textTable(rows.map((row) => ({ ...row })), {
            digits: 3,
            footRows: 0,
          }),
          "",
        ]),
        textTable(rows, { digits: 0, footRows: 0 }),
        "",
        settings.out === undefined
          ? "Nothing is written; --out FOLDER writes a training file per task"
          : line`A training file per task is in ${settings.out}; tdro run --mined ${settings.out} trains on it, and so do train and arena`,
      ].join("\n");
    });
  },
};

/** What became of queries that share no word with their positives. */
function unseenPositives(
  tasks: readonly { queries: number; withoutPositive: number }[],
  { filter, withoutPositive }: MineSuiteSettings,
): string[] {
  const sum = (of: "queries" | "withoutPositive") =>
    tasks.reduce((total, task) => total + task[of], 0);
  const unseen = sum("withoutPositive");
  if (unseen === 0 || !filter) return [];
  const which = `${unseen} of ${
    sum("queries")
  } queries share no word with their positives`;
  return [
    withoutPositive === "drop"
      ? `${which}: none of their candidates was taken; --without-positive keep takes them`
      : `${which}, so their candidates were not filtered by score; --without-positive drop takes none of them`,
  ];
}
