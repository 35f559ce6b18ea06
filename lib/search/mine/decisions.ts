import { checkColumn } from "../exact/check_column.ts";

/**
 * What a person says of a query and a passage that isn't a known positive:
 * `positive`, it answers the query; `negative`, it doesn't; `doubtful`, so
 * better not trained on as either.
 */
export type Decision = "positive" | "negative" | "doubtful";

/** Query id → passage id → what was decided; of one task. */
export type Decisions = ReadonlyMap<string, ReadonlyMap<string, Decision>>;

/** A pair to be decided on; a line of the file. */
export interface DecisionRow {
  /** What was decided; empty as long as nobody has. */
  decision: Decision | "";
  /** Name of the task. */
  task: string;
  /** Id of the query. */
  query: string;
  /** Id of the passage. */
  passage: string;
  /** Score of the pair by the auditing model. */
  score: number;
  /** Best score of a known positive of the query. */
  positiveScore: number;
  /** Text of the query. */
  queryText: string;
  /** Text of the best positive. */
  positiveText: string;
  /** Text of the passage. */
  passageText: string;
}

const COLUMNS = [
  "decision",
  "task",
  "query",
  "passage",
  "score",
  "positiveScore",
  "queryText",
  "positiveText",
  "passageText",
] as const;

const DECISIONS = ["", "positive", "negative", "doubtful"];

/**
 * Writes pairs as tab-separated text with a header, which any spreadsheet
 * opens: the first column is for the person who decides.
 *
 * @param rows The pairs.
 * @returns The text of the file.
 * @throws {RangeError} If a name or id holds a tab or line end.
 *
 * @example Usage
 * ```ts
 * import { formatDecisions, parseDecisions } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const row = {
 *   decision: "positive" as const, task: "nq", query: "q1", passage: "p7",
 *   score: 0.9, positiveScore: 0.8,
 *   queryText: "who wrote Emma?", positiveText: "Emma, by Jane Austen", passageText: "Austen's Emma",
 * };
 * assert.deepEqual(parseDecisions(formatDecisions([row])), [row]);
 * ```
 */
export function formatDecisions(rows: Iterable<DecisionRow>): string {
  const lines = [COLUMNS.join("\t")];
  for (const row of rows) {
    for (const key of ["task", "query", "passage"] as const) {
      checkColumn(key, row[key]);
    }
    lines.push(
      COLUMNS.map((name) =>
        quoted(
          name.endsWith("Text")
            ? row[name as "queryText"].replace(/\s+/g, " ")
            : `${row[name]}`,
        )
      ).join("\t"),
    );
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Reads what {@linkcode formatDecisions} wrote and a person edited.
 *
 * @param text The text of the file.
 * @param path Its name, for messages.
 * @returns The pairs.
 * @throws {SyntaxError} If a line isn't one; the message names it.
 *
 * @example Usage
 * ```ts
 * import { parseDecisions } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const [row] = parseDecisions("decision\ttask\tquery\tpassage\nnegative\tnq\tq1\tp7\n");
 * assert.equal(row!.decision, "negative");
 * ```
 */
export function parseDecisions(
  text: string,
  path = "decisions",
): DecisionRow[] {
  const [head = "", ...lines] = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const columns = head.split("\t").map(unquoted);
  for (const needed of COLUMNS.slice(0, 4)) {
    if (!columns.includes(needed)) {
      throw new SyntaxError(
        `Cannot read ${path}:1: the header must name the column "${needed}", columns separated by tabs: got ${
          JSON.stringify(head)
        }`,
      );
    }
  }
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const cells = line.split("\t").map(unquoted);
    const cell = (name: string) => cells[columns.indexOf(name)] ?? "";
    const decision = cell("decision").trim().toLowerCase();
    if (!DECISIONS.includes(decision)) {
      throw new SyntaxError(
        `Cannot read ${path}:${
          i + 2
        }: decision must be positive, negative, doubtful, or empty: got ${
          JSON.stringify(cell("decision"))
        }`,
      );
    }
    for (const name of ["task", "query", "passage"]) {
      if (cell(name) !== "") continue;
      throw new SyntaxError(
        `Cannot read ${path}:${i + 2}: ${name} must not be empty`,
      );
    }
    const row = Object.fromEntries(
      COLUMNS.map((name) => [name, cell(name)]),
    ) as unknown as DecisionRow;
    return [{
      ...row,
      decision: decision as DecisionRow["decision"],
      score: Number(cell("score")),
      positiveScore: Number(cell("positiveScore")),
    }];
  });
}

/** A cell that begins with a quote would be taken for a quoted one. */
function quoted(cell: string): string {
  return cell.startsWith('"') ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Spreadsheets put quotes around cells that hold some. */
function unquoted(cell: string): string {
  return /^".*"$/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}

/**
 * The decisions on one task's pairs, as mining takes them; undecided pairs are
 * left out.
 *
 * @param rows Pairs of any tasks; of two lines for a pair, the last one counts.
 * @param task Name of the task.
 * @returns Query id → passage id → decision.
 *
 * @example Usage
 * ```ts
 * import { decisionsOf, parseDecisions } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const rows = parseDecisions("decision\ttask\tquery\tpassage\nnegative\tnq\tq1\tp7\n");
 * assert.equal(decisionsOf(rows, "nq").get("q1")!.get("p7"), "negative");
 * assert.equal(decisionsOf(rows, "msmarco").size, 0);
 * ```
 */
export function decisionsOf(
  rows: Iterable<DecisionRow>,
  task: string,
): Decisions {
  const decisions = new Map<string, Map<string, Decision>>();
  for (const { decision, task: of, query, passage } of rows) {
    if (of !== task || decision === "") continue;
    const list = decisions.get(query) ?? new Map<string, Decision>();
    decisions.set(query, list.set(passage, decision));
  }
  return decisions;
}
