/** One search request. */
export interface Query {
  /** Identifier, unique within its task. */
  id: string;
  /** The request itself, without any prompt. */
  text: string;
}

/** One retrievable text. */
export interface Passage {
  /** Identifier, unique within its task's corpus. */
  id: string;
  /** Title, if the source has one; an empty string counts as absent. */
  title?: string;
  /** The body. */
  text: string;
  /** A teacher's score for the query of this row, for distillation (`ce_score`). */
  score?: number;
}

/**
 * Relevance judgments: query id → passage id → grade (an integer; > 0 means
 * relevant). Maps, because object keys reorder ids that look like numbers.
 */
export type Qrels = Map<string, Map<string, number>>;

/** Search results: query id → passage id → score (higher is better). */
export type Run = Map<string, Map<string, number>>;

/** Name of a part of a task's queries; the project uses these three. */
export type SplitName = "train" | "dev" | "test";

/** The splits of a task, in the order in which they are written. */
export const SPLITS: readonly SplitName[] = ["train", "dev", "test"];

/** What a task is about and where it comes from; the content of `task.json`. */
export interface TaskInfo {
  /** Task name; also the name of its folder. */
  name: string;
  /** Instruction put before each query, or `""` for none (spec section 3.4). */
  prompt: string;
  /** BCP 47 tag or tags of the text. */
  language: string | string[];
  /** Kind of task, e.g. `"question-passage"`, `"symmetric"`, `"code"`. */
  kind: string;
  /** Licence of the text. */
  license: string;
  /** Where the text comes from. */
  source: string;
  /** How the source became queries, passages and judgments. */
  transform?: string;
}

/** One domain of the mixture: a corpus, queries, and judgments by split. */
export interface Task extends TaskInfo {
  /** Passage id → passage, in file order. */
  corpus: Map<string, Passage>;
  /** Query id → query, in file order, all splits together. */
  queries: Map<string, Query>;
  /** Judgments of each split; a split that the task lacks is absent. */
  qrels: Partial<Record<SplitName, Qrels>>;
}

/**
 * Tasks in a fixed order: the index of a task is its domain id, everywhere.
 */
export interface Suite {
  /** Suite name. */
  name: string;
  /** The tasks; index = domain id. */
  tasks: Task[];
}

/** One training row: a query with what does and what doesn't answer it. */
export interface TrainExample {
  /** Domain id: index of the task in its suite. */
  domain: number;
  /** The query, without prompt. */
  query: Query;
  /** Known relevant passages, at least one. */
  positives: Passage[];
  /** Hard negatives, best first; may be empty. */
  negatives: Passage[];
}
