import { z } from "zod";
import type { Finding, LengthSummary, SuiteCheck } from "../../../data/mod.ts";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro data check`. */
export interface DataCheckOptions {
  /** The suite's folder. */
  folder: string;
  /** Names of the tasks to check. */
  tasks?: string[];
  /** Folder of a model, whose tokens lengths are counted in. */
  tokenizer?: string;
  /** Length at which texts will be cut. */
  maxLength: number;
}

/** Exit code where there are problems; bad input is 2. */
const PROBLEMS = 1;

/** `tdro data check`. */
export const command: Command<DataCheckOptions> = {
  name: "data check",
  summary: "Check a suite in BEIR form and count what is in it",
  details:
    "Reads every corpus, query and judgment, and reports counts, lengths, " +
    "scripts, repetitions, training queries that are also in a test split, " +
    "judgments that point nowhere, training queries that get no hard " +
    "negative (in corpora of up to 2,000 passages), and what else makes " +
    "results wrong. The exit code is 1 if there are problems (notes don't " +
    "count), 2 if a file is malformed: the first malformed line is named " +
    "with its file and number.",
  examples: [
    { about: "All tasks of a suite", line: "tdro data check suites/docs" },
    {
      about: "Two of them",
      line: "tdro data check suites/docs --tasks es-lib,tfjs-ops",
    },
    {
      about: "Lengths in the tokens of a model that cuts at 256",
      line:
        "tdro data check my/suite --tokenizer models/all-MiniLM-L6-v2 --max-length 256",
    },
  ],
  options: z.strictObject({
    folder: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task: corpus.jsonl, queries.jsonl, qrels/, task.json",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    tokenizer: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder with a tokenizer.json, to count lengths in tokens",
    ),
    maxLength: z.int().min(1).default(512).describe(
      "Tokens at which texts will be cut; needs --tokenizer",
    ),
  }),
  operands: ["folder"],
  async run({ folder, tasks, tokenizer, maxLength }, io) {
    const { checkSuite, openSuite, suiteRows, unlistedTasks } = await import(
      "../../../data/mod.ts"
    );
    const textTable = await tablesFor(io);
    const suite = await openSuite(folder, { tasks, dangling: true });
    const tokens = tokenizer === undefined
      ? undefined
      : await tokenCounter(tokenizer);
    const { bareQueries } = await import("../../../search/mod.ts");
    const bare = new Map<string, string[]>();
    for (const task of suite.tasks) {
      bare.set(task.name, await bareQueries(task));
    }
    const check = checkSuite(suite, {
      bare,
      lengthOf: tokens,
      limit: tokens && maxLength,
      unlisted: tasks ? [] : await unlistedTasks(folder),
    });
    const rows = suiteRows(suite);
    const { suite: name, ...counts } = check;
    io.result({ suite: name, tasks: rows, ...counts }, () => {
      const all = { digits: 0, footRows: 0 };
      const lines = [
        textTable(rows, all),
        "",
        `Lengths in ${tokens ? "tokens" : "characters"}, scripts, copies:`,
        "",
        textTable(textRows(check), all),
        "",
      ];
      if (check.findings.length > 0) {
        lines.push(textTable(check.findings.map(findingRow), all), "");
      }
      lines.push(verdict(check, rows.length));
      return lines.join("\n");
    });
    return check.problems > 0 ? PROBLEMS : 0;
  },
};

/** Counts the tokens of a text, special ones included. */
async function tokenCounter(folder: string): Promise<(text: string) => number> {
  const { loadTokenizer, modelParts } = await import("../../../model/mod.ts");
  const tokenizer = await loadTokenizer((await modelParts(folder)).tokenizer);
  return (text) => tokenizer.encode([text]).ids[0]!.length;
}

function textRows({ lengths, scripts, copies }: SuiteCheck) {
  return scripts.map(({ task, ...written }) => {
    const of = (kind: LengthSummary["kind"]) =>
      lengths.find((row) => row.task === task && row.kind === kind);
    const columns = (kind: LengthSummary["kind"]) => {
      const row = of(kind);
      const name = kind === "queries" ? "query" : "passage";
      const cells: Record<string, number | string | undefined> = {
        [`${name} median`]: row?.median,
        [`${name} p95`]: row?.p95,
        [`${name} max`]: row?.max,
      };
      if (row?.cut !== undefined) cells[`${name} cut`] = percent(row.cut);
      return cells;
    };
    const superfluous = copies
      .filter((row) => row.task === task && row.kind === "passages")
      .reduce((sum, { copies, texts }) => sum + (copies - 1) * texts, 0);
    return {
      task,
      ...columns("queries"),
      ...columns("passages"),
      scripts: scriptText(written.queries, written.passages),
      copies: superfluous,
    };
  });
}

/** `Thai`, or `Latin → Cyrillic 90 %, Latin 10 %` where the two sides differ. */
function scriptText(
  queries: Record<string, number>,
  passages: Record<string, number>,
): string {
  const text = (shares: Record<string, number>) => {
    const main = Object.entries(shares).filter(([, share]) => share >= 0.05);
    return main.length === 1
      ? main[0]![0]
      : main.slice(0, 3).map(([name, share]) => `${name} ${percent(share)}`)
        .join(", ") || "none";
  };
  const [from, to] = [text(queries), text(passages)];
  return from === to ? from : `${from} → ${to}`;
}

function findingRow({ severity, task, check, count, of, ...rest }: Finding) {
  const { message, examples } = rest;
  const share = of > 1 ? `${count} of ${of}` : "";
  return {
    "": severity,
    task,
    check,
    share,
    what: message,
    "e.g.": examples[0] ?? "",
  };
}

function verdict({ suite, problems, notes }: SuiteCheck, tasks: number) {
  const count = (n: number, what: string) =>
    `${n || "no"} ${what}${n === 1 ? "" : "s"}`;
  return line`${suite}: ${count(tasks, "task")}${
    problems > 0 ? "" : tasks === 1 ? " is well formed" : " are well formed"
  }, ${count(problems, "problem")}, ${count(notes, "note")}`;
}

function percent(share: number): string {
  return `${share > 0 && share < 0.01 ? "<1" : Math.round(100 * share)} %`;
}
