import { findNearQueries } from "../clean/find_near_queries.ts";
import { normaliseText } from "../../base/texts/normalise_text.ts";
import type { Suite, Task } from "../types.ts";
import { checkJudgments } from "./check_judgments.ts";
import { checkTexts, type TextCopies } from "./check_texts.ts";
import { CHECKS, type Finding, type TaskFinding } from "./finding.ts";
import { scriptShares, scriptsOf } from "./script_shares.ts";
import {
  type LengthSummary,
  summariseLengths,
  textLengths,
  textsOf,
} from "./text_lengths.ts";

export type { TextCopies };

/** Options of {@linkcode checkSuite}. */
export interface CheckSuiteOptions {
  /** Length of a text, e.g. in tokens. @default characters (UTF-16 units) */
  lengthOf?: (text: string) => number;
  /** Length at which a model will cut texts. @default none */
  limit?: number;
  /**
   * Tasks that lie in the suite's folder but aren't of the suite, as
   * {@linkcode unlistedTasks} finds them. @default none
   */
  unlisted?: readonly string[];
  /**
   * By task, its training queries that will get no hard negative, as
   * `bareQueries()` of `@tdro/tdro/search` finds them. @default none
   */
  bare?: ReadonlyMap<string, readonly string[]>;
}

/** Scripts of a task's texts; see {@linkcode scriptShares}. */
export interface TaskScripts {
  /** Name of the task. */
  task: string;
  /** Script name → share, of the queries. */
  queries: Record<string, number>;
  /** Script name → share, of the passages. */
  passages: Record<string, number>;
}

/** What {@linkcode checkSuite} found. */
export interface SuiteCheck {
  /** Name of the suite. */
  suite: string;
  /** How many findings are problems. */
  problems: number;
  /** How many are notes. */
  notes: number;
  /** Problems first, then by task and kind. */
  findings: Finding[];
  /** Lengths of queries and passages of each task. */
  lengths: LengthSummary[];
  /** How many texts occur how often. */
  copies: TextCopies[];
  /** Scripts of each task. */
  scripts: TaskScripts[];
}

/** Letters of scripts that the language doesn't have, from which on it's told. */
const FOREIGN = 0.2;
/** Share of cut texts from which on it's told. */
const CUT = 0.05;

/**
 * Looks a suite over before it is trained on or tested with: judgments that
 * point nowhere, empty texts, training queries that stand in a test or
 * development split (of any task; the same text, or nearly the same letters by
 * SimHash), repetitions, copies of relevant passages that aren't judged, missing
 * splits and prompts, scripts that the stated language isn't written in, texts
 * that a model will cut.
 *
 * @param suite The tasks; `openSuite(folder, { dangling: true })` reads also those
 * whose judgments point nowhere.
 * @param options How texts are measured.
 * @returns Findings, lengths, copies and scripts as plain rows.
 *
 * @example Usage
 * ```ts
 * import { checkSuite, taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const task = await taskFromRows([
 *   { split: "train", query: "Opening hours", passage: "At nine." },
 *   { split: "test", query: "opening hours?", passage: "From nine to five." },
 * ]);
 * const { problems, findings } = checkSuite({ name: "demo", tasks: [task] });
 * assert.equal(problems, 1);
 * assert.equal(findings[0]!.check, "leak");
 * ```
 */
export function checkSuite(
  suite: Suite,
  { lengthOf, limit, unlisted = [], bare }: CheckSuiteOptions = {},
): SuiteCheck {
  const lengths = summariseLengths(textLengths(suite, { lengthOf }), limit);
  const copies: TextCopies[] = [];
  const scripts: TaskScripts[] = [];
  const findings: Finding[] = [...unlisted.map(left), ...leaks(suite)];
  for (const task of suite.tasks) {
    const texts = checkTexts(task);
    const written = scriptsOfTask(task);
    copies.push(...texts.copies);
    scripts.push(written);
    const found = [
      ...checkJudgments(task),
      ...checkBare(task, bare?.get(task.name) ?? []),
      ...texts.findings,
      ...checkScripts(task, written),
      ...checkLengths(lengths.filter((row) => row.task === task.name)),
      ...checkInfo(task),
    ];
    findings.push(
      ...found.filter(({ count }) => count > 0).map(withTask(task)),
    );
  }
  const rank = ({ severity, check }: Finding) =>
    (severity === "problem" ? 0 : CHECKS.length) + CHECKS.indexOf(check);
  findings.sort((a, b) => rank(a) - rank(b));
  const problems = findings.filter((f) => f.severity === "problem").length;
  return {
    suite: suite.name,
    problems,
    notes: findings.length - problems,
    findings,
    lengths,
    copies,
    scripts,
  };
}

