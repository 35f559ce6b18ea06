import type { TokenBatch } from "../tokenizer/token_batch.ts";
import { longest, type Sequences } from "../../backend/kernels/mod.ts";

/** Refuses texts that are longer than the model has positions for. */
export function checkTextLengths(batch: Sequences, most: number): void {
  const L = longest(batch);
  if (L > most) {
    throw new RangeError(
      `Cannot encode ${L} tokens: the model takes at most ${most}; lower the length limit`,
    );
  }
}

/** The position of each token in its text, from 0. */
export function positionsInText({ offsets }: Sequences): Int32Array {
  const positions = new Int32Array(offsets.at(-1)!);
  for (let i = 1; i < offsets.length; i++) {
    const start = offsets[i - 1]!;
    for (let t = start; t < offsets[i]!; t++) positions[t] = t - start;
  }
  return positions;
}

/**
 * Positions as RoBERTa counts them: from the padding id + 1, and only tokens
 * that aren't the padding token (a user may type one; it stays at its id).
 */
export function positionsAfterPad(
  { ids, offsets }: TokenBatch,
  padId: number,
): Int32Array {
  const positions = new Int32Array(ids.length).fill(padId);
  for (let i = 1; i < offsets.length; i++) {
    let position = padId;
    for (let t = offsets[i - 1]!; t < offsets[i]!; t++) {
      if (ids[t] !== padId) positions[t] = ++position;
    }
  }
  return positions;
}
