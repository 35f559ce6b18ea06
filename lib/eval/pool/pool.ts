import { z } from "zod";
import type { SplitName } from "../../data/types.ts";

/** How much of each task a pool holds. */
export interface PoolSizes {
  /** Most queries of a task, an integer ≥ 1. @default {200} */
  queries: number;
  /** Passages of each system's ranking that each query takes, ≥ 1. @default {50} */
  depth: number;
  /** Passages more, drawn by lot, ≥ 0. @default {500} */
  random: number;
}

/** Default sizes. */
export const POOL_SIZES: Readonly<PoolSizes> = {
  queries: 200,
  depth: 50,
  random: 500,
};

/** The part of a task that a pool holds. */
export interface PoolTask {
  /** Name of the task. */
  task: string;
  /** SHA-256 of the split's queries and judgments and of the whole corpus. */
  sha256: string;
  /** Queries and passages of the whole task. */
  whole: { queries: number; passages: number };
  /** Ids of the queries, in the order of the judgments. */
  queries: string[];
  /** Ids of the passages, in the order of the corpus. */
  passages: string[];
  /** How many of them are judged, ranked by a system and not judged, and neither. */
  counts: { judged: number; ranked: number; random: number };
}

/** Fixed parts of a suite's tasks, to evaluate many models on; plain data. */
export interface Pool {
  /** Form of this record. */
  format: "tdro-pool/1";
  /** Name of the suite. */
  suite: string;
  /** The split whose queries are in it. */
  split: SplitName;
  /** What was asked for. */
  sizes: PoolSizes;
  /** Names of the systems whose rankings are in it. */
  systems: string[];
  /** The tasks, in the suite's order. */
  tasks: PoolTask[];
}

const count = z.int().min(0);
const ids = z.array(z.string()).min(1);

/** What a file of a pool must hold. */
export const poolSchema: z.ZodType<Pool> = z.object({
  format: z.literal("tdro-pool/1"),
  suite: z.string(),
  split: z.enum(["train", "dev", "test"]),
  sizes: z.object({ queries: count, depth: count, random: count }),
  systems: z.array(z.string()),
  tasks: z.array(z.object({
    task: z.string(),
    sha256: z.string(),
    whole: z.object({ queries: count, passages: count }),
    queries: ids,
    passages: ids,
    counts: z.object({ judged: count, ranked: count, random: count }),
  })).min(1),
});
