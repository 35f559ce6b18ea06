import { createHash } from "node:crypto";
import type { Task } from "../../data/mod.ts";
import { hashPassages } from "../../search/mod.ts";

/** Characters of a task's name that a table's name may begin with. */
const SHOWN = 40;

/**
 * Name of the table for a task's passages by one model: letters, digits and `_`, of
 * at most 63 bytes, which every database takes. Vectors of another model, of other
 * passages, or made otherwise, have a table of their own.
 *
 * @param task The task.
 * @param source Everything that the vectors depend on, beside the passages.
 */
export function storeTable(
  { name, corpus }: Pick<Task, "name" | "corpus">,
  source: string,
): string {
  const parts = [name, source, hashPassages(corpus.values())];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  return `${plain.slice(0, SHOWN)}_${key.slice(0, 16)}`;
}
