/** Jobs that are one command line, but for a number. */
export interface ArrayWork {
  /** Its name: lower-case letters, digits and hyphens. */
  name: string;
  /** Folder in which the line works, as the machines know it. */
  cwd: string;
  /** The line: `{index}` is a job's number from 0, `{shard}` as in `1/8`. */
  line: string;
  /** How many jobs there are. */
  count: number;
  /** Their numbers, in groups: each needs nothing but those before it. */
  waves: readonly (readonly number[])[];
  /** A line for when all are done. */
  last?: string | undefined;
  /** Folder of the wrapper, relative to `cwd`. */
  folder: string;
}

/** A file that hands the jobs to a scheduler. */
export interface WrapperFile {
  /** Its name. */
  name: string;
  /** Its content. */
  text: string;
  /** Whether it is a program. @default {false} */
  isProgram?: boolean;
}

/** What a wrapper is. */
export interface Wrapper {
  /** Its files. */
  files: WrapperFile[];
  /** The line that starts everything, from `cwd`. */
  start: string;
  /** What must be there, a sentence each. */
  needs: string[];
}

/** The line as a shell runs it, with the number in the variable `INDEX`. */
export function shellLine({ line, count }: ArrayWork): string {
  return line.replaceAll("{index}", "${INDEX}")
    .replaceAll("{shard}", `$((INDEX + 1))/${count}`);
}

/** Numbers as schedulers take them: `0-3,7`. */
export function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && n === last[1] + 1) last[1] = n;
    else parts.push([n, n]);
  }
  return parts.map(([a, b]) => a === b ? `${a}` : `${a}-${b}`).join(",");
}

/** How YAML is written: as people do, without anchors or broken lines. */
export const YAML = { aliasDuplicateObjects: false, lineWidth: 0 } as const;
