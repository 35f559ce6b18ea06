import { printable } from "../../base/printable.ts";

/** Longest name, in bytes: a file system takes 255, and files add endings. */
const MOST_BYTES = 200;

/**
 * Why a text can't be the name of a task, which names folders and files
 * (`<task>.jsonl`, in no other folder) and stands in tables; `undefined` if it can.
 */
export function taskNameProblem(name: string): string | undefined {
  const bytes = new TextEncoder().encode(name).length;
  const problem = name === ""
    ? "not be empty"
    : name.startsWith(".") || /[/\\]/.test(name)
    ? "hold no slash and begin with no dot"
    : printable(name) !== name
    ? "hold no control character"
    : bytes > MOST_BYTES
    ? `have at most ${MOST_BYTES} bytes (it has ${bytes})`
    : undefined;
  return problem && `must ${problem} to serve as a folder's name`;
}

/** The same for two names that some file system takes for one. */
export function fileKey(name: string): string {
  // Upper case, composed letters, and dots and blanks at the end.
  return name.normalize("NFC").toLowerCase().replace(/[. ]+$/, "");
}

/** Throws at names under which tasks can't lie in one folder, beside its files. */
export function checkTaskNames(
  names: readonly string[],
  files: readonly string[] = [],
): void {
  const taken = new Set(files.map(fileKey));
  const seen = new Set<string>();
  for (const name of names) {
    const problem = taskNameProblem(name);
    const key = fileKey(name);
    const why = problem !== undefined
      ? `the name ${problem}; rename the task`
      : taken.has(key)
      ? "a file of the suite has the name; rename the task"
      : seen.has(key)
      ? "another task has the name, or one that some file systems take for it (by case, accents, or a dot or blank at the end)"
      : undefined;
    if (why !== undefined) {
      throw new RangeError(`Cannot write task ${JSON.stringify(name)}: ${why}`);
    }
    seen.add(key);
  }
}
