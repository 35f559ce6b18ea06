import type { SplitName } from "../types.ts";

/** The words that name a split, by the name that the data sets library gives it. */
const WORDS: Record<string, readonly string[]> = {
  train: ["train", "training"],
  validation: ["validation", "valid", "dev", "val"],
  test: ["test", "testing", "eval", "evaluation"],
};

/** The library's names → ours. */
const OURS: Record<string, SplitName> = {
  train: "train",
  validation: "dev",
  test: "test",
};

const BY_WORD = new Map<string, SplitName>(
  Object.entries(WORDS).flatMap(([name, words]) =>
    words.map((word) => [word, OURS[name]!] as const)
  ),
).set("development", "dev");

/** The split that a word stands for, all of it; `undefined` if for none. */
export function splitOf(word: string): SplitName | undefined {
  return BY_WORD.get(word.trim().toLowerCase());
}

/**
 * The splits that a file's or folder's name speaks of, by the rule of the data sets
 * library: one of its words, between its ends, `-._`, blanks and digits.
 *
 * @returns Names as the library gives them; most names speak of one or none.
 */
export function splitsInName(name: string): string[] {
  const parts = name.toLowerCase().split(/[-._ 0-9]+/);
  return Object.keys(WORDS).filter((split) =>
    WORDS[split]!.some((word) => parts.includes(word))
  );
}

/** The words that name splits, for messages. */
export const SPLIT_WORDS: string = [...BY_WORD.keys()].join(", ");
