import { normaliseText } from "../../base/texts/normalise_text.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import { SPLITS } from "../types.ts";
import type { Task } from "../types.ts";
import type { TaskFinding } from "./finding.ts";

/** How many texts of a task occur how often. */
export interface TextCopies {
  /** Name of the task. */
  task: string;
  /** What the texts are. */
  kind: "queries" | "passages";
  /** How many times each of these texts occurs. */
  copies: number;
  /** How many different texts occur that often. */
  texts: number;
}

/** Ids by what their text comes down to; ids without text stand under `""`. */
type Groups = Map<string, string[]>;

/** Texts that are empty or come more than once. */
export function checkTexts(
  task: Task,
): { findings: TaskFinding[]; copies: TextCopies[] } {
  const passages = group(
    [...task.corpus.values()].map((p) => [p.id, passageText(p)]),
    squeeze,
  );
  const queries = group(
    [...task.queries.values()].map((q) => [q.id, q.text]),
    normaliseText,
  );
  const findings = emptyTexts(task, { queries, passages });
  passages.delete("");
  queries.delete("");
  findings.push(
    ...repeatedTexts(task, passages),
    ...misleadingCopies(task, passages),
  );
  return {
    findings,
    copies: [
      ...tally(task.name, "queries", queries),
      ...tally(task.name, "passages", passages),
    ],
  };
}

function emptyTexts(
  task: Task,
  { queries, passages }: { queries: Groups; passages: Groups },
): TaskFinding[] {
  const emptyQueries = queries.get("") ?? [];
  const emptyPassages = passages.get("") ?? [];
  return [
    {
      severity: "problem",
      check: "empty-query",
      count: emptyQueries.length,
      of: task.queries.size,
      examples: emptyQueries,
      message: "queries without text; remove them",
    },
    {
      severity: "problem",
      check: "empty-passage",
      count: emptyPassages.length,
      of: task.corpus.size,
      examples: emptyPassages,
      message: "passages without text or title; remove them",
    },
  ];
}

function repeatedTexts(task: Task, passages: Groups): TaskFinding[] {
  const repeatedPassages = repeated(passages);
  const repeatedQueries = SPLITS.flatMap((split) =>
    repeated(group(
      [...task.qrels[split]?.keys() ?? []].flatMap((id) => {
        const text = task.queries.get(id)?.text.trim();
        return text ? [[id, text] as const] : [];
      }),
      normaliseText,
    ))
  );
  return [
    {
      severity: "note",
      check: "repeated-query",
      count: repeatedQueries.length,
      of: countJudged(task),
      examples: repeatedQueries,
      message:
        "queries that repeat an earlier one of their split, but for case and punctuation",
    },
    {
      severity: "note",
      check: "repeated-passage",
      count: repeatedPassages.length,
      of: task.corpus.size,
      examples: repeatedPassages,
      message: "passages that repeat an earlier one word by word",
    },
  ];
}

/** Copies that make a search look worse than it is. */
function misleadingCopies(task: Task, passages: Groups): TaskFinding[] {
  const copied = unjudgedCopies(task, passages);
  const asPassages = group(
    [...task.queries.values()].map((q) => [q.id, q.text]),
    squeeze,
  );
  const same = [...asPassages].filter(([text]) => passages.has(text))
    .flatMap(([, ids]) => ids);
  return [
    {
      severity: "note",
      check: "unjudged-copy",
      count: copied.length,
      of: countJudged(task),
      examples: copied,
      message:
        "queries for which a copy of a relevant passage is not judged relevant: finding it counts as an error",
    },
    {
      severity: "note",
      check: "query-is-passage",
      count: same.length,
      of: task.queries.size,
      examples: same,
      message:
        "queries that are also a passage; where that isn't the answer, it will still be found first",
    },
  ];
}

/** Judged queries, those of several splits counted in each. */
function countJudged({ qrels }: Task): number {
  return Object.values(qrels).reduce((sum, { size }) => sum + size, 0);
}

function group(
  texts: readonly (readonly [id: string, text: string])[],
  form: (text: string) => string,
): Groups {
  const groups: Groups = new Map();
  for (const [id, text] of texts) {
    const key = form(text);
    const ids = groups.get(key);
    if (ids) ids.push(id);
    else groups.set(key, [id]);
  }
  return groups;
}

/**
 * Passages count as copies only if they are the same but for blanks: of code,
 * case and punctuation are the half.
 */
function squeeze(text: string): string {
  return text.normalize("NFC").replace(/\s+/gu, " ").trim();
}

/** All ids but the first of each text. */
function repeated(groups: Groups): string[] {
  return [...groups.values()].flatMap((ids) => ids.slice(1));
}

/** Queries of which a relevant passage has a copy that isn't relevant. */
function unjudgedCopies(task: Task, passages: Groups): string[] {
  const twins = new Map<string, string[]>();
  for (const ids of passages.values()) {
    if (ids.length > 1) { for (const id of ids) twins.set(id, ids); }
  }
  const found: string[] = [];
  for (const split of SPLITS) {
    for (const [query, grades] of task.qrels[split] ?? []) {
      const missed = [...grades].some(([passage, grade]) =>
        grade > 0 &&
        twins.get(passage)?.some((twin) => (grades.get(twin) ?? 0) <= 0)
      );
      if (missed) found.push(query);
    }
  }
  return found;
}

function tally(
  task: string,
  kind: TextCopies["kind"],
  groups: Groups,
): TextCopies[] {
  const counts = new Map<number, number>();
  for (const { length } of groups.values()) {
    counts.set(length, (counts.get(length) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b)
    .map(([copies, texts]) => ({ task, kind, copies, texts }));
}
