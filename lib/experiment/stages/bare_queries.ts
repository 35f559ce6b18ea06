import { normaliseText } from "../../data/mod.ts";
import type { Passage, Suite, Task, TrainExample } from "../../data/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";

/** Training queries of a task without a hard negative. */
export interface BareCounts {
  /** How many there are. */
  bareQueries: number;
  /** How many of them are not trained on. */
  bareLeftOut: number;
}

/** Rows that all have a hard negative, and what that took. */
export interface FilledRows {
  /** Rows of each task. */
  rows: TrainExample[][];
  /** Counts of each task. */
  counts: BareCounts[];
}

/**
 * Leaves out rows without a hard negative, since a batch needs one of each; or puts
 * positives of the task's other queries in their place (`bareQueries:
 * "in-batch"`), drawn at random, which any in-batch loss has for negatives too.
 * Never taken is what is relevant to the query in any split, or reads like that or
 * like the query; a query for which nothing remains is left out all the same.
 *
 * @param rows Rows of each task.
 * @param suite The tasks.
 * @param options What to do, how many negatives, and the seed.
 * @throws {RangeError} If no row of a task is left.
 */
export function fillBareRows(
  rows: readonly (readonly TrainExample[])[],
  suite: Suite,
  options: Pick<ExperimentOptions, "bareQueries" | "negatives" | "seed">,
): FilledRows {
  const filled = suite.tasks.map((task, k) =>
    fillTask(rows[k]!, task, options)
  );
  return {
    rows: filled.map(({ rows }) => rows),
    counts: filled.map(({ counts }) => counts),
  };
}

function fillTask(
  given: readonly TrainExample[],
  task: Task,
  options: Parameters<typeof fillBareRows>[2],
) {
  const stand = options.bareQueries === "in-batch"
    ? standIns(given, task, options)
    : () => [];
  let bareQueries = 0;
  const rows = given.flatMap((row) => {
    if (row.negatives.length > 0) return row;
    bareQueries++;
    const negatives = stand(row);
    return negatives.length > 0 ? { ...row, negatives } : [];
  });
  const bareLeftOut = given.length - rows.length;
  if (rows.length === 0) throw allBare(given, task, options);
  return { rows, counts: { bareQueries, bareLeftOut } };
}

/** Finds positives of other rows that may stand for a row's negatives. */
function standIns(
  rows: readonly TrainExample[],
  task: Task,
  { negatives, seed }: Parameters<typeof fillBareRows>[2],
): (row: TrainExample) => Passage[] {
  const rng = createRng(seed, `in-batch/${task.name}`);
  const pool = [
    ...new Map(
      rows.flatMap(({ positives }) => positives).map((p) => [p.id, p]),
    ).values(),
  ];
  return ({ query, positives }) => {
    const known = new Set(positives.map(({ id }) => id));
    for (const qrels of Object.values(task.qrels)) {
      for (const [id, grade] of qrels.get(query.id) ?? []) {
        if (grade > 0) known.add(id);
      }
    }
    const texts = new Set(
      [query.text, ...positives.map(read)].map(normaliseText),
    );
    const others = pool.filter((passage) =>
      !known.has(passage.id) && !texts.has(normaliseText(read(passage)))
    );
    const count = Math.min(negatives, others.length);
    for (let at = 0; at < count; at++) {
      const pick = at + rng.int(others.length - at);
      [others[at], others[pick]] = [others[pick]!, others[at]!];
    }
    return others.slice(0, count);
  };
}

function read({ text, title }: Passage): string {
  return text || title || "";
}

function allBare(
  rows: readonly TrainExample[],
  task: Task,
  { bareQueries }: Pick<ExperimentOptions, "bareQueries">,
): RangeError {
  return new RangeError(
    `Cannot run the experiment: all ${rows.length} training queries of task ${
      JSON.stringify(task.name)
    }, such as query ${
      JSON.stringify(rows[0]!.query.id)
    }, have no hard negatives: its corpus holds only answers to them, and passages that read or score too much like those; add passages, ${
      bareQueries === "in-batch"
        ? ""
        : "take positives of other queries with --bare-queries in-batch, "
    }or leave the task out`,
  );
}

/** One sentence on the queries without a hard negative; none if there are none. */
export function bareSentence(
  counts: Readonly<Record<string, BareCounts>>,
): string | undefined {
  const told = Object.entries(counts).filter(([, c]) => c.bareQueries > 0);
  if (told.length === 0) return;
  const sum = (of: keyof BareCounts) =>
    told.reduce((total, [, count]) => total + count[of], 0);
  const [bare, out] = [sum("bareQueries"), sum("bareLeftOut")];
  const fate = out === bare
    ? "left out; --bare-queries in-batch takes positives of other queries for them"
    : out === 0
    ? "got positives of other queries"
    : `${bare - out} got positives of other queries, ${out} are left out`;
  return `training queries without a hard negative: ${
    told.map(([task, count]) => `${task} ${count.bareQueries}`).join(", ")
  } (${fate})`;
}
