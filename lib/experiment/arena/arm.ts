import { join } from "node:path";
import { writeWhole } from "../../data/mod.ts";
import { type Strategy, weightFile, writeWeightFile } from "../../dro/mod.ts";
import type { EvalReport } from "../../eval/mod.ts";
import { disposeEncoder, type Encoder } from "../../model/mod.ts";
import { arenaContext } from "./context.ts";
import { Journal } from "./journal.ts";
import type { ArenaArm } from "./result.ts";
import { evaluateModel } from "../stages/evaluate_arm.ts";
import type { ProgressEvent } from "../progress_event.ts";
import { METRIC } from "../summary.ts";
import { type StageInput, trainArm } from "../stages/train_arm.ts";

/** What an arm needs beside the seed's stage input. */
export interface ArmParts {
  /** Settings, rows, start and log of the seed. */
  input: StageInput;
  /** How its mixture is chosen. */
  strategy: Strategy;
  /** Proxy steps that it may spend. */
  budget: number;
  /** Most dev queries of a task whose loss is taken. */
  devQueries: number;
  /** The uniformly trained model of this seed. */
  reference(): Promise<Encoder>;
}

/** What choosing came to. */
interface Choice {
  weights: number[];
  proxySteps: number;
  referenceSteps: number;
}

/** Name of a strategy as that of a folder, on any system. */
export function slugOf(name: string): string {
  return name.replaceAll(/[^\w.-]/g, "_");
}

/**
 * One arm with one seed: chooses the mixture, trains a retriever on it and
 * evaluates it. Each part that is done is kept in the arm's folder, the result
 * last, so an interrupted arm goes on where it stopped.
 */
export async function* runArm(
  parts: ArmParts,
): AsyncGenerator<ProgressEvent, ArenaArm> {
  const { input, strategy } = parts;
  const { options, suite, rows } = input;
  const slug = slugOf(strategy.name);
  const folder = join(options.out, "arms", slug);
  const file = join(folder, "result.json");
  const title = `${strategy.name}, seed ${options.seed}`;
  const before = await read<ArenaArm & { formula: string }>(file);
  if (before) {
    if (before.formula !== strategy.formula) {
      throw new RangeError(
        `Cannot compare with ${folder}: its weights were learned by another formula (${before.formula}); remove the folder or name another one by --out`,
      );
    }
    yield { stage: title, label: `${title}: done before`, done: 1, total: 1 };
    const { formula: _, ...arm } = before;
    return arm;
  }
  await Deno.mkdir(folder, { recursive: true });
  const seconds = await read<ArenaArm["seconds"]>(
    join(folder, "seconds.json"),
  ) ?? { learn: 0, train: 0, evaluate: 0 };

  /** Runs one part and adds up its time, also over tries. */
  async function* timed<T>(
    part: keyof ArenaArm["seconds"],
    events: AsyncGenerator<ProgressEvent, T>,
  ): AsyncGenerator<ProgressEvent, T> {
    const started = performance.now();
    try {
      return yield* events;
    } finally {
      seconds[part] += (performance.now() - started) / 1000;
      await writeJson(join(folder, "seconds.json"), seconds);
    }
  }

  const choice = yield* timed("learn", choose(parts, folder, title));
  const trained = yield* timed(
    "train",
    prefixed(title, trainArm(input, { name: slug, weights: choice.weights })),
  );
  let report: EvalReport;
  try {
    report = yield* timed("evaluate", scored(parts, trained.encoder, title));
  } finally {
    disposeEncoder(trained.encoder);
  }
  const sizes = rows.map((r) => r.length);
  const total = sizes.reduce((a, b) => a + b, 0);
  const share = (rowsOf: (k: number) => number) =>
    suite.tasks.reduce((sum, _, k) => sum + rowsOf(k), 0) / total;
  const arm: ArenaArm = {
    strategy: strategy.name,
    seed: options.seed,
    ...choice,
    dataUsed: share((k) => choice.weights[k]! > 0 ? sizes[k]! : 0),
    rowsSeen: share((k) => Math.min(trained.drawn[k]!, sizes[k]!)),
    seconds,
    report,
  };
  await writeJson(file, { formula: strategy.formula, ...arm });
  return arm;
}

/** Chooses the weights, or takes those of an earlier try. */
async function* choose(
  parts: ArmParts,
  folder: string,
  title: string,
): AsyncGenerator<ProgressEvent, Choice> {
  const { input, strategy, budget } = parts;
  const file = join(folder, "learned.json");
  const before = await read<Choice>(file);
  if (before) return before;
  const journal = await Journal.open(join(folder, "journal.jsonl"));
  const context = arenaContext({
    ...parts,
    slug: slugOf(strategy.name),
    journal,
  });
  const stage = `${title}: mixture`;
  const label = `choosing a mixture (${title})`;
  let weights: number[];
  const learning = strategy.learn(context);
  try {
    if (strategy.cost !== "0") yield { stage, label, done: 0, total: budget };
    while (true) {
      const next = await learning.next();
      if (next.done) {
        weights = next.value;
        break;
      }
      const { note } = next.value;
      yield {
        stage,
        label,
        done: Math.min(budget, Math.round(next.value.done)),
        total: budget,
        ...(note ? { note } : {}),
      };
      input.signal?.throwIfAborted();
    }
  } finally {
    await learning.return(undefined as never);
    context.dispose();
  }
  checkWeights(weights, strategy, input.suite.tasks.length);
  await writeWeightFile(
    join(folder, "weights.json"),
    weightFile({ names: context.names, sizes: context.sizes, weights }),
  );
  const choice: Choice = {
    weights,
    proxySteps: context.spent(),
    referenceSteps: context.usedReference() ? input.options.steps : 0,
  };
  await writeJson(file, choice);
  await journal.drop();
  return choice;
}

async function* scored(
  { input: { options, suite, signal } }: ArmParts,
  encoder: Encoder,
  title: string,
): AsyncGenerator<ProgressEvent, EvalReport> {
  const event = {
    stage: `${title}: evaluation`,
    label: `evaluating ${title}`,
    total: suite.tasks.length,
  };
  yield { ...event, done: 0 };
  const tasks = evaluateModel(encoder, options, suite, signal);
  for (let done = 1;; done++) {
    const next = await tasks.next();
    if (next.done) return next.value;
    const { task, mean } = next.value;
    yield { ...event, done, note: `${task}: ${mean[METRIC]!.toFixed(3)}` };
  }
}

/** Progress of a stage that doesn't know its seed. */
export async function* prefixed<T>(
  title: string,
  events: AsyncGenerator<ProgressEvent, T>,
): AsyncGenerator<ProgressEvent, T> {
  try {
    while (true) {
      const next = await events.next();
      if (next.done) return next.value;
      const { stage, label } = next.value;
      yield {
        ...next.value,
        stage: `${title}: ${stage}`,
        label: `${label} (${title})`,
      };
    }
  } finally {
    // Left early: the stage must keep its checkpoint.
    await events.return(undefined as never);
  }
}

function checkWeights(
  weights: readonly number[],
  { name }: Strategy,
  tasks: number,
): void {
  const total = weights.reduce((a, b) => a + b, 0);
  if (
    weights.length === tasks && weights.every((w) => w >= 0) &&
    Math.abs(total - 1) < 1e-6
  ) return;
  throw new RangeError(
    `Cannot train on the weights of ${name}: they must be ${tasks} numbers >= 0 of sum 1: got ${
      weights.join(", ")
    }`,
  );
}

async function read<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeWhole(path, JSON.stringify(value, null, 1) + "\n");
}
