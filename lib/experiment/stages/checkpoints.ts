import { dirname, join } from "node:path";
import { exists } from "../../base/files/exists.ts";
import { syncFolder } from "../../base/files/sync.ts";
import {
  type Checkpoint,
  loadCheckpoint,
  saveCheckpoint,
} from "../../train/mod.ts";
import type { AdamWOptions } from "../../train/mod.ts";
import { DamageError } from "../../base/files/checksums.ts";

/** Checkpoints that are kept: if the newest is damaged, the one before serves. */
const KEPT = 2;

/**
 * Keeps a stage's newest checkpoints: one every so many updates, and one where the
 * stage is left before its end, be it by an interruption, an error or a caller
 * that has seen enough.
 */
export class CheckpointKeeper {
  readonly #folder: string;
  readonly #every: number;
  /** What there is to save; nothing if it's saved. */
  #newest?: Checkpoint | undefined;
  #saved: number;
  #pinned: readonly number[] = [];

  /**
   * @param folder The stage's folder of checkpoints.
   * @param options `every`: updates between two checkpoints; `saved`: those of the
   * checkpoint that the stage goes on from, else 0.
   */
  constructor(
    folder: string,
    { every, saved }: { every: number; saved: number },
  ) {
    this.#folder = folder;
    this.#every = every;
    this.#saved = saved;
  }

  /** To be told after each update what there would be to save. */
  note(newest: Checkpoint): void {
    this.#newest = newest;
  }

  /** Keeps the checkpoints of these updates beside the newest. */
  pin(updates: readonly number[]): void {
    this.#pinned = updates;
  }

  /** Updates of the newest checkpoint that was saved or gone on from. */
  get saved(): number {
    return this.#saved;
  }

  /** Whether a checkpoint is due after so many updates. */
  isDue(updates: number): boolean {
    return updates % this.#every === 0;
  }

  /** Saves the newest state, unless it is saved already. */
  async save(): Promise<void> {
    const newest = this.#newest;
    if (!newest) return;
    const { step } = newest.optimizer;
    await saveCheckpoint(join(this.#folder, checkpointName(step)), newest);
    this.#saved = step;
    this.#newest = undefined;
    // Only now that the new one is whole and synced.
    const pinned = new Set(this.#pinned.map(checkpointName));
    const names = await checkpointNames(this.#folder);
    for (const old of names.slice(0, -KEPT)) {
      if (pinned.has(old)) continue;
      await Deno.remove(join(this.#folder, old), { recursive: true });
    }
  }

  /**
   * Removes the checkpoint of an update if it is the newest: from there training
   * can't go on.
   */
  async forget(update: number): Promise<void> {
    if (update === 0 || update !== this.#saved) return;
    const names = await checkpointNames(this.#folder);
    await Deno.remove(join(this.#folder, names.pop()!), { recursive: true });
    this.#saved = Number(names.at(-1)?.replace("step-", "") ?? 0);
  }

  /** Removes the checkpoints, once the stage's result is saved. */
  async drop(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
    const parent = dirname(this.#folder);
    if (await exists(parent)) await syncFolder(parent);
  }
}

/**
 * Removes what is left of checkpoints when all stages have their results.
 *
 * @param out Folder of the run.
 */
export async function dropCheckpoints(out: string): Promise<void> {
  await Deno.remove(join(out, "checkpoints"), { recursive: true })
    .catch(() => {});
  await syncFolder(out);
}

/** A checkpoint to go on from, and what was wrong with later ones. */
export interface FoundCheckpoint {
  /** The newest one that is whole. */
  checkpoint: Checkpoint;
  /** What is wrong with each that is newer. */
  damage: string[];
}

/**
 * Loads a stage's newest checkpoint that is whole, if it has any.
 *
 * @param folder The stage's folder of checkpoints.
 * @param options Decay and moments of the optimiser.
 * @throws {SyntaxError} If all of them are damaged.
 */
export async function newestCheckpoint(
  folder: string,
  options: AdamWOptions,
): Promise<FoundCheckpoint | undefined> {
  const names = await checkpointNames(folder);
  if (names.length === 0) return;
  const damage: string[] = [];
  for (const name of names.reverse()) {
    try {
      const checkpoint = await loadCheckpoint(join(folder, name), options);
      return { checkpoint, damage };
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      damage.push(error.damage);
    }
  }
  throw new SyntaxError(
    `Cannot resume from the checkpoints in ${folder}: ${
      damage.join("; ")
    }; remove the folder to train this stage anew`,
  );
}

/** Name of a checkpoint's folder. */
export function checkpointName(updates: number): string {
  return `step-${String(updates).padStart(6, "0")}`;
}

async function checkpointNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (/^step-\d+$/.test(name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}
