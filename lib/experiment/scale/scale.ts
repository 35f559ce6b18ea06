import { join } from "node:path";
import { z } from "zod";
import type { Backend } from "../../backend/mod.ts";
import { lockFolder } from "../../base/files/folder_lock.ts";
import { readJsonIfThere, writeJson } from "../../base/files/json_file.ts";
import { shuffled } from "../../base/shuffled.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { inRow, prefixed, withoutLines } from "../../base/progress_rows.ts";
import type { Qrels, Suite, Task } from "../../data/mod.ts";
import {
  disposeEncoder,
  encodeFunction,
  loadEncoder,
} from "../../model/mod.ts";
import { createRng, mixture } from "../../sampling/mod.ts";
import { parameterCounts } from "../distil/tower_rows.ts";
import { mineSuite } from "../mine_suite.ts";
import { asJson, firstDifference, identityOf } from "../run_folder.ts";
import { MetricsLog } from "../stages/metrics_log.ts";
import { checkSuite } from "../stages/check_suite.ts";
import {
  planRetriever,
  trainRetriever,
  type TrainRetrieverOptions,
} from "../train_retriever.ts";
import type { RunPlan } from "../plan/run_plan.ts";
import { contrastiveEntropy } from "./contrastive_entropy.ts";
import { fitScaling, hasLaw, type ScalingFit } from "./fit_scaling.ts";
import { foretoldLargest, type ForetoldTraining } from "./foretold_largest.ts";
import { type GridSteps, lossesThatRise } from "./losses_that_rise.ts";
import { lawRecord } from "./law_record.ts";
import {
  headsOf,
  parseScaleOptions,
  type ScaleSettings,
  sizeOf,
} from "./scale_options.ts";

/** What {@linkcode scale} needs beside the settings. */
export interface ScaleOptions extends Partial<ScaleSettings> {
  /** What tensors are computed with: the result of `useBackend()`. */
  backend: Backend;
  /** Sampling weight of each task, shape `[K]`. @default {uniform} */
  weights?: readonly number[];
  /** Stops the work at the next step and leaves a checkpoint. */
  signal?: AbortSignal;
}

/** One training of the grid. */
export interface ScaleCell {
  /** Its name, also that of its folder. */
  name: string;
  /** The size, as `LAYERSxWIDTH`. */
  size: string;
  /** Share of the training queries. */
  share: number;
  /** Seed. */
  seed: number;
  /** Parameters without those of tables that are looked up by token. */
  parameters: number;
  /** Training queries with a judgment, of all tasks together. */
  data: number;
  /** Tokens that training read. */
  tokens: number;
  /** Mean contrastive entropy over the tasks, in nats. */
  loss: number;
  /** The same of each task. */
  lossByTask: Record<string, number>;
}

/** What a grid came to. */
export interface ScaleResult {
  /** Its folder. */
  folder: string;
  /** The trainings. */
  cells: ScaleCell[];
  /** The law; absent where the grid is too small for one. */
  fit?: ScalingFit;
  /** What it foretells of the largest size, fitted without that; none below five. */
  foretold?: ForetoldTraining[];
  /** Where the loss rises with size or data, which no law allows. */
  steps: GridSteps;
}

const RECORD = "scale.json";

const cellSchema: z.ZodType<ScaleCell> = z.object({
  name: z.string(),
  size: z.string(),
  share: z.number(),
  seed: z.int(),
  parameters: z.int().positive(),
  data: z.int().positive(),
  tokens: z.int().positive(),
  loss: z.number().min(0),
  lossByTask: z.record(z.string(), z.number()),
});

/**
 * Trains encoders from scratch, of several sizes on several amounts of data, measures
 * the contrastive entropy of each on queries that were held out, and fits a law of
 * scaling. Interrupted, it goes on where it stopped; more sizes, shares or seeds in
 * the same folder train what is new alone.
 *
 * @param suite The tasks, each with train and test judgments.
 * @param options The grid.
 * @returns Progress; at the end the trainings and the law.
 * @throws {RangeError} If a setting is out of bounds, or the folder holds a grid of
 * other settings.
 *
 * @example Usage
 * ```ts ignore
 * import { useBackend } from "@tdro/tdro/backend";
 * import { openSuite } from "@tdro/tdro/data";
 * import { scale } from "@tdro/tdro/experiment";
 *
 * const grid = scale(await openSuite("my/suite"), {
 *   backend: await useBackend(),
 *   sizes: ["1x32", "1x64", "2x64", "2x128"],
 *   data: [0.25, 0.5, 1],
 *   out: "runs/scale",
 * });
 * for await (const { label, done, total } of grid) console.log(label, done, total);
 * ```
 */
