import { join } from "node:path";
import type { Backend } from "../backend/mod.ts";
import { hashFile } from "../base/files/hash_file.ts";
import { DamageError } from "../base/files/checksums.ts";
import { isFile } from "../base/files/exists.ts";
import { hasFiles } from "../base/files/has_files.ts";
import { writeJson } from "../base/files/json_file.ts";
import { readTextIfThere } from "../base/files/read_text.ts";
import type { Suite, Task } from "../data/mod.ts";
import {
  type OpenLengths,
  recordedLengths,
  type SettledOptions,
} from "./settled_lengths.ts";
import type { TextLengths } from "./stages/cut_texts.ts";
import { jsonValue } from "../base/json_value.ts";
import { changedSettings, type SettingsChange } from "./changed_settings.ts";
import type { PoolOrigin } from "./stages/pooled_test.ts";
import type { MinedOrigin } from "./mined_folder.ts";
import { folderOf } from "./folder_name.ts";
import { settingsOfToday } from "./earlier_options.ts";
import { clearFolder, dropReplaced } from "./replaced.ts";

/** What a run is: enough to tell whether another one is the same. */
export interface RunIdentity {
  /** All settings. */
  options: SettledOptions;
  /** Name, tasks and content hash of the suite. */
  suite: { name: string; tasks: string[]; sha256: string };
  /** What computed it. */
  backend: { name: string; device: string };
  /** Where its hard negatives come from, if it doesn't mine them itself. */
  mined?: MinedOrigin | undefined;
  /** What its arms are evaluated on, if it isn't whole corpora. */
  pool?: PoolOrigin | undefined;
}

/** The content of `run.json`. */
export interface RunRecord extends RunIdentity {
  /** Form of this record. */
  format: "tdro-run/1";
  /** Whether it came to its end. */
  status: "running" | "finished";
  /** When it started, ISO 8601. */
  started: string;
  /**
   * Lengths that hold, and what they cut; absent from runs of an earlier version,
   * and until the run begins.
   */
  lengths?: TextLengths;
  /** Seconds of each stage that is finished. */
  seconds: Record<string, number>;
  /** Versions of what computed it. */
  versions: Record<string, string>;
  /**
   * How many processes computed it together, each time that it was gone on with by
   * another number of them; absent where it was always one.
   */
  workers?: number[];
  /** What changed since the run began, with `--force-settings`. */
  changes?: SettingsChange[];
  /** When finished: SHA-256 of its files by name; what folders hold has its own. */
  files?: Record<string, string>;
}

/** Name of the record in a run's folder. */
const RECORD = "run.json";

/**
 * Everything that a run writes, the record first; a run that starts over removes
 * these alone.
 */
const CONTENT = [
  "run.json",
  "metrics.jsonl",
  "dev.jsonl",
  "weights.json",
  "eval.json",
  "summary.json",
  "report.html",
  "checkpoints",
  "models",
  "tokenizer",
  "weights",
  "weights_by_seed",
  "negatives.json",
  "towers.json",
  "vectors",
  "tasks.json",
];

/** What {@linkcode withFolder} must know. */
export interface WithFolderOptions extends FolderPermissions {
  /** Lengths that were left out. @default {none} */
  open?: OpenLengths;
}

/**
 * The run with the folder that its `out` stands for, see {@linkcode folderOf}, and
 * with the lengths of the run in there where they were left out.
 *
 * @param identity The run.
 * @param options With `forceSettings` the folder must be named.
 */
export async function withFolder<Run extends RunIdentity>(
  identity: Run,
  { force, forceSettings = false, open }: WithFolderOptions = {},
): Promise<Run> {
  if (forceSettings && identity.options.out.includes("{n}")) {
    throw new RangeError(
      "Cannot resume with other settings: --force-settings needs the run's " +
        "folder with --out",
    );
  }
  const at = async (out: string): Promise<Run> => {
    const options = { ...identity.options, out };
    const lengths = open && await lengthsIn(out, { force, open });
    const same = { ...identity, options: { ...options, ...lengths } };
    const goesOn = await openRunFolder(same, { forceSettings })
      .then(({ state }) => state !== "new", () => false);
    return goesOn ? same : { ...identity, options };
  };
  const out = await folderOf(identity.options.out, {
    suite: identity.suite.name,
    holdsSame: async (folder) =>
      await openRunFolder(await at(folder)).then(
        ({ state }) => state !== "new",
        () => false, // another run, or none
      ),
  });
  return await at(out);
}

