import type { Chunk } from "./search_chunks.ts";

/** Throws unless k can be a number of results. */
export function checkK(k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(
      `Cannot search: k must be an integer of at least 1: got ${k}`,
    );
  }
}

/** A row as messages name it. */
export function nameRow(kind: string, chunk: Chunk, row: number): string {
  const id = chunk.ids?.[row];
  return `${kind} row ${row}` + (id === undefined ? "" : ` (id "${id}")`);
}

/** Throws at shapes that don't fit together, and at values that aren't finite. */
export function checkEmbeddings(
  kind: "query" | "passage",
  chunk: Chunk,
): void {
  const { data, count, dimension } = chunk.embeddings;
  if (data.length !== count * dimension) {
    throw new RangeError(
      `Cannot search: ${kind} embeddings of ${count} × ${dimension} must hold ${
        count * dimension
      } values: got ${data.length}`,
    );
  }
  if (chunk.ids && chunk.ids.length !== count) {
    throw new RangeError(
      `Cannot search: ${count} ${kind} embeddings must have as many ids: got ${chunk.ids.length}`,
    );
  }
  let sum = 0;
  // x - x is 0 for finite x and NaN otherwise: one test for all values.
  for (let i = 0; i < data.length; i++) sum += data[i]! - data[i]!;
  if (sum === 0) return;
  const at = data.findIndex((x) => !Number.isFinite(x));
  throw new RangeError(
    `Cannot search: the embedding of ${
      nameRow(kind, chunk, Math.floor(at / dimension))
    } must be finite: got ${data[at]} at dimension ${at % dimension}`,
  );
}
