import { join } from "node:path";
import {
  type Checkpoint,
  loadCheckpoint,
  saveCheckpoint,
} from "../../train/mod.ts";
import type { AdamWOptions } from "../../train/mod.ts";

/**
 * Keeps a stage's newest checkpoint: every so many updates, and where the stage
 * is left before its end, be it by an interruption, an error or a caller that
 * has seen enough.
 */
export class CheckpointKeeper {
  readonly #folder: string;
  readonly #every: number;
  #newest?: Checkpoint;
  #saved = 0;

  /**
   * @param folder The stage's folder of checkpoints.
   * @param every Updates between two checkpoints.
   */
  constructor(folder: string, every: number) {
    this.#folder = folder;
    this.#every = every;
  }

  /** To be told after each update; saves if one is due. */
  async after(checkpoint: Checkpoint): Promise<void> {
    this.#newest = checkpoint;
    if (checkpoint.optimizer.step % this.#every === 0) await this.save();
  }

  /** Saves the newest state, unless it is saved already. */
  async save(): Promise<void> {
    const newest = this.#newest;
    if (!newest || newest.optimizer.step === this.#saved) return;
    const name = `step-${String(newest.optimizer.step).padStart(6, "0")}`;
    await saveCheckpoint(join(this.#folder, name), newest);
    this.#saved = newest.optimizer.step;
    for (const other of await checkpointNames(this.#folder)) {
      if (other !== name) {
        await Deno.remove(join(this.#folder, other), { recursive: true });
      }
    }
  }

  /** Removes the checkpoints, once the stage's result is saved. */
  async drop(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }
}

/** Loads a stage's newest checkpoint, if it has one. */
export async function newestCheckpoint(
  folder: string,
  options: AdamWOptions,
): Promise<Checkpoint | undefined> {
  const name = (await checkpointNames(folder)).pop();
  return name ? await loadCheckpoint(join(folder, name), options) : undefined;
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
