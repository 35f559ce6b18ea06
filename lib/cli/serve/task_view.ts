import type { Passage, Qrels, Task } from "../../data/mod.ts";
import type { ServedRun } from "./served_run.ts";

/** The metric that tells good queries from bad ones. */
const METRIC = "nDCG@10";

/** Queries shown under each arm. */
const WORST = 10;

/** A query that an arm answered badly. */
export interface WorstQuery {
  /** Its id. */
  id: string;
  /** Its text; null if the suite lacks it. */
  text: string | null;
  /** Its nDCG@10. */
  ndcg: number;
  /** The arm that answered it best, if that is another one, and its nDCG@10. */
  better: { arm: string; ndcg: number } | null;
}

/** Mean nDCG@10 of a task by the name of the arm. */
export function taskMeans(
  { name }: Task,
  { reports }: Pick<ServedRun, "reports">,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(reports).flatMap(([arm, { tasks }]) => {
      const mean = tasks.find(({ task }) => task === name)?.mean[METRIC];
      return mean === undefined ? [] : [[arm, mean]];
    }),
  );
}

/**
 * The queries that each evaluated arm answered worst, the worst first. Many have 0
 * under all arms: of equal ones those come first that another arm can answer.
 */
export function worstQueries(
  task: Task,
  run: Pick<ServedRun, "reports">,
): Record<string, WorstQuery[]> {
  const all = scoresByArm(task, run);
  return Object.fromEntries(all.map(([arm, scores]) => {
    const others = all.filter(([other]) => other !== arm);
    const worst = [...scores]
      .map(([id, ndcg]) => ({
        id,
        text: task.queries.get(id)?.text ?? null,
        ndcg,
        better: bestAbove(ndcg, id, others),
      }))
      .sort((a, b) =>
        a.ndcg - b.ndcg || (b.better?.ndcg ?? 0) - (a.better?.ndcg ?? 0)
      );
    return [arm, worst.slice(0, WORST)];
  }));
}

/** Scores of an arm by query id. */
type ArmScores = [arm: string, scores: Map<string, number>];

/** Each evaluated arm with what it scored on the task's queries. */
function scoresByArm(
  { name }: Task,
  { reports }: Pick<ServedRun, "reports">,
): ArmScores[] {
  return Object.entries(reports).flatMap(([arm, { tasks }]): ArmScores[] => {
    const report = tasks.find(({ task }) => task === name);
    const scores = report?.perQuery[METRIC];
    if (!scores) return [];
    return [[arm, new Map(report!.queryIds.map((id, q) => [id, scores[q]!]))]];
  });
}

/** The arm with the largest score of a query above `least`. */
function bestAbove(
  least: number,
  query: string,
  arms: readonly ArmScores[],
): WorstQuery["better"] {
  let best: WorstQuery["better"] = null;
  for (const [arm, scores] of arms) {
    const ndcg = scores.get(query) ?? 0;
    if (ndcg > (best?.ndcg ?? least)) best = { arm, ndcg };
  }
  return best;
}

/** Judgments of the split that the run was evaluated on. */
export function judgmentsOf(
  task: Task,
  { reports }: Pick<ServedRun, "reports">,
): Qrels {
  const [report] = Object.values(reports);
  return task.qrels[report?.settings?.split ?? "test"] ?? new Map();
}

/** What was typed or chosen, with what is known to answer it. */
export interface AskedQuery {
  /** Its text, without prompt. */
  text: string;
  /** Its id, if it is a judged query of the task. */
  id: string | null;
  /** Grade by passage id; empty if nothing is judged. */
  grades: ReadonlyMap<string, number>;
}

/**
 * A judged query by its id, or a text; a text that is a judged query's counts as it.
 *
 * @returns The query; undefined if no judged query has the id.
 */
export function askedQuery(
  task: Task,
  asked: { id?: string | undefined; text: string },
  run: Pick<ServedRun, "reports">,
): AskedQuery | undefined {
  const judgments = judgmentsOf(task, run);
  const known = asked.id === undefined
    ? [...judgments.keys()].find((id) =>
      task.queries.get(id)?.text.trim() === asked.text.trim()
    )
    : asked.id;
  if (known === undefined) {
    return { text: asked.text, id: null, grades: new Map() };
  }
  const query = task.queries.get(known);
  const grades = judgments.get(known);
  if (!query || !grades) return;
  return { text: query.text, id: known, grades };
}

/** What the evaluation gave a query, by the name of the arm. */
export function queryScores(
  task: Task,
  id: string,
  run: Pick<ServedRun, "reports">,
): Record<string, number> {
  return Object.fromEntries(
    scoresByArm(task, run).flatMap(([arm, scores]) => {
      const score = scores.get(id);
      return score === undefined ? [] : [[arm, score]];
    }),
  );
}

/** Relevant passages of a query in the corpus, the best grades first. */
export function relevantPassages(
  { corpus }: Task,
  { grades }: AskedQuery,
): { passage: Passage; grade: number }[] {
  return [...grades].filter(([, grade]) => grade > 0)
    .sort(([, a], [, b]) => b - a)
    .flatMap(([id, grade]) => {
      const passage = corpus.get(id);
      return passage ? [{ passage, grade }] : [];
    });
}
