import { printable } from "./printable.ts";

/** What is wrong with a line; zod's issues have this form. */
export interface LineIssue {
  /** Sort of problem; `"invalid_type"` is the one that has `expected`. */
  code?: string;
  /** Where in the line. */
  path: readonly PropertyKey[];
  /** What is wrong, in words. */
  message: string;
  /** The type wanted. */
  expected?: string;
}

/** The first problem that zod found, with the value in question, in one line. */
export function describeIssue(
  issue: LineIssue,
  value: unknown,
): string {
  const at = issue.path.reduce<unknown>(
    (v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const field = issue.path
    .map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`)
    .join("").replace(/^\./, "") || "the line";
  const wanted = issue.code !== "invalid_type"
    ? issue.message
    : at === undefined
    ? `is missing (${kindOf(issue.expected ?? "value")})`
    : `must be ${kindOf(issue.expected ?? "value")}`;
  return `${field} ${wanted}${at === undefined ? "" : `: got ${show(at)}`}`;
}

function kindOf(expected: string): string {
  return expected === "object"
    ? "an object"
    : expected === "array"
    ? "a list"
    : `a ${expected}`;
}

function show(value: unknown): string {
  const text = printable(
    JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}` : v) ??
      String(value),
  );
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
