import type { CellPassage } from "../tables/cells.ts";
import type { Passage, Query } from "../types.ts";
import type { Judgment } from "./judgment_store.ts";

/** A passage that doesn't answer, until all that do are known. */
export interface Negative {
  judgment: Omit<Judgment, "passage" | "grade">;
  passage: CellPassage;
}

/** Where the texts of a task go, as they come. */
export interface TaskSink {
  query(query: Query): void;
  passage(passage: Passage): void;
  /** Keeps a negative for later. */
  keep(negative: Negative): void;
  /** The negatives that were kept, in order. */
  kept(): Iterable<Negative> | AsyncIterable<Negative>;
  /** Writes what has piled up, if that is much. */
  drain(): Promise<void> | undefined;
}
