import { checkFolder } from "../base/files/check_folder.ts";
import { lockFolder } from "../base/files/folder_lock.ts";
import { usedWorkers } from "../workers/mod.ts";
import { renameEarlierArms } from "./earlier_arms.ts";
import {
  beginRun,
  type FolderPermissions,
  type FolderState,
  openRunFolder,
  type RunIdentity,
  type RunRecord,
  writeRecord,
} from "./run_folder.ts";

/** What may be done to a run's folder. */
export interface RunClaimOptions extends FolderPermissions {
  /** Versions for a new record. */
  versions?: Record<string, string>;
  /** Whether the folder stays as it is. @default {false} */
  lookOnly?: boolean;
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
    identity: RunIdentity,
    { lookOnly = false, ...options }: RunClaimOptions = {},
  ): Promise<RunClaim> {
    const look = () => openRunFolder(identity, options);
    const claim = new RunClaim(await look(), look);
    if (lookOnly) {
      await checkFolder(claim.record.options.out);
      return claim;
    }
    if (claim.state === "unfinished") {
      await claim.#take();
      await renameEarlierArms(claim.record.options.out);
      await writeRecord(claim.record); // its settings may be new
    }
    if (claim.state === "finished") await claim.#tidy();
    if (claim.state === "new") await checkFolder(claim.record.options.out);
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

  /** Removes what a power cut brought back; a folder may also be read-only. */
  async #tidy(): Promise<void> {
    const tidied = lockFolder(this.record.options.out);
    await tidied.then((lock) => lock[Symbol.asyncDispose](), () => {});
  }

  async #take(): Promise<void> {
    this.#lock = await lockFolder(this.record.options.out);
    // Another process may have been there since.
    const { state } = await this.#look();
    if (state === this.state) {
      return noteWorkers(this.record, { goesOn: state === "unfinished" });
    }
    throw new RangeError(
      `Cannot write to ${this.record.options.out}: another process has written to it since this one started; run the command again`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock?.[Symbol.asyncDispose]();
  }
}

/** Notes how many processes compute from now on, where it isn't one as ever. */
function noteWorkers(record: RunRecord, { goesOn }: { goesOn: boolean }): void {
  const size = usedWorkers()?.size ?? 1;
  const before = record.workers ?? (goesOn ? [1] : []);
  if (size === (before.at(-1) ?? 1)) return;
  record.workers = [...before, size];
}
