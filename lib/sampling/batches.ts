import type { TrainExample } from "../data/types.ts";
import { choosePassages, type PassageOrder } from "./choose_passages.ts";
import {
  freshSupply,
  isOver,
  type RowSupply,
  type StopRule,
  takeRow,
} from "./row_supply.ts";
import { createRng, restoreRng } from "./create_rng.ts";
import { cumulativeShares, drawTask } from "./draw_task.ts";
import { shuffled } from "../base/shuffled.ts";
import { stratifiedTasks } from "./stratified_tasks.ts";
import type { Batch, BatchExample, Rng, SamplerCursor } from "./types.ts";
import { passageText } from "../base/texts/passage_text.ts";
import { queryText } from "../base/texts/query_text.ts";

export type { PassageOrder, StopRule };

/**
 * How the tasks of a mixed batch are drawn: each row by itself (the reference's way),
 * or all together, so that each task has its share of every batch.
 */
export type TaskDraw = "independent" | "stratified";

/**
 * Order of a task's rows: shuffled once and then repeated (the reference's
 * way), shuffled anew for each pass, or as given.
 */
export type RowShuffle = "once" | "each-pass" | "none";

/** Options for {@linkcode batches}. */
export interface BatchesOptions {
  /** Rows per batch (B), an integer ≥ 1. */
  size: number;
  /** Seed of the whole run, any safe integer. */
  seed: number;
  /**
   * Passages per query (N): one positive and N − 1 hard negatives.
   * @default {2}
   */
  passages?: number;
  /**
   * Whether all rows of a batch come from one task: one draw of a task per
   * batch. Otherwise a task for each row, see `taskDraw`.
   * @default {true}
   */
  homogeneous?: boolean;
  /**
   * For homogeneous batches: several tasks to a batch, each drawn by itself, with equal
   * parts of its rows; two draws may be of one task. An integer in [1, size].
   * @default {1}
   */
  tasksPerBatch?: number;
  /** How the tasks of a mixed batch are drawn. @default {"independent"} */
  taskDraw?: TaskDraw;
  /**
   * Instruction of each task, put before its queries; `""` for none. Shape
   * `[K]`. Absent: no prompts.
   */
  prompts?: readonly string[];
  /** Task names for error messages, shape `[K]`. */
  names?: readonly string[];
  /**
   * Ends the run after this many batches, counted from the start of the run:
   * those before `cursor` count too. Absent: no limit.
   */
  count?: number;
  /** Where to go on from; absent: the start. */
  cursor?: SamplerCursor;
  /**
   * Ends the run by use of the rows. With a task of weight 0,
   * `"all-exhausted"` never ends it.
   * @default {"never"}
   */
  stop?: StopRule;
  /** Order of a task's rows. @default {"once"} */
  shuffle?: RowShuffle;
  /** Which positive of a row is taken. @default {"random"} */
  positive?: PassageOrder;
  /** Which hard negatives of a row are taken. @default {"random"} */
  negatives?: PassageOrder;
}

/**
 * Draws training batches from a mixture of tasks (spec sections 3.3 and 7).
 *
 * A task's share of the batches (or rows, if mixed) is its weight over the sum
 * of weights, whatever its size; a small task starts over when it is used up,
 * also inside a batch. A batch that the stop rule cuts short is dropped. Two
 * calls with the same arguments give the same batches, and a call with the
 * `cursor` of some batch gives exactly those that follow it: sampling can
 * stop and go on anywhere. Inputs are checked at the call, not at the first
 * batch.
 *
 * @param rows Training rows of each task, shape `[K][rows]`; the domain of
 * each row is its task's index.
 * @param weights Domain weights, shape `[K]`, finite and ≥ 0; need not sum to
 * 1. A task of weight 0 never appears and may be empty. A function gives those of the
 * next batch, whenever one is drawn.
 * @param options Batch size, seed and the rest.
 * @returns Batches, endless unless `count` or `stop` says otherwise.
 * @throws {RangeError} If shapes or values don't fit, a task with a weight has
 * no rows, or (while drawing) a row lacks a positive or hard negatives.
 *
 * @example Usage
 * ```ts
 * import { batches } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const row = (domain: number, id: string) => ({
 *   domain,
 *   query: { id, text: `query ${id}` },
 *   positives: [{ id: `${id}+`, text: "relevant" }],
 *   negatives: [{ id: `${id}-`, text: "not relevant" }],
 * });
 * const rows = [[row(0, "a"), row(0, "b")], [row(1, "c")]];
 *
 * const [batch] = batches(rows, [0.5, 0.5], { size: 4, seed: 1, count: 1 });
 * assert.equal(batch!.examples.length, 4);
 * assert.equal(new Set(batch!.examples.map((e) => e.domain)).size, 1);
 * ```
 */
