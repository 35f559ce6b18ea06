import type { TaskInfo } from "../data/types.ts";
import type { SourceVersions } from "./package_folders.ts";
import type { Sources } from "./sources.ts";

/** A query and a passage that answers it. */
export interface Pair {
  /** What both were made from; things of one origin stay in one split. */
  key: string;
  /** Text of the query. */
  query: string;
  /** Title of the passage. */
  title?: string;
  /** Text of the passage. */
  text: string;
}

/** How one task is made. */
export interface Recipe extends Omit<TaskInfo, "source"> {
  /** Number of queries to take, chosen by hash, if there are as many. */
  size: number;
  /** Where the text comes from. */
  source: (versions: SourceVersions) => string;
  /** All pairs there are, in the order of the sources. */
  pairs: (sources: Sources) => Pair[];
  /** More passages that answer no query; used while the corpus is small. */
  distractors?: (sources: Sources) => Pick<Pair, "title" | "text">[];
}

/** Longest query, in UTF-16 units; what's longer is cut at a space. */
export const QUERY_LIMIT = 320;

/** Longest text of a passage, likewise. */
export const PASSAGE_LIMIT = 640;
