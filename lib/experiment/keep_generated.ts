import { lockFolder } from "../base/files/folder_lock.ts";
import type { Passage, Qrels, Task } from "../data/mod.ts";
import type { EncodeFunction } from "../model/mod.ts";
import {
  bm25Retriever,
  denseRetriever,
  type MinedNegatives,
  mineHardNegatives,
  type MineStatistics,
  type ScoreFunction,
} from "../search/mod.ts";
import { openMinedFile } from "./mined_file.ts";
import { taskHash } from "./run_folder.ts";

/** A passage that was written for a query, with how well it should answer. */
export interface GradedPassage extends Passage {
  /** From 3, fully, to 0, not at all. */
  grade: number;
}

/** Options for {@linkcode keepGenerated}. */
export interface KeepGeneratedOptions {
  /** Folder for the training file, as `tdro mine` has it. @default {none is written} */
  out?: string | undefined;
  /** What the passages were made with, for the record. */
  settings: Readonly<Record<string, unknown>>;
  /**
   * Leaves out negatives that score at least this share of the best positive's
   * score; `Infinity` leaves out none. @default {0.95}
   */
  positiveShare?: number;
  /** Bits of 64 in which near-duplicates differ at most. @default {2} */
  nearDuplicates?: number;
  /** Highest grade that counts as a negative. @default {1} */
  negativeGrade?: number;
  /** Whether the grades are written as the scores of a teacher. @default {false} */
  scored?: boolean;
  /** Encodes texts, for the scores. @default {none: BM25 scores} */
  encode?: EncodeFunction | undefined;
  /** Instruction before each query. @default {"task"} */
  prompts?: "task" | "none";
  /** Whether another file is replaced. @default {false} */
  force?: boolean;
  /** Stops the work at the next batch of queries. */
  signal?: AbortSignal | undefined;
}

/** What was kept. */
export interface KeptPassages {
  /** Counts, as mining has them; `queries` are those with passages. */
  statistics: MineStatistics;
  /** Score of each negative that was written over the best positive's. */
  similarities: number[];
  /** Query id → ids of the negatives that were kept. */
  negatives: Map<string, string[]>;
}

/** Grade from which on a generated passage counts as a positive. */
const POSITIVE = 3;

/**
 * Holds passages that were written for a task's queries to the rules of mining: no
 * negative that scores too near the best positive, repeats a text of the corpus that
 * answers, or another one. Those of grade 3 become positives. What is kept goes into a
 * training file that `--mined` takes; the corpus stays as it is, so that tests do, too.
 *
 * @param task The task.
 * @param generated Query id → passages, under ids that the corpus lacks.
 * @param options The rules, and where to write.
 * @returns What was kept.
 * @throws {RangeError} If the folder has a file that was made otherwise.
 *
 * @example Usage
 * ```ts
 * import { keepGenerated } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const task = {
 *   name: "lights", prompt: "", language: "en", kind: "faq", license: "MIT", source: "",
 *   corpus: new Map([["a", { id: "a", text: "the lighthouse was built in 1874" }]]),
 *   queries: new Map([["q", { id: "q", text: "when was the lighthouse built" }]]),
 *   qrels: { train: new Map([["q", new Map([["a", 1]])]]) },
 * };
 * const written = ["a lighthouse keeper slept", "the lighthouse was built when built in 1875"];
 * const kept = await keepGenerated(task, new Map([["q", written.map((text, i) => (
 *   { id: `llm-q-${i + 1}`, text, grade: 0 }
 * ))]]), { settings: {} });
 * assert.deepEqual(kept.negatives.get("q"), ["llm-q-1"]); // the other one scores too high
 * ```
 */
