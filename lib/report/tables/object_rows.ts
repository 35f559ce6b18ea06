import type {
  EvalReportLike,
  FinishedRunLike,
  MetricsLineLike,
  SuiteLike,
  WeightFileLike,
} from "../plots/shapes.ts";

/** A task of a suite, in a table. */
export interface TaskRow {
  task: string;
  kind: string | null;
  language: string | null;
  passages: number;
  queries: number;
  train: number;
  dev: number;
  test: number;
  prompt: string | null;
}

/** The tasks of a suite. */
export function taskRows({ tasks }: SuiteLike): TaskRow[] {
  return tasks.map((task) => ({
    task: task.name,
    kind: task.kind ?? null,
    language: [task.language ?? []].flat().join(" ") || null,
    passages: task.corpus.size,
    queries: task.queries.size,
    train: task.qrels.train?.size ?? 0,
    dev: task.qrels.dev?.size ?? 0,
    test: task.qrels.test?.size ?? 0,
    prompt: task.prompt || null,
  }));
}

/** A task's weight, in a table. */
export interface WeightRow {
  task: string;
  weight: number;
  timesUniform: number | null;
  rows: number;
  passes: number;
}

/** The weights of a file, in its order. */
export function weightRows(
  { names, weights, sizes, epochs }: WeightFileLike,
): WeightRow[] {
  const sum = weights.reduce((total, w) => total + w, 0);
  return names.map((task, k) => ({
    task,
    weight: weights[k]!,
    timesUniform: sum === 0 ? null : weights[k]! / sum * names.length,
    rows: sizes[k]!,
    passes: epochs[k]!,
  }));
}

/** The weights that a run learned. */
export function learnedRows({ summary: { tasks } }: FinishedRunLike) {
  const sum = tasks.reduce((total, { weight }) => total + weight, 0);
  return tasks.map(({ name, weight, otherWeight, size }) => ({
    task: name,
    weight,
    timesUniform: sum === 0 ? null : weight / sum * tasks.length,
    otherWeight: otherWeight ?? null,
    rows: size,
  }));
}

/** The scores of each task of an evaluation. */
export function scoreRows({ tasks }: EvalReportLike) {
  return tasks.map(({ task, queryIds, mean }) => ({
    task,
    queries: queryIds.length,
    ...mean,
  }));
}

/** The scores of each query of an evaluation. */
export function queryScoreRows({ tasks }: EvalReportLike) {
  return tasks.flatMap(({ task, queryIds, perQuery }) =>
    queryIds.map((query, q) => ({
      task,
      query,
      ...Object.fromEntries(
        Object.entries(perQuery).map(([metric, of]) => [metric, of[q]!]),
      ),
    }))
  );
}

/** What each update of a log did. */
export function updateRows(lines: readonly MetricsLineLike[]) {
  return lines.map((line) => ({
    stage: line.stage,
    step: line.step,
    loss: line.loss,
    gradNorm: line.gradNorm ?? null,
    learningRate: line.learningRate ?? null,
    tokens: line.tokens ?? null,
    seconds: line.seconds ?? null,
  }));
}

/** The same by task: those in the update, and where weights are learned all. */
export function updateTaskRows(
  lines: readonly MetricsLineLike[],
  names: readonly string[],
) {
  return lines.flatMap(({ stage, step, weights, otherWeights, ...line }) => {
    const { lossByTask = {}, referenceLossByTask = {} } = line;
    const losses = new Map(Object.entries(lossByTask));
    const references = new Map(Object.entries(referenceLossByTask));
    return names.flatMap((task, k) =>
      weights || losses.has(task)
        ? [{
          stage,
          step,
          task,
          loss: losses.get(task) ?? null,
          referenceLoss: references.get(task) ?? null,
          weight: weights?.[k] ?? null,
          otherWeight: otherWeights?.[k] ?? null,
        }]
        : []
    );
  });
}
