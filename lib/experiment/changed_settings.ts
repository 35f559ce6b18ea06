import type { RunIdentity } from "./run_folder.ts";

/** Settings that a run may go on with others of. */
const CHANGEABLE = [
  "learningRate",
  "warmup",
  "weightDecay",
  "hiddenDropout",
  "precision",
  "checkpointing",
  "chunkTokens",
  "scoreMb",
  "checkpointEvery",
];

/** What a run is beside its settings, in words. */
const PARTS = {
  suite: "the suite",
  backend: "the backend",
  mined: "the folder of hard negatives",
  pool: "the pool that is evaluated on",
};

/** Settings of an unfinished run that were changed: from what, to what, when. */
export interface SettingsChange {
  /** ISO 8601. */
  date: string;
  /** Values before; absent where there was none. */
  from: Record<string, unknown>;
  /** Values since. */
  to: Record<string, unknown>;
}

/**
 * What changes if an unfinished run goes on as another says.
 *
 * @param before The run.
 * @param now The other.
 * @throws {RangeError} If something changes that must not during a run.
 */
export function changedSettings(
  before: RunIdentity,
  now: RunIdentity,
): SettingsChange {
  const change: SettingsChange = {
    date: new Date().toISOString(),
    from: {},
    to: {},
  };
  const differs = (a: unknown, b: unknown) =>
    JSON.stringify(a) !== JSON.stringify(b);
  const changed: string[] = [];
  for (const part of ["suite", "backend", "mined", "pool"] as const) {
    if (differs(before[part], now[part])) changed.push(PARTS[part]);
  }
  const [old, young] = [before.options, now.options].map((options) =>
    new Map<string, unknown>(Object.entries(options))
  ) as [Map<string, unknown>, Map<string, unknown>];
  for (const name of new Set([...old.keys(), ...young.keys()])) {
    if (!differs(old.get(name), young.get(name))) continue;
    changed.push(name);
    if (old.has(name)) change.from[name] = old.get(name);
    if (young.has(name)) change.to[name] = young.get(name);
  }
  const fixed = changed.find((name) => !CHANGEABLE.includes(name));
  if (fixed === undefined) return change;
  throw new RangeError(
    `Cannot resume in ${now.options.out}: ${fixed} is another one than the run began with; --force-settings can change only ${
      CHANGEABLE.join(", ")
    }`,
  );
}

/** A sentence on each change, for the verdict. */
export function changeSentences(changes: readonly SettingsChange[]): string[] {
  return changes.map(({ from, to }) => {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    const list = names.map((name) =>
      `${name} from ${from[name] ?? "its default"} to ${
        to[name] ?? "its default"
      }`
    );
    return `Settings were changed while the run was unfinished (${
      list.join(", ")
    }): its retrievers were not all trained alike.`;
  });
}