export function batches(
  rows: readonly (readonly TrainExample[])[],
  weights: readonly number[] | (() => readonly number[]),
  options: BatchesOptions,
): Generator<Batch, void, undefined> {
  if (typeof weights !== "function") {
    checkInputs(rows, weights, options);
    const shares = cumulativeShares(weights);
    return draw(rows, () => shares, options);
  }
  checkInputs(rows, weights(), options);
  return draw(rows, () => {
    const now = weights();
    checkWeights(rows, now, options);
    return cumulativeShares(now);
  }, options);
}

function* draw(
  rows: readonly (readonly TrainExample[])[],
  sharesNow: () => readonly number[],
  options: BatchesOptions,
): Generator<Batch, void, undefined> {
  const {
    size,
    seed,
    homogeneous = true,
    tasksPerBatch = 1,
    taskDraw = "independent",
    count = Infinity,
    cursor,
    stop = "never",
  } = options;
  const taskRng = cursor
    ? restoreRng(cursor.taskRng)
    : createRng(seed, "sampling/task");
  const passageRng = cursor
    ? restoreRng(cursor.passageRng)
    : createRng(seed, "sampling/passages");
  const supply: RowSupply = cursor
    ? {
      next: [...cursor.next],
      done: [...cursor.done],
      drawn: [...cursor.drawn],
    }
    : freshSupply(rows.length);
  const sizes = rows.map((taskRows) => taskRows.length);
  const order = rowOrder(sizes, seed, options.shuffle ?? "once");

  for (let index = cursor?.batches ?? 0; index < count; index++) {
    const examples: BatchExample[] = [];
    const shares = sharesNow();
    const tasks = !homogeneous && taskDraw === "stratified"
      ? stratifiedTasks(shares, size, taskRng.next())
      : undefined;
    let domain = 0;
    while (examples.length < size) {
      if (tasks) domain = tasks[examples.length]!;
      else if (
        !homogeneous || beginsPart(examples.length, { size, tasksPerBatch })
      ) domain = drawTask(shares, taskRng.next());
      if (isOver(supply, stop)) return;
      const pass = Math.floor(supply.drawn[domain]! / sizes[domain]!);
      const row = order(domain, pass)[takeRow(supply, sizes, domain)]!;
      const example = rows[domain]![row]!;
      examples.push(batchExample({ example, row }, passageRng, options));
    }
    yield {
      index,
      examples,
      cursor: {
        batches: index + 1,
        taskRng: taskRng.state(),
        passageRng: passageRng.state(),
        next: [...supply.next],
        done: [...supply.done],
        drawn: [...supply.drawn],
      },
    };
  }
}

/** Whether a row is the first of a part of its batch, which has one task. */
function beginsPart(
  row: number,
  { size, tasksPerBatch }: { size: number; tasksPerBatch: number },
): boolean {
  const part = (i: number) => Math.floor(i * tasksPerBatch / size);
  return row === 0 || part(row) !== part(row - 1);
}

function batchExample(
  { example, row }: { example: TrainExample; row: number },
  rng: Rng,
  { passages: count = 2, prompts, names, positive, negatives }: BatchesOptions,
): BatchExample {
  const { domain, query } = example;
  const passages = choosePassages(example, {
    count,
    rng,
    positive: positive ?? "random",
    negatives: negatives ?? "random",
    taskName: nameOf(names, domain),
  });
  return {
    domain,
    row,
    query,
    queryText: queryText(prompts?.[domain] ?? "", query.text),
    passages,
    passageTexts: passages.map((passage) => passageText(passage)),
    positiveIds: new Set(example.positives.map((passage) => passage.id)),
  };
}

