import { join } from "node:path";
import { z } from "zod";
import { hostName, UNKNOWN_HOST } from "../../base/host_name.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import { removeAll } from "../../base/files/leftovers.ts";
import { readTextIfThere } from "../../base/files/read_text.ts";
import { refuseLink } from "../../base/files/refuse_link.ts";
import { jsonValue } from "../../base/json_value.ts";

/** Seconds between the signs of life of a worker. */
export const BEAT = 10;

/** Beats without a sign of life after which a worker counts as gone. */
const SILENT = 30;

/** The same on its own machine, where the system says that its process has ended. */
const SILENT_HERE = 2;

/** Who has a job, as the first line of the claim's file tells; dots follow. */
const ownerSchema = z.object({
  pid: z.int(),
  host: z.string(),
  started: z.string(),
  beat: z.number().gt(0),
});

type Owner = z.infer<typeof ownerSchema>;

/** At the end of a claim's file: its owner has given the job back. */
const RELEASED = "released\n";

/** A job that another worker has. */
export interface OtherClaim {
  /** Which worker, as the subject of a sentence. */
  who: string;
}

/** What was last seen of a claim, and since when it hasn't changed. */
interface Sight {
  size: number;
  since: number;
}

/**
 * Who works on which job of a plan. A claim is a file that only one worker can
 * create: `claims/<job>.<generation>`. While it works the owner makes the file
 * longer; where it doesn't grow any more, the owner is gone, and whoever creates the
 * next generation has the job. An owner that was only slow sees that, and stops.
 *
 * Clocks of different machines aren't compared, and locks are a help alone: both can
 * be wrong on network file systems.
 */
export class Claims {
  readonly #folder: string;
  readonly #beat: number;
  readonly #seen = new Map<string, Sight>();
  #locks: boolean | undefined;

  /**
   * @param plan The plan's folder.
   * @param options `beat`: seconds between signs of life.
   */
  constructor(plan: string, { beat = BEAT }: { beat?: number } = {}) {
    this.#folder = join(plan, "claims");
    this.#beat = beat;
  }