export async function* scale(
  suite: Suite,
  { backend, weights = mixture(suite, "uniform"), signal, ...given }:
    ScaleOptions,
): AsyncGenerator<ProgressEvent, ScaleResult> {
  const settings = parseScaleOptions(given);
  checkSuite(suite, { tasks: 1 });
  const { out } = settings;
  const identity = await gridIdentity(suite, { settings, backend, weights });
  await refuseOtherGrid(out, identity);
  await using _ = await lockFolder(out);
  await writeJson(join(out, RECORD), identity);
  const wanted = gridOf(settings);
  const event = {
    stage: "grid",
    label: "training the grid",
    total: wanted.length,
  };
  const cells: ScaleCell[] = [];
  const context: GridContext = {
    suite,
    settings,
    backend,
    weights,
    signal,
    parts: new Map(),
    planTold: false,
  };
  for (const [done, cell] of wanted.entries()) {
    yield { ...event, done, note: cell.name };
    signal?.throwIfAborted();
    const path = join(out, "cells", `${cell.name}.json`);
    const before = await readJsonIfThere(path, cellSchema);
    const found = before ?? (yield* trained(cell, context));
    if (!before) await writeJson(path, found);
    cells.push(found);
  }
  yield { ...event, done: wanted.length };
  const { resamples } = settings;
  const fit = hasLaw(cells) ? fitScaling(cells, { resamples }) : undefined;
  const foretold = fit && foretoldLargest(cells, { resamples });
  const steps = lossesThatRise(cells);
  const result = { cells, steps, ...fit && { fit, foretold } };
  await writeJson(join(out, "law.json"), {
    format: "tdro-law/1",
    ...lawRecord(result),
  });
  return { folder: out, ...result };
}

/**
 * What the largest training of a grid would take, and how many there are. Nothing is
 * written.
 *
 * @param suite The tasks.
 * @param options The grid.
 * @returns Progress; at the end the plan of the largest training, and the number of
 * trainings.
 * @throws As the grid would.
 */
export async function* planScale(
  suite: Suite,
  { backend, weights = mixture(suite, "uniform"), signal, ...given }:
    ScaleOptions,
): AsyncGenerator<ProgressEvent, { trainings: number; largest: RunPlan }> {
  const settings = parseScaleOptions(given);
  checkSuite(suite, { tasks: 1 });
  const grid = gridOf(settings);
  const width = ({ size }: Cell) => {
    const { layers, hiddenSize } = sizeOf(size);
    return layers * hiddenSize ** 2;
  };
  const largest = grid.reduce((a, b) => width(b) >= width(a) ? b : a);
  const plan = yield* planRetriever(
    suite,
    cellOptions(largest, { settings, backend, weights, signal }),
  );
  return { trainings: grid.length, largest: plan };
}

/** What tells a training of the grid. */
type Cell = Pick<ScaleCell, "name" | "size" | "share" | "seed">;

/** What a training needs beside its place in the grid. */
interface CellContext {
  settings: ScaleSettings;
  backend: Backend;
  weights: readonly number[];
  signal: AbortSignal | undefined;
}

/** Small ones first, so that what is wrong shows early. */
function gridOf({ sizes, data, seeds }: ScaleSettings): Cell[] {
  return sizes.flatMap((size) =>
    data.flatMap((share) =>
      seeds.map((seed) => ({
        name: `${size}-${share}-${seed}`,
        size,
        share,
        seed,
      }))
    )
  );
}

function cellOptions(
  { name, size, seed }: Cell,
  { settings, backend, weights, signal }: CellContext,
): TrainRetrieverOptions {
  const { out, steps, batchSize, passages, learningRate } = settings;
  const { vocabSize, queryLength, passageLength, prompts } = settings;
  return {
    backend,
    weights,
    seed,
    evaluate: false,
    ...signal && { signal },
    steps,
    batchSize,
    passages,
    learningRate,
    vocabSize,
    prompts,
    queryLength,
    passageLength,
    ...sizeOf(size),
    heads: headsOf(sizeOf(size)),
    out: join(out, "runs", name),
  };
}

