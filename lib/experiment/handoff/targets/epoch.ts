import type { HandOffSource } from "../source.ts";

/** How often each row is there in an epoch, where a trainer has no weights. */
export interface Epoch {
  /** Epochs of the whole training; the last one may end early. */
  epochs: number;
  /** Rows of each task in an epoch, shape `[K]`. */
  counts: number[];
}

/**
 * Sampling ratios as numbers of rows in an epoch that is about as long as all tasks
 * together: a task of weight w has the share w of it, by repetition of its rows or by
 * a part of them.
 *
 * @param source The run.
 */
export function epochOf({ options, rows, weights }: HandOffSource): Epoch {
  const drawn = options.steps * options.batchSize;
  const all = rows.reduce((sum, { length }) => sum + length, 0);
  const epochs = Math.max(1, Math.round(drawn / all));
  const length = Math.ceil(drawn / epochs);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // A task with a weight has a row at least.
  const counts = weights.map((weight) =>
    weight === 0 ? 0 : Math.max(1, Math.round(weight / total * length))
  );
  return { epochs, counts };
}
