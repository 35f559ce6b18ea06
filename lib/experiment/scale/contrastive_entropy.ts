import type { SplitName, Suite, Task } from "../../data/mod.ts";
import { queryText } from "../../data/mod.ts";
import { DEFAULT_TEMPERATURE } from "../../base/defaults.ts";
import { mean } from "../../base/mean.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import type { Embeddings, EncodeFunction } from "../../model/mod.ts";
import { createRng } from "../../sampling/mod.ts";

/** Options for {@linkcode contrastiveEntropy}. */
export interface ContrastiveEntropyOptions {
  /** The split whose queries are measured, which training must not see. @default {"test"} */
  split?: SplitName;
  /** Queries of each task, at most. @default {all} */
  queries?: number;
  /** Random passages beside the positive one. @default {256} */
  negatives?: number;
  /** How often they are drawn. @default {10} */
  draws?: number;
  /** Divides the scores, > 0: that of training. @default {0.05} */
  temperature?: number;
  /** What stands before each query. @default {"task"} */
  prompts?: "task" | "none";
  /** Seed of what is drawn. @default {42} */
  seed?: number;
  /** Stops between two batches. */
  signal?: AbortSignal | undefined;
}

/** Result of {@linkcode contrastiveEntropy}. */
export interface ContrastiveEntropy {
  /** Mean over the tasks, in nats. */
  mean: number;
  /** Mean over a task's queries, by its name. */
  byTask: Record<string, number>;
}

/**
 * How surprised a model is by what answers a query: the mean of −log softmax of a
 * positive passage among random ones that were never judged for that query (arXiv
 * 2403.18684: 256 of them, drawn 10 times). Unlike nDCG it changes smoothly with the
 * size of a model and its data, so that a law can be fitted to it. The queries of a
 * task share what is drawn, so that few passages are encoded, however large the corpus.
 *
 * @param encode Turns texts into vectors.
 * @param suite The tasks.
 * @param options What is drawn, and how often.
 * @returns The mean over tasks, and each task's.
 * @throws {RangeError} If a task has no judged query with a positive, or no other
 * passage; or an option is out of range.
 *
 * @example Usage
 * ```ts
 * import { contrastiveEntropy } from "@tdro/tdro/experiment";
 * import { taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = ["red", "green", "blue"].map((query) => ({
 *   query, passage: `${query} is a colour`, split: "test",
 * }));
 * const suite = { name: "toy", tasks: [await taskFromRows(rows, { name: "colours" })] };
 * // A model to which all texts are the same knows nothing.
 * const encode = (texts: readonly string[]) =>
 *   Promise.resolve({ data: new Float32Array(texts.length).fill(1), count: texts.length, dimension: 1 });
 * const { mean } = await contrastiveEntropy(encode, suite, { negatives: 2 });
 * assert.ok(Math.abs(mean - Math.log(3)) < 1e-6);
 * ```
 */
export async function contrastiveEntropy(
  encode: EncodeFunction,
  suite: Suite,
  options: ContrastiveEntropyOptions = {},
): Promise<ContrastiveEntropy> {
  const { temperature = DEFAULT_TEMPERATURE } = options;
  const { queries = Infinity, negatives = 256, draws = 10 } = options;
  for (const [name, value] of Object.entries({ queries, negatives, draws })) {
    if (value >= 1 && (Number.isInteger(value) || name === "queries")) continue;
    throw new RangeError(
      `Cannot measure the contrastive entropy: ${name} must be an integer of at least 1: got ${value}`,
    );
  }
  if (!(temperature > 0)) {
    throw new RangeError(
      `Cannot measure the contrastive entropy: temperature must be a number > 0: got ${temperature}`,
    );
  }
  const byTask: Record<string, number> = {};
  for (const task of suite.tasks) {
    byTask[task.name] = await taskEntropy(encode, task, {
      ...options,
      temperature,
      queries,
      negatives,
      draws,
    });
  }
  return { mean: mean(Object.values(byTask)), byTask };
}

/** Settings with their values. */
type Settings =
  & ContrastiveEntropyOptions
  & Required<
    Pick<
      ContrastiveEntropyOptions,
      "queries" | "negatives" | "draws" | "temperature"
    >
  >;