  /**
   * Takes a job, if nobody has it or who had it is gone.
   *
   * @param job The job's index.
   * @returns The claim, to be given back; or who has the job.
   */
  async take(job: number): Promise<Claim | OtherClaim> {
    const newest = await this.#newest(job);
    if (newest > 0) {
      const who = await this.#livingOwner(this.#path(job, newest));
      if (who !== undefined) return { who };
    }
    await makeFolder(this.#folder);
    const generation = newest + 1;
    const path = this.#path(job, generation);
    const file = await createAlone(path);
    if (!file) return { who: "another worker, which was first," };
    await lock(file);
    return await Claim.begin({
      file,
      beat: this.#beat,
      generation,
      overtaken: async () => await this.#newest(job) > generation,
      forget: () => this.forget(job),
    });
  }

  /** Removes all claims of a job that is finished. */
  async forget(job: number): Promise<void> {
    for (const generation of await this.#generations(job)) {
      await removeAll(this.#path(job, generation));
    }
  }

  #path(job: number, generation: number): string {
    return join(this.#folder, `${job}.${generation}`);
  }

  async #newest(job: number): Promise<number> {
    return Math.max(0, ...await this.#generations(job));
  }

  async #generations(job: number): Promise<number[]> {
    const found: number[] = [];
    try {
      for await (const { name } of Deno.readDir(this.#folder)) {
        const [of, generation] = name.split(".");
        if (of === `${job}` && /^\d+$/.test(generation ?? "")) {
          found.push(Number(generation));
        }
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found;
  }

  /** Who has a claim; nobody if it was given back, or its owner is gone. */
  async #livingOwner(path: string): Promise<string | undefined> {
    const text = await readTextIfThere(path);
    if (text === undefined || text.endsWith(RELEASED)) return;
    const owner = ownerOf(text);
    const now = performance.now() / 1000;
    const before = this.#seen.get(path);
    const seen = before?.size === text.length
      ? before
      : { size: text.length, since: now };
    this.#seen.set(path, seen);
    const beats = (now - seen.since) / (owner?.beat ?? this.#beat);
    const gone = beats >= SILENT ||
      beats >= SILENT_HERE && await this.#hasEnded(path, owner);
    if (!gone) return described(owner);
  }

  /** Whether the system says that the owner, on this machine, has ended. */
  async #hasEnded(path: string, owner: Owner | undefined): Promise<boolean> {
    if (owner?.host !== hostName() || owner.host === UNKNOWN_HOST) return false;
    if (!(this.#locks ??= await this.#tryLocks())) return false;
    return !await isLocked(path);
  }

  /** Whether this file system knows locks. */
  async #tryLocks(): Promise<boolean> {
    const path = join(this.#folder, `.${crypto.randomUUID().slice(0, 8)}`);
    using file = await createAlone(path);
    try {
      return file !== undefined && await lock(file) && await isLocked(path);
    } finally {
      await removeAll(path);
    }
  }
}

/** Whether {@linkcode Claims.take} gave a job. */
export function isTaken(claim: Claim | OtherClaim): claim is Claim {
  return claim instanceof Claim;
}

/** What a claim is made of. */
interface ClaimParts {
  file: Deno.FsFile;
  beat: number;
  generation: number;
  overtaken(): Promise<boolean>;
  forget(): Promise<void>;
}

/** A job that is this worker's. Disposed of, it is given back. */
export class Claim implements AsyncDisposable {
  /** Which owner of the job this is, from 1. */
  readonly generation: number;
  /** Aborted when another worker has taken the job over. */
  readonly lost: AbortSignal;
  readonly #parts: ClaimParts;
  readonly #lost = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #last = performance.now();
  #open = true;
  /** Writes follow each other: nothing may come after what gives the job back. */
  #written: Promise<void> = Promise.resolve();

  private constructor(parts: ClaimParts) {
    this.#parts = parts;
    this.generation = parts.generation;
    this.lost = this.#lost.signal;
    this.#timer = setInterval(
      () => this.beat().catch(() => {}),
      1000 * parts.beat,
    );
  }

  /** Notes in the claim's file who has it. */
  static async begin(parts: ClaimParts): Promise<Claim> {
    const owner: Owner = {
      pid: Deno.pid,
      host: hostName(),
      started: new Date().toISOString(),
      beat: parts.beat,
    };
    await write(parts.file, `${JSON.stringify(owner)}\n`);
    return new Claim(parts);
  }

  /**
   * Gives a sign of life, if one is due. Timers alone don't do: a long computation
   * keeps them waiting.
   */
  async beat(): Promise<void> {
    if (!this.#open) return;
    if (performance.now() - this.#last < 900 * this.#parts.beat) return;
    this.#last = performance.now();
    this.#written = write(this.#parts.file, ".");
    await this.#written;
    if (await this.#parts.overtaken()) this.#lost.abort(TAKEN_OVER);
  }

  /** Whether nobody has taken the job over. */
  async holds(): Promise<boolean> {
    if (!this.#lost.signal.aborted && await this.#parts.overtaken()) {
      this.#lost.abort(TAKEN_OVER);
    }
    return !this.#lost.signal.aborted;
  }

  /** Removes the job's claims: it is done. */
  async done(): Promise<void> {
    await this.#close();
    await this.#parts.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close(`\n${RELEASED}`);
  }

  async #close(last = ""): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#timer);
    await this.#written.catch(() => {});
    await write(this.#parts.file, last).catch(() => {});
    this.#parts.file.close();
  }
}

/** Why the work on a job ends that another worker has. */
export const TAKEN_OVER: Error = new RangeError(
  "Cannot go on with this job: another worker took it over, as this one gave no sign of life",
);

/** Creates a file for appending; `undefined` if it is there. */
async function createAlone(path: string): Promise<Deno.FsFile | undefined> {
  await refuseLink(path);
  try {
    return await Deno.open(path, { append: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw error;
  }
}

async function write(file: Deno.FsFile, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}

/** Locks a file as a sign of life; Windows would keep others from reading it. */
async function lock(file: Deno.FsFile): Promise<boolean> {
  if (Deno.build.os === "windows") return false;
  return await file.tryLock(true).catch(() => false);
}

/** Whether somebody has a lock, be it this process by another handle. */
async function isLocked(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path);
    return !await file.tryLock(true);
  } catch {
    return false;
  }
}

function ownerOf(text: string): Owner | undefined {
  try {
    return ownerSchema.parse(jsonValue(text.split("\n", 1)[0]!));
  } catch {
    return; // It is just being written.
  }
}

function described(owner: Owner | undefined): string {
  return owner === undefined
    ? "another worker"
    : `process ${owner.pid} on ${owner.host}, since ${owner.started},`;
}
