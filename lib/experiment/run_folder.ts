import { join } from "node:path";
import type { Backend } from "../backend/mod.ts";
import { exists } from "../base/exists.ts";
import { LOCK, lockFolder } from "../base/folder_lock.ts";
import { isLeftover } from "../base/leftovers.ts";
import { writeJson } from "../base/json_file.ts";
import { readTextIfThere } from "../base/read_text.ts";
import type { Suite } from "../data/mod.ts";
import type { ExperimentOptions } from "./experiment_options.ts";
import { jsonValue } from "../base/json_value.ts";

/** What a run is: enough to tell whether another one is the same. */
export interface RunIdentity {
  /** All settings. */
  options: ExperimentOptions;
  /** Name, tasks and content hash of the suite. */
  suite: { name: string; tasks: string[]; sha256: string };
  /** What computed it. */
  backend: { name: string; device: string };
}

/** The content of `run.json`. */
export interface RunRecord extends RunIdentity {
  /** Form of this record. */
  format: "tdro-run/1";
  /** Whether it came to its end. */
  status: "running" | "finished";
  /** When it started, ISO 8601. */
  started: string;
  /** Seconds of each stage that is finished. */
  seconds: Record<string, number>;
  /** Versions of what computed it. */
  versions: Record<string, string>;
}

/** Name of the record in a run's folder. */
const RECORD = "run.json";

/** Everything that a run writes; a run that starts over removes these alone. */
const CONTENT = [
  "run.json",
  "metrics.jsonl",
  "weights.json",
  "eval.json",
  "summary.json",
  "report.html",
  "checkpoints",
  "models",
  "tokenizer",
  "weights",
  "negatives.json",
  "tasks.json",
];

/** Where a finished run waits until the one that replaces it is whole. */
const REPLACED = ".replaced";

/** What a run's folder holds. */
export type FolderState = "new" | "unfinished" | "finished";

/**
 * Looks whether a run may have its folder: a new one, an unfinished run of the
 * same identity to go on with, or a finished one, whose result then counts.
 * Changes nothing; {@linkcode beginRun} does.
 *
 * @param identity The run.
 * @param options `versions` for a new record; `force`: whether a run with other
 * settings, or a finished one, may be replaced.
 * @throws {RangeError} If the folder holds something else.
 */
export async function openRunFolder(
  identity: RunIdentity,
  { versions, force = false }: {
    versions: Record<string, string>;
    force?: boolean;
  },
): Promise<{ record: RunRecord; state: FolderState }> {
  const folder = identity.options.out;
  const before = await readRecord<RunRecord>(folder, RECORD, "run");
  if (before !== undefined) checkRecord(before, join(folder, RECORD));
  else if (await hasFiles(folder)) {
    throw new RangeError(
      `Cannot write to ${folder}: it holds files that are no run; name another folder by --out`,
    );
  }
  const difference = before && firstDifference(asJson(identity), {
    options: before.options,
    suite: before.suite,
    backend: before.backend,
  });
  if (before && !difference) {
    const finished = before.status === "finished";
    if (!finished) return { record: before, state: "unfinished" };
    if (!force) return { record: before, state: "finished" };
  }
  if (before && !force) {
    const which = before.status === "finished" ? "a finished" : "an unfinished";
    throw new RangeError(
      `Cannot write to ${folder}: it holds ${which} run with other settings (${difference}); name another folder by --out, or replace it by --force`,
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

/**
 * Takes a run's folder for this process: at once where there is a run to go on
 * with, otherwise by {@linkcode RunClaim.begin}, when all that the user may have
 * got wrong was looked at.
 */
export class RunClaim implements AsyncDisposable {
  /** The run's record. */
  readonly record: RunRecord;
  /** What the folder held when it was looked at. */
  readonly state: FolderState;
  readonly #look: () => Promise<{ record: RunRecord; state: FolderState }>;
  #lock: AsyncDisposable | undefined;

  private constructor(
    { record, state }: { record: RunRecord; state: FolderState },
    look: () => Promise<{ record: RunRecord; state: FolderState }>,
  ) {
    this.record = record;
    this.state = state;
    this.#look = look;
  }

  /** Looks at the folder, as {@linkcode openRunFolder} does. */
  static async open(
    ...args: Parameters<typeof openRunFolder>
  ): Promise<RunClaim> {
    const look = () => openRunFolder(...args);
    const claim = new RunClaim(await look(), look);
    if (claim.state === "unfinished") await claim.#take();
    return claim;
  }

  /** Whether the folder is this run's to write to. */
  get begun(): boolean {
    return this.#lock !== undefined;
  }

  /** Makes the folder this run's, unless it is. */
  async begin(): Promise<void> {
    if (this.begun) return;
    await this.#take();
    await beginRun(this.record);
  }

  async #take(): Promise<void> {
    this.#lock = await lockFolder(this.record.options.out);
    // Another process may have been there since.
    const { state } = await this.#look();
    if (state === this.state) return;
    throw new RangeError(
      `Cannot write to ${this.record.options.out}: another process has written to it since this one started; run the command again`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock?.[Symbol.asyncDispose]();
  }
}

function checkRecord(record: Partial<RunRecord>, path: string): void {
  if (
    record?.format === "tdro-run/1" && record.options && record.suite &&
    (record.status === "running" || record.status === "finished")
  ) return;
  throw new SyntaxError(
    `${path}:1: Cannot read the run: the record is damaged; name another folder by --out, or remove this one`,
  );
}

/**
 * Puts aside what an earlier run left in the folder, and writes `run.json`. An
 * earlier run that was finished is kept until {@linkcode finishRun}.
 */
export async function beginRun(record: RunRecord): Promise<void> {
  const { out } = record.options;
  const before = await readRecord<RunRecord>(out, RECORD, "run");
  const keep = before?.status === "finished";
  const aside = join(out, REPLACED);
  if (keep) await Deno.mkdir(aside, { recursive: true });
  // The record last: until then the folder holds the earlier run.
  for (const name of [...CONTENT].reverse()) {
    const path = join(out, name);
    if (!await exists(path)) continue;
    if (keep) await Deno.rename(path, join(aside, name));
    else await Deno.remove(path, { recursive: true });
  }
  await writeRecord(record);
}

/** Writes that a run is finished; what it replaced goes. */
export async function finishRun(record: RunRecord): Promise<void> {
  record.status = "finished";
  await writeRecord(record);
  const aside = join(record.options.out, REPLACED);
  if (await exists(aside)) await Deno.remove(aside, { recursive: true });
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
      `Cannot write to ${folder}: it is a file, or within one; name another folder by --out`,
    );
  }
  if (text === undefined) return;
  try {
    return jsonValue(text) as T;
  } catch {
    throw new SyntaxError(
      `${path}:1: Cannot read the ${what}: the record is not JSON; remove the folder or name another one by --out`,
    );
  }
}

/** Whether a folder is there and holds anything but what a killed process left. */
export async function hasFiles(folder: string): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name !== LOCK && !isLeftover(name)) return true;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return false;
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

/** Hash of everything in a suite that training and evaluation see. */
async function suiteHash(suite: Suite): Promise<string> {
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