export async function keepGenerated(
  task: Task,
  generated: ReadonlyMap<string, readonly GradedPassage[]>,
  options: KeepGeneratedOptions,
): Promise<KeptPassages> {
  const { out, settings, negativeGrade = 1, scored = false, force = false } =
    options;
  const all = withGenerated(task, generated, scored);
  const negatives = new Map(
    [...generated].map(([query, passages]) => [
      query,
      passages.filter(({ grade }) => grade <= negativeGrade),
    ]),
  );
  const score = await scorer(all, generated, options);
  const similarities: number[] = [];
  const mined = await mineHardNegatives(all, {
    rng: { int: () => 0 }, // nothing is drawn
    retrieve: (queries) =>
      new Map(queries.map(({ id }) => [
        id,
        new Map(negatives.get(id)!.map((passage, i) => [passage.id, -i])),
      ])),
    score: async (queries, pairs) => {
      const scores = await score(queries, pairs);
      for (const { id } of queries) {
        similarities.push(...shares(scores.get(id), {
          positives: all.qrels.train!.get(id)!,
          negatives: negatives.get(id)!,
        }));
      }
      return scores;
    },
    count: Math.max(1, ...[...negatives.values()].map((list) => list.length)),
    sampling: "top",
    positiveShare: options.positiveShare ?? 0.95,
    nearDuplicates: options.nearDuplicates ?? 2,
    fill: false,
    ...options.signal && { signal: options.signal },
  });
  // Some queries have fewer than others; none is missing.
  mined.statistics.missing = 0;
  if (out !== undefined) {
    await write(all, mined, {
      out,
      force,
      settings: { ...settings, split: "train", data: await taskHash(task) },
    });
  }
  return {
    statistics: mined.statistics,
    similarities,
    negatives: mined.negatives,
  };
}

/** The queries that have passages, with these in the corpus and among the judgments. */
function withGenerated(
  task: Task,
  generated: ReadonlyMap<string, readonly GradedPassage[]>,
  scored: boolean,
): Task {
  const corpus = new Map(task.corpus);
  const train: Qrels = new Map();
  for (const [query, passages] of generated) {
    const grades = new Map(task.qrels.train?.get(query));
    for (const [id, grade] of scored ? grades : []) {
      const score = grade > 0 ? POSITIVE : 0;
      corpus.set(id, { ...corpus.get(id)!, score });
    }
    for (const { grade, id, text } of passages) {
      if (corpus.has(id)) {
        throw new RangeError(
          `Cannot keep passages for task ${
            JSON.stringify(task.name)
          }: their ids must be new: its corpus has ${JSON.stringify(id)}`,
        );
      }
      corpus.set(id, { id, text, ...scored && { score: grade } });
      if (grade >= POSITIVE) grades.set(id, 1);
    }
    train.set(query, grades);
  }
  const queries = new Map(
    [...task.queries].filter(([id]) => generated.has(id)),
  );
  return { ...task, corpus, queries, qrels: { ...task.qrels, train } };
}

/** Scores by the model, if there is one; it encodes no more than it must. */
async function scorer(
  all: Task,
  generated: ReadonlyMap<string, readonly GradedPassage[]>,
  { encode, prompts = "task", signal }: KeepGeneratedOptions,
): Promise<ScoreFunction> {
  if (!encode) return bm25Retriever(all).score!;
  const ids = new Set(
    [...generated].flatMap(([query, passages]) => [
      ...all.qrels.train!.get(query)!.keys(),
      ...passages.map(({ id }) => id),
    ]),
  );
  const corpus = new Map(
    [...ids].map((id) => [id, all.corpus.get(id)!]),
  );
  // All splits' positives may be asked for.
  for (const qrels of Object.values(all.qrels)) {
    for (const query of generated.keys()) {
      for (const id of qrels.get(query)?.keys() ?? []) {
        corpus.set(id, all.corpus.get(id)!);
      }
    }
  }
  const dense = await denseRetriever({ ...all, corpus }, encode, {
    prompts,
    ...signal && { signal },
  });
  return dense.score;
}

/** Scores of negatives over that of the best positive; NaN without one. */
function shares(
  scores: ReadonlyMap<string, number> | undefined,
  { positives, negatives }: {
    positives: ReadonlyMap<string, number>;
    negatives: readonly GradedPassage[];
  },
): number[] {
  const best = Math.max(
    ...[...positives].filter(([, grade]) => grade > 0)
      .map(([id]) => scores?.get(id) ?? -Infinity),
  );
  return negatives.map(({ id }) =>
    best > 0 && best < Infinity ? (scores?.get(id) ?? 0) / best : NaN
  );
}

async function write(
  task: Task,
  mined: MinedNegatives,
  { out, settings, force }: {
    out: string;
    settings: Readonly<Record<string, unknown>>;
    force: boolean;
  },
): Promise<void> {
  await using _ = await lockFolder(out);
  const file = await openMinedFile(out, { task, settings, force });
  await file.write(mined);
}