/** Places of a query's passages in the corpus. */
interface Drawn {
  positive: number;
  /** Of each draw. */
  others: number[][];
}

async function taskEntropy(
  encode: EncodeFunction,
  task: Task,
  settings: Settings,
): Promise<number> {
  const { split = "test", prompts = "task", seed = 42, signal } = settings;
  const rng = createRng(seed, `entropy/${task.name}`);
  const ids = [...task.corpus.keys()];
  const places = new Map(ids.map((id, place) => [id, place]));
  const draws = Array.from(
    { length: settings.draws },
    () => sharedDraw(rng, ids.length),
  );
  const texts: string[] = [];
  const drawn: Drawn[] = [];
  for (const [id, grades] of task.qrels[split] ?? []) {
    if (drawn.length >= settings.queries) break;
    const query = task.queries.get(id);
    const positive = [...grades].find(([passage, grade]) =>
      grade > 0 && places.has(passage)
    )?.[0];
    if (!query || positive === undefined) continue;
    const judged = judgedPlaces(task, id, places);
    if (judged.size >= ids.length) continue;
    texts.push(queryText(prompts === "task" ? task.prompt : "", query.text));
    drawn.push({
      positive: places.get(positive)!,
      others: draws.map((take) => take(settings.negatives, judged)),
    });
  }
  if (drawn.length === 0) {
    throw new RangeError(
      `Cannot measure the contrastive entropy of ${task.name}: its ${split} judgments must name a query with a positive, and the corpus a passage that isn't judged for it: got none`,
    );
  }
  // Only passages that were drawn are encoded, each once.
  const needed = [
    ...new Set(drawn.flatMap(({ positive, others }) => [
      positive,
      ...others.flat(),
    ])),
  ].sort((a, b) => a - b);
  const row = new Map(needed.map((place, i) => [place, i]));
  const corpus = [...task.corpus.values()];
  const common = signal ? { signal } : {};
  const queries = await encode(texts, { ...common, kind: "query" });
  const passages = await encode(
    needed.map((place) => passageText(corpus[place]!).trim()),
    { ...common, kind: "passage" },
  );
  return mean(drawn.map(({ positive, others }, q) => {
    const score = (place: number) =>
      product(queries, q, passages, row.get(place)!) / settings.temperature;
    const own = score(positive);
    return mean(others.map((draw) => surprise(own, draw.map(score))));
  }));
}

/**
 * Passages by lot, the same for all queries but those that are judged for one: what
 * has to be encoded depends on neither the queries nor the corpus.
 */
function sharedDraw(
  rng: RandomSource,
  size: number,
): (count: number, judged: ReadonlySet<number>) => number[] {
  const drawn: number[] = [];
  return (count, judged) => {
    const taken: number[] = [];
    for (let at = 0; taken.length < count; at++) {
      if (at === drawn.length) drawn.push(rng.int(size));
      if (!judged.has(drawn[at]!)) taken.push(drawn[at]!);
    }
    return taken;
  };
}

/** Passages that a query has a judgment of, in any split. */
function judgedPlaces(
  { qrels }: Task,
  query: string,
  places: ReadonlyMap<string, number>,
): Set<number> {
  const found = new Set<number>();
  for (const split of Object.values(qrels)) {
    for (const passage of split?.get(query)?.keys() ?? []) {
      const place = places.get(passage);
      if (place !== undefined) found.add(place);
    }
  }
  return found;
}

/** −log softmax of a score among others. */
function surprise(own: number, others: readonly number[]): number {
  const top = others.reduce((a, b) => Math.max(a, b), own);
  const sum = others.reduce(
    (total, score) => total + Math.exp(score - top),
    Math.exp(own - top),
  );
  return Math.log(sum) + top - own;
}

function product(a: Embeddings, i: number, b: Embeddings, j: number): number {
  let sum = 0;
  for (let d = 0; d < a.dimension; d++) {
    sum += a.data[i * a.dimension + d]! * b.data[j * b.dimension + d]!;
  }
  return sum;
}