/** Gives a task's row numbers in the order of a pass; remembers one pass. */
function rowOrder(
  sizes: readonly number[],
  seed: number,
  shuffle: RowShuffle,
): (domain: number, pass: number) => readonly number[] {
  const orders: { pass: number; order: number[] }[] = [];
  return (domain, pass) => {
    const shuffledPass = shuffle === "each-pass" ? pass : 0;
    if (orders[domain]?.pass !== shuffledPass) {
      const inFile = Array.from({ length: sizes[domain]! }, (_, row) => row);
      // A stream for each task and pass: an order depends on nothing that was
      // drawn before it, so that a resumed run finds it again.
      const rng = createRng(seed, `sampling/rows/${domain}/${shuffledPass}`);
      orders[domain] = {
        pass: shuffledPass,
        order: shuffle === "none" ? inFile : shuffled(inFile, rng),
      };
    }
    return orders[domain]!.order;
  };
}

function nameOf(names: readonly string[] | undefined, domain: number): string {
  const name = names?.[domain];
  return name === undefined ? `task ${domain}` : `task ${JSON.stringify(name)}`;
}

function checkInputs(
  rows: readonly (readonly TrainExample[])[],
  weights: readonly number[],
  {
    size,
    seed,
    passages = 2,
    tasksPerBatch = 1,
    count,
    prompts,
    names,
    cursor,
  }: BatchesOptions,
): void {
  createRng(seed, "check"); // throws for a bad seed
  if (cursor) [cursor.taskRng, cursor.passageRng].forEach(restoreRng);
  const fail = (reason: string): never => {
    throw new RangeError(`Cannot make batches: ${reason}`);
  };
  if (rows.length === 0) fail("there are no tasks");
  for (const [what, value] of Object.entries({ size, passages })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      fail(`${what} must be an integer >= 1: got ${value}`);
    }
  }
  if (
    !(Number.isSafeInteger(tasksPerBatch) && tasksPerBatch >= 1 &&
      tasksPerBatch <= size)
  ) {
    fail(
      `tasksPerBatch must be an integer in [1, ${size}], the rows of a batch: got ${tasksPerBatch}`,
    );
  }
  if (count !== undefined && !(count >= 0)) {
    fail(`count must be >= 0: got ${count}`);
  }
  const perTask = {
    weights,
    prompts,
    names,
    "cursor.next": cursor?.next,
    "cursor.done": cursor?.done,
    "cursor.drawn": cursor?.drawn,
  };
  for (const [what, list] of Object.entries(perTask)) {
    if (list && list.length !== rows.length) {
      fail(
        `${what} must have one entry for each of the ${rows.length} tasks: got ${list.length}`,
      );
    }
  }
  checkWeights(rows, weights, { names });
  rows.forEach((taskRows, domain) => {
    const stray = taskRows.findIndex((example) => example.domain !== domain);
    if (stray >= 0) {
      fail(
        `rows[${domain}][${stray}] must have domain ${domain}: got ${
          taskRows[stray]!.domain
        }`,
      );
    }
    const next = cursor?.next[domain] ?? 0;
    if (next !== 0 && !(next > 0 && next < taskRows.length)) {
      fail(
        `cursor.next[${domain}] must be below ${taskRows.length}, the rows of ${
          nameOf(names, domain)
        }: got ${next}; resume with the data the run began with`,
      );
    }
  });
}

/** Refuses weights of other tasks, and a weight for a task without rows. */
function checkWeights(
  rows: readonly (readonly TrainExample[])[],
  weights: readonly number[],
  { names }: Pick<BatchesOptions, "names">,
): void {
  if (weights.length !== rows.length) {
    throw new RangeError(
      `Cannot make batches: weights must have one entry for each of the ${rows.length} tasks: got ${weights.length}`,
    );
  }
  const bare = rows.findIndex((taskRows, domain) =>
    weights[domain]! > 0 && taskRows.length === 0
  );
  if (bare < 0) return;
  throw new RangeError(
    `Cannot make batches: ${nameOf(names, bare)} has weight ${
      weights[bare]
    } but no training rows; give it rows or weight 0`,
  );
}
