import type { SplitName } from "../../data/types.ts";
import type { SizesOptions, VectorSize } from "../sizes/vector_size.ts";
import type { SearchPrecision } from "../../search/quantised/precision.ts";

/** How an {@linkcode EvalReport} came about. */
export interface EvalSettings {
  /** The split whose queries were run. */
  split: SplitName;
  /** Names of metrics. */
  metrics: string[];
  /** Passages retrieved for each query. */
  k: number;
  /** Whether queries had their task's prompt. */
  prompts: "task" | "none";
  /** Whether passages with the query's id were left out. */
  ignoreIdenticalIds: boolean;
  /** How equal scores rank. */
  ties: "float32 score descending, then passage id descending";
  /** How passages were found; absent in older reports, which are dense. */
  retriever?: string;
  /** Precision of the vectors in the search; dense only. */
  dtype?: "f32" | "bf16";
  /** How passages' vectors were kept; absent where they were whole. */
  precision?: SearchPrecision;
  /** Passages found for each one wanted and scored again, 0 for none; with `precision`. */
  rescore?: number;
  /** Vectors by which they were scored again; absent where none were. */
  rescoreBy?: SearchPrecision;
  /** Which smaller vectors were measured beside the whole ones, if any were. */
  sizes?: Omit<SizesOptions, "rng">;
  /**
   * SHA-256 of the pool that was evaluated on, see `makePool()`; absent where all
   * queries were run over whole corpora.
   */
  pool?: string;
  /**
   * The part of each corpus that was searched, as `"2/8"`; absent if all of it
   * was. Metrics are then of that part alone; see {@linkcode evaluateShards}.
   */
  shard?: string;
}

/** Which texts a result was measured on. */
export interface EvalData {
  /** SHA-256 of corpus, queries and judgments, in their order. */
  sha256: string;
  /** Judgments of the queries that were run. */
  judgments: number;
}

/** Metrics of one task. */
export interface TaskReport {
  /** Name of the task. */
  task: string;
  /** Domain id: index of the task in its suite. */
  domain: number;
  /** Instruction that stood before each query, or `""`. */
  prompt: string;
  /** Size of the corpus. */
  passages: number;
  /** Metric → mean over the task's queries. */
  mean: Record<string, number>;
  /** Ids of the queries that were run. */
  queryIds: string[];
  /** Metric → value for each query; the order of `queryIds`. */
  perQuery: Record<string, number[]>;
  /** The data; absent in older reports. */
  data?: EvalData;
}

/** What measured, where: the part of a record that no evaluation can know itself. */
export interface EvalOrigin {
  /** The model. */
  model?: EvalModel;
  /** Most tokens of a text, special ones and prompt included. */
  lengths?: { query: number; passage: number };
  /** Texts put before queries and passages as they are: the model's own prompts. */
  prompts?: { query: string; passage: string };
  /** Where tensors were computed. */
  backend?: { name: string; device: string };
  /** What the model's products multiplied; absent where it was float32. */
  computeType?: "bfloat16" | "int8";
  /** Versions of what computed it. */
  versions?: Record<string, string>;
  /** When, as ISO 8601. */
  date?: string;
  /** Where the data lay. */
  path?: string;
}

/** Which model an evaluation measured. */
export interface EvalModel {
  /** Name or folder. */
  name: string;
  /** SHA-256 over the model's files; see {@linkcode hashModel}. */
  sha256?: string;
  /** Name and revision on the hub, where it was pulled from. */
  revision?: string;
  /** Number format of its weights. */
  dtype?: string;
  /**
   * SHA-256 of the model that encodes passages, where it isn't the one for queries
   * and was a model of its own before.
   */
  passages?: string;
}

/** Metrics of a suite or benchmark; plain data, JSON-serialisable. */
export interface EvalReport {
  /** Form of this record. */
  format: "tdro-eval/1";
  /** Name of the suite or benchmark. */
  suite: string;
  /** How the numbers came about. */
  settings: EvalSettings;
  /** What measured, where. */
  origin?: EvalOrigin;
  /** The tasks, in the suite's order. */
  tasks: TaskReport[];
  /** Metric → mean over the tasks, each counting the same. */
  mean: Record<string, number>;
  /** What smaller vectors scored, whole ones first; absent if none were measured. */
  sizes?: VectorSize[];
}