/** Lengths that the run in a folder goes on with. */
async function lengthsIn(
  folder: string,
  { force, open }: Pick<WithFolderOptions, "force"> & { open: OpenLengths },
) {
  const before = await readRecord<RunRecord>(folder, RECORD, "run")
    .catch(() => undefined); // damaged: said when it is opened
  if (!before?.options || (force && before.status === "finished")) return {};
  return recordedLengths({ ...before.options }, open, {
    earlier: before.lengths === undefined,
  });
}

/** What may be done to a run that is in the folder. */
export interface FolderPermissions {
  /**
   * Whether it may be replaced; a finished one is kept until this one is whole.
   * @default {false}
   */
  force?: boolean | undefined;
  /**
   * Whether it may go on, unfinished, with another learning rate, warm-up, weight
   * decay, dropout, precision, or other settings for memory and checkpoints. The
   * change is recorded, and told in the result. @default {false}
   */
  forceSettings?: boolean | undefined;
}

/** What a run's folder holds. */
export type FolderState = "new" | "unfinished" | "finished";

/**
 * Looks whether a run may have its folder: a new one, an unfinished run of the
 * same identity to go on with, or a finished one, whose result then counts.
 * Changes nothing; {@linkcode beginRun} does.
 *
 * @param identity The run.
 * @param options `versions` for a new record, and what may be done.
 * @throws {RangeError} If the folder holds something else.
 */
export async function openRunFolder(
  identity: RunIdentity,
  { versions = {}, force = false, forceSettings = false }: {
    versions?: Record<string, string>;
  } & FolderPermissions = {},
): Promise<{ record: RunRecord; state: FolderState }> {
  const folder = identity.options.out;
  let before = await readRecord<RunRecord>(folder, RECORD, "run");
  if (before !== undefined) {
    checkRecord(before, join(folder, RECORD));
    const options = settingsOfToday(before.options, asJson(identity.options));
    // Its folder may have been moved, or be named in another way.
    before = { ...before, options: { ...options, out: folder } };
  } else if (await hasFiles(folder)) {
    throw new RangeError(
      `Cannot write to ${folder}: it contains files that don't belong to a ` +
        "run; choose another folder with --out",
    );
  }
  const difference = before && firstDifference(asJson(identity), {
    options: before.options,
    suite: before.suite,
    backend: before.backend,
    mined: before.mined,
    pool: before.pool,
  });
  if (before && !difference) {
    const finished = before.status === "finished";
    if (!finished) return { record: before, state: "unfinished" };
    if (!force) return { record: before, state: "finished" };
  }
  if (before?.status === "running" && forceSettings) {
    const change = changedSettings(before, asJson(identity));
    const changes = [...before.changes ?? [], change];
    const record = { ...before, options: asJson(identity.options), changes };
    return { record, state: "unfinished" };
  }
  if (before && !force) {
    const which = before.status === "finished" ? "a finished" : "an unfinished";
    throw new RangeError(
      `Cannot write to ${folder}: it holds ${which} run with other ` +
        `settings (${difference}); choose another folder with --out, or ` +
        "replace it with --force",
    );
  }
  const record: RunRecord = {
    format: "tdro-run/1",
    status: "running",
    ...asJson(identity),
    started: new Date().toISOString(),
    seconds: {},
    versions,
  };
  return { record, state: "new" };
}

function checkRecord(record: Partial<RunRecord>, path: string): void {
  if (
    record?.format === "tdro-run/1" && record.options && record.suite &&
    (record.status === "running" || record.status === "finished")
  ) return;
  throw new SyntaxError(
    `${path}:1: Cannot read the run: the record is damaged; choose another ` +
      "folder with --out, or remove this one",
  );
}

/**
 * Puts aside what an earlier run left in the folder, and writes `run.json`. An
 * earlier run that was finished is kept until {@linkcode finishRun}.
 */
export async function beginRun(record: RunRecord): Promise<void> {
  const { out } = record.options;
  const before = await readRecord<RunRecord>(out, RECORD, "run");
  await clearFolder(out, CONTENT, { keep: before?.status === "finished" });
  await writeRecord(record);
}

