import { join } from "node:path";
import {
  type Checkpoint,
  loadCheckpoint,
  saveCheckpoint,
} from "../train/mod.ts";
import type { AdamWOptions } from "../train/mod.ts";

/**
 * Saves a stage's checkpoint and removes the one before it: the newest is all
 * that a run needs to go on.
 */
export async function keepCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const name = `step-${String(checkpoint.optimizer.step).padStart(6, "0")}`;
  await saveCheckpoint(join(folder, name), checkpoint);
  for (const other of await checkpointNames(folder)) {
    if (other !== name) {
      await Deno.remove(join(folder, other), { recursive: true });
    }
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

/** Removes a stage's checkpoints, once its result is saved. */
export async function dropCheckpoints(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
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
