/** Kind of a finding. */
export type CheckName =
  | "unlisted"
  | "absent-query"
  | "absent-passage"
  | "empty-query"
  | "empty-passage"
  | "leak"
  | "near-leak"
  | "no-train"
  | "no-test"
  | "few-test"
  | "no-positive"
  | "no-hard-negative"
  | "unjudged-query"
  | "repeated-query"
  | "repeated-passage"
  | "unjudged-copy"
  | "query-is-passage"
  | "script"
  | "long-text"
  | "no-prompt"
  | "no-license";

/** Kinds of findings, in the order in which they are told. */
export const CHECKS: readonly CheckName[] = [
  "unlisted",
  "absent-query",
  "absent-passage",
  "empty-query",
  "empty-passage",
  "leak",
  "near-leak",
  "no-train",
  "no-test",
  "few-test",
  "no-positive",
  "no-hard-negative",
  "unjudged-query",
  "repeated-query",
  "repeated-passage",
  "unjudged-copy",
  "query-is-passage",
  "script",
  "long-text",
  "no-prompt",
  "no-license",
];

/** Something about a task that one should know or mend before using it. */
export interface Finding {
  /** Name of the task. */
  task: string;
  /** A problem makes results wrong; a note is something to know. */
  severity: "problem" | "note";
  /** Kind of finding. */
  check: CheckName;
  /** How many are concerned. */
  count: number;
  /** Out of how many. */
  of: number;
  /** What was found, in words, and what can be done. */
  message: string;
  /** Up to three ids or texts. */
  examples: string[];
}

/** What a check gives; the task's name is added later. */
export type TaskFinding = Omit<Finding, "task" | "examples"> & {
  examples?: readonly string[];
};