/** What is to be known of a folder that the suite's list leaves out. */
function left(task: string): Finding {
  const name = JSON.stringify(task);
  return {
    task,
    severity: "note",
    check: "unlisted",
    count: 1,
    of: 1,
    message:
      `its folder is here, but suite.json doesn't list it, so it is left out; add ${name} to "tasks" there`,
    examples: [],
  };
}

/** What is to be known of queries that can't be trained on as they are. */
function checkBare(task: Task, queries: readonly string[]): TaskFinding[] {
  return [{
    severity: "note",
    check: "no-hard-negative",
    count: queries.length,
    of: task.qrels.train?.size ?? 0,
    message:
      "training queries get no hard negative: all other passages answer them, read like an answer, or score too near one; training leaves them out, or takes positives of other queries (--bare-queries in-batch)",
    examples: queries,
  }];
}

/** Adds the task's name to a finding, and keeps three examples. */
function withTask(task: Task): (finding: TaskFinding) => Finding {
  return ({ examples = [], ...finding }) => ({
    task: task.name,
    ...finding,
    examples: examples.slice(0, 3),
  });
}

/** Training queries that are to be tested with. */
function leaks(suite: Suite): Finding[] {
  const byTask = new Map<string, { leak: string[]; "near-leak": string[] }>();
  for (const { task, text, near } of findNearQueries(suite)) {
    const key = normaliseText(text);
    const twin = near.find((other) => normaliseText(other.text) === key);
    let ofTask = byTask.get(task);
    if (!ofTask) byTask.set(task, ofTask = { leak: [], "near-leak": [] });
    const { task: other, split, text: otherText } = twin ?? near[0]!;
    const where = other === task ? split : `${split} of ${other}`;
    ofTask[twin ? "leak" : "near-leak"].push(
      twin
        ? `${clip(text)} (${where})`
        : `${clip(text)} ~ ${clip(otherText)} (${where})`,
    );
  }
  return suite.tasks.flatMap((task) => {
    const ofTask = byTask.get(task.name);
    const of = task.qrels.train?.size ?? 0;
    return (["leak", "near-leak"] as const).flatMap((check) => {
      const examples = ofTask?.[check] ?? [];
      return examples.length === 0 ? [] : [
        withTask(task)({
          // Near texts may ask different things: a person must look at them.
          severity: check === "leak" ? "problem" : "note",
          check,
          count: examples.length,
          of,
          examples,
          message: `training queries that ${
            check === "leak" ? "stand" : "nearly stand"
          } in a dev or test split; tdro data clean removes them`,
        }),
      ];
    });
  });
}

function clip(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 50 ? `${line.slice(0, 47)}...` : line;
}

function scriptsOfTask(task: Task): TaskScripts {
  const shares = (kind: "queries" | "passages") =>
    Object.fromEntries(scriptShares([...textsOf(task, kind)]));
  return {
    task: task.name,
    queries: shares("queries"),
    passages: shares("passages"),
  };
}

function checkScripts(task: Task, written: TaskScripts): TaskFinding[] {
  const expected = scriptsOf([task.language].flat());
  if (!expected) return [];
  return (["queries", "passages"] as const).flatMap((kind) => {
    const foreign = Object.entries(written[kind])
      .filter(([script]) => !expected.has(script));
    const share = foreign.reduce((sum, [, part]) => sum + part, 0);
    return share < FOREIGN ? [] : [{
      severity: "note" as const,
      check: "script" as const,
      count: Math.round(100 * share),
      of: 100,
      message: `per cent of the letters of the ${kind} are ${
        foreign.map(([script]) => script).join(", ")
      }, which language ${
        [task.language].flat().join(", ")
      } isn't written in; mend "language" in task.json if it's wrong`,
    }];
  });
}

function checkLengths(lengths: readonly LengthSummary[]): TaskFinding[] {
  return lengths.filter(({ cut = 0 }) => cut > CUT).map((row) => ({
    severity: "note",
    check: "long-text",
    count: Math.round(row.cut! * row.count),
    of: row.count,
    message: `${row.kind} are longer than the limit and will be cut`,
  }));
}

function checkInfo(task: Task): TaskFinding[] {
  const findings: TaskFinding[] = [];
  if (task.prompt === "") {
    findings.push({
      severity: "note",
      check: "no-prompt",
      count: 1,
      of: 1,
      message:
        'no prompt: instruction-tuned models want one; put it as "prompt" into task.json',
    });
  }
  if (["", "unstated"].includes(task.license)) {
    findings.push({
      severity: "note",
      check: "no-license",
      count: 1,
      of: 1,
      message: 'no licence is stated; put it as "license" into task.json',
    });
  }
  return findings;
}
