/** Keys of files as they were written once, and what they are called today. */
const KEYS: Readonly<Record<string, string>> = {
  top70: "top", // whatever share of the tasks it was
  other_weight: "otherWeight",
  data_used: "dataUsed",
  rows_seen: "rowsSeen",
  top_percent: "topPercent",
};

/** Today's name of an arm, a stage or a key; most have never had another. */
export function nameOfToday(name: string): string {
  return Object.hasOwn(KEYS, name) ? KEYS[name]! : name;
}

/** What stands before queries, which was once told by yes or no. */
export function promptsOfToday(prompts: unknown): unknown {
  return typeof prompts === "boolean" ? (prompts ? "task" : "none") : prompts;
}

/** How stage 1 drew the tasks of a batch before there was a choice. */
export const EARLIER_WEIGHT_DRAW = "independent";

/** A value read from JSON with today's keys at every depth. */
export function withNamesOfToday(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNamesOfToday);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map((
      [name, held],
    ) => [nameOfToday(name), withNamesOfToday(held)]),
  );
}
