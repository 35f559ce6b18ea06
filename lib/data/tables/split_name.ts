import type { SplitName } from "../types.ts";

const NAMES: Record<string, SplitName> = {
  train: "train",
  training: "train",
  dev: "dev",
  development: "dev",
  val: "dev",
  valid: "dev",
  validation: "dev",
  eval: "dev",
  test: "test",
  testing: "test",
};

/** The split that a word stands for; `undefined` if for none. */
export function splitOf(word: string): SplitName | undefined {
  const key = word.trim().toLowerCase();
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
}

/** The word in a path that names a split: the last of `data/train-00000.parquet`. */
export function splitOfName(path: string): string | undefined {
  return path.split(/[/._\-\s]+/).findLast((word) => splitOf(word));
}

/** The words that name splits, for messages. */
export const SPLIT_WORDS: string = Object.keys(NAMES).join(", ");
