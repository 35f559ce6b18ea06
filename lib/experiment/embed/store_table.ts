import { createHash } from "node:crypto";

/** Characters of a task's name that a table's name may begin with. */
const SHOWN = 40;

/**
 * Name of the table for a task's passages by one model: letters, digits and `_`, of
 * at most 63 bytes, which every database takes. Vectors of another model, or made
 * otherwise, have a table of their own.
 *
 * @param task Name of the task.
 * @param source Everything that the vectors depend on.
 */
export function storeTable(task: string, source: string): string {
  const key = createHash("sha256").update(JSON.stringify([task, source]))
    .digest("hex");
  const plain = task.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  return `${plain.slice(0, SHOWN)}_${key.slice(0, 16)}`;
}