/** What a grid's trainings share. */
interface GridContext extends CellContext {
  suite: Suite;
  /** Parts that are mined, by share and seed. */
  parts: Map<string, MinedPart>;
  /** Whether the plan of a training has been shown. */
  planTold: boolean;
}

/** A share of each task's training queries, and the folder of its hard negatives. */
interface MinedPart {
  part: Suite;
  mined: string;
}

async function* trained(
  cell: Cell,
  context: GridContext,
): AsyncGenerator<ProgressEvent, ScaleCell> {
  const { suite, settings, signal } = context;
  const named = <T>(events: AsyncGenerator<ProgressEvent, T>) =>
    inRow(cell.name, prefixed(cell.name, events));
  const { part, mined } = yield* named(minedPart(cell, context));
  const training = trainRetriever(part, {
    ...cellOptions(cell, context),
    mined,
  });
  // The plans of the trainings differ by little.
  const { model, folder } = yield* named(
    context.planTold ? withoutLines(training) : training,
  );
  context.planTold = true;
  const encoder = await loadEncoder(model);
  try {
    const { queryLength, passageLength, prompts } = settings;
    const encode = encodeFunction(encoder, { queryLength, passageLength });
    const { testQueries: queries, negatives, draws } = settings;
    const { mean: loss, byTask } = await contrastiveEntropy(encode, suite, {
      queries,
      negatives,
      draws,
      prompts,
      signal,
    });
    return {
      ...cell,
      parameters: parameterCounts(encoder).computed,
      data: part.tasks.reduce((n, { qrels }) => n + qrels.train!.size, 0),
      tokens: (await new MetricsLog(folder).lines())
        .reduce((n, { tokens }) => n + tokens, 0),
      loss,
      lossByTask: byTask,
    };
  } finally {
    disposeEncoder(encoder);
  }
}

/** Mined once for all sizes: on large corpora it takes longer than a small encoder. */
async function* minedPart(
  { share, seed }: Cell,
  { suite, settings, backend, signal, parts }: GridContext,
): AsyncGenerator<ProgressEvent, MinedPart> {
  const name = `${share}-${seed}`;
  const before = parts.get(name);
  if (before) return before;
  const part = partOf(suite, share);
  const mined = join(settings.out, "mined", name);
  yield* mineSuite(part, {
    out: mined,
    seed,
    prompts: settings.prompts,
    backend: backend.name,
    ...signal && { signal },
  });
  const found = { part, mined };
  parts.set(name, found);
  return found;
}

/** A suite with a share of each task's training queries; smaller ones are within. */
function partOf(suite: Suite, share: number): Suite {
  if (share === 1) return suite;
  const part = (task: Task): Qrels => {
    const ids = [...task.qrels.train!.keys()];
    const rng = createRng(1, `scale/${task.name}`);
    const kept = new Set(
      shuffled(ids, rng).slice(0, Math.max(1, Math.round(share * ids.length))),
    );
    return new Map([...task.qrels.train!].filter(([id]) => kept.has(id)));
  };
  return {
    ...suite,
    tasks: suite.tasks.map((task) => ({
      ...task,
      qrels: { ...task.qrels, train: part(task) },
    })),
  };
}

/** All that every training of a grid depends on. */
async function gridIdentity(
  suite: Suite,
  { settings, backend, weights }: Omit<CellContext, "signal">,
): Promise<Record<string, unknown>> {
  const { out: _, sizes, data, seeds, resamples: __, ...options } = settings;
  return {
    format: "tdro-scale/2",
    options: { ...options, weights },
    grid: { sizes, data, seeds },
    ...await identityOf(suite, backend),
  };
}

const recordSchema = z.looseObject({
  format: z.literal("tdro-scale/2"),
  options: z.looseObject({}),
  suite: z.looseObject({}),
  backend: z.looseObject({}),
});

async function refuseOtherGrid(
  folder: string,
  identity: Record<string, unknown>,
): Promise<void> {
  const before = await readJsonIfThere(join(folder, RECORD), recordSchema);
  if (!before) return;
  const { grid: _, ...now } = asJson(identity);
  const { grid: __, ...then } = before;
  const difference = firstDifference(now, then);
  if (difference === undefined) return;
  throw new RangeError(
    `Cannot scale in ${folder}: it holds a grid with other settings (${difference}); choose another folder with --out`,
  );
}