/** Writes that a run is finished; what it replaced goes. */
export async function finishRun(record: RunRecord): Promise<void> {
  const { out } = record.options;
  record.files = {};
  for (const name of CONTENT) {
    const path = join(out, name);
    // The record holds the hashes; the page may be written anew.
    if (name === RECORD || !/\.jsonl?$/.test(name)) continue;
    if (!await isFile(path)) continue;
    record.files[name] = (await hashFile(path)).sha256;
  }
  record.status = "finished";
  await writeRecord(record);
  await dropReplaced(out);
}

/**
 * Refuses a finished run whose files aren't those that it wrote.
 *
 * @param folder Its folder.
 * @param names The files that matter.
 * @throws {DamageError} If one of them is damaged or gone.
 */
export async function refuseDamagedRun(
  folder: string,
  names: readonly string[],
): Promise<void> {
  const record = await readRecord<RunRecord>(folder, RECORD, "run");
  for (const name of names) {
    const noted = record?.files?.[name];
    if (noted === undefined) continue;
    const path = join(folder, name);
    const now = await isFile(path) ? (await hashFile(path)).sha256 : undefined;
    if (now === noted) continue;
    const damage = now === undefined
      ? `${path} is missing`
      : `${path} is damaged (its SHA-256 is not the one noted)`;
    throw new DamageError(
      damage,
      `Cannot read the run in ${folder}: ${damage}; run it again with --force`,
    );
  }
}

/** Writes `run.json` anew. */
export async function writeRecord(record: RunRecord): Promise<void> {
  await writeJson(join(record.options.out, RECORD), record);
}

/**
 * The record in the folder of a run or an arena.
 *
 * @param folder The folder.
 * @param name Name of the record.
 * @param what What the folder is of, for messages.
 * @returns What it holds; `undefined` if there is none.
 */
export async function readRecord<T>(
  folder: string,
  name: string,
  what: "run" | "arena",
): Promise<T | undefined> {
  const path = join(folder, name);
  let text: string | undefined;
  try {
    text = await readTextIfThere(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotADirectory)) throw error;
    throw new RangeError(
      `Cannot write to ${folder}: it is a file, or within one; choose ` +
        "another folder with --out",
    );
  }
  if (text === undefined) return;
  try {
    return jsonValue(text) as T;
  } catch {
    throw new SyntaxError(
      `${path}:1: Cannot read the ${what}: the record is not JSON; remove ` +
        "the folder or choose another with --out",
    );
  }
}

/** As it comes back from a file: without undefined fields. */
export function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** The first field in which two plain objects differ, with both values. */
export function firstDifference(
  now: unknown,
  before: unknown,
  path = "",
): string | undefined {
  if (JSON.stringify(now) === JSON.stringify(before)) return;
  if (
    typeof now === "object" && now && typeof before === "object" && before &&
    !Array.isArray(now)
  ) {
    for (const key of new Set([...Object.keys(now), ...Object.keys(before)])) {
      const found = firstDifference(
        (now as Record<string, unknown>)[key],
        (before as Record<string, unknown>)[key],
        path ? `${path}.${key}` : key,
      );
      if (found) return found;
    }
    return;
  }
  const short = (x: unknown) => `${JSON.stringify(x)}`.slice(0, 60);
  return `${path} is ${short(now)}, was ${short(before)}`;
}

/** What a record says of the suite and the backend. */
export async function identityOf(
  suite: Suite,
  backend: Backend,
): Promise<Pick<RunIdentity, "suite" | "backend">> {
  return {
    suite: {
      name: suite.name,
      tasks: suite.tasks.map((task) => task.name),
      sha256: await suiteHash(suite),
    },
    backend: { name: backend.name, device: backend.device },
  };
}

/** The same of one task. */
export function taskHash(task: Task): Promise<string> {
  return suiteHash({ name: task.name, tasks: [task] });
}

/** Hash of everything in a suite that training and evaluation see. */
export async function suiteHash(suite: Suite): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  const put = (...fields: unknown[]) =>
    hash.update(JSON.stringify(fields) + "\n");
  for (const task of suite.tasks) {
    put("task", task.name, task.prompt, task.kind);
    for (const p of task.corpus.values()) put("p", p.id, p.title ?? "", p.text);
    for (const q of task.queries.values()) put("q", q.id, q.text);
    for (const [split, qrels] of Object.entries(task.qrels)) {
      for (const [query, grades] of qrels) put(split, query, [...grades]);
    }
  }
  return hash.digest("hex");
}
