import {
  type Passage,
  passageText,
  type Suite,
  type Task,
  type TrainExample,
} from "../../data/mod.ts";
import { shuffled } from "../../base/shuffled.ts";
import { createRng } from "../../sampling/mod.ts";
import type { Teacher } from "./teacher.ts";
import type { DistilSettings } from "./distil_options.ts";

/** A row's one passage: what stands for it is the teacher's vector of the query. */
const TARGET: Passage = { id: "target", text: "" };

/**
 * The texts of each task that a query tower learns from, with their prefix: queries
 * that no dev or test judgment names, whether or not they have a train judgment, and
 * passages if that is asked for.
 *
 * @param suite The tasks.
 * @param teacher Says what stands before a task's queries.
 * @param settings Which texts, and how many.
 */
export function distilRows(
  suite: Suite,
  teacher: Pick<Teacher, "prefix">,
  { passagesAsQueries, maxTexts, seed }: Pick<
    DistilSettings,
    "passagesAsQueries" | "maxTexts" | "seed"
  >,
): TrainExample[][] {
  return suite.tasks.map((task, domain) => {
    const prefix = teacher.prefix(task);
    const texts = [
      ...unjudgedQueries(task),
      ...passagesAsQueries ? passagesOf(task) : [],
    ];
    const rng = createRng(seed, `distil/texts/${task.name}`);
    const taken = maxTexts === undefined || texts.length <= maxTexts
      ? texts
      : shuffled(texts, rng).slice(0, maxTexts);
    return taken.map(({ id, text }): TrainExample => ({
      domain,
      query: { id, text: (prefix + text).trim() },
      positives: [TARGET],
      negatives: [],
    }));
  });
}

/** Queries that nothing is measured by. */
function unjudgedQueries({ queries, qrels }: Task) {
  const measured = new Set([
    ...qrels.dev?.keys() ?? [],
    ...qrels.test?.keys() ?? [],
  ]);
  return [...queries.values()].filter(({ id }) => !measured.has(id));
}

function passagesOf({ corpus }: Task) {
  return [...corpus.values()].map((passage) => ({
    id: `passage ${passage.id}`,
    text: passageText(passage),
  }));
}
