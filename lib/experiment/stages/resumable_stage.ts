import { join } from "node:path";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { cloneEncoder, disposeEncoder, type Encoder } from "../../model/mod.ts";
import {
  type Batch,
  batches,
  type BatchesOptions,
} from "../../sampling/mod.ts";
import {
  AdamW,
  type DevReport,
  DivergenceError,
  isDevReport,
  loadCheckpoint,
  type StepReport,
  trainable,
  type TrainOptions,
} from "../../train/mod.ts";
import type { OnlineMixture } from "../../dro/mod.ts";
import type { DevWatch } from "../dev/dev_watch.ts";
import {
  CheckpointKeeper,
  checkpointName,
  newestCheckpoint,
} from "./checkpoints.ts";
import type { MetricsLine } from "./metrics_log.ts";
import { samplerOptions, type StageInput } from "./stage_input.ts";
import { trainingOptions } from "./training_options.ts";

/** What a stage trains, and what it makes of each update. */
export interface Stage<Step extends StepReport, Result> {
  /** Name in progress, log and checkpoints. */
  name: string;
  /** What progress shows. */
  label: string;
  /** Updates. */
  steps: number;
  /** Sampling weight of each task, shape `[K]`. */
  weights: readonly number[];
  /** What changes the weights on the way, if anything does. */
  online?: OnlineMixture | undefined;
  /** How batches are drawn, where not as for the arms. */
  sampling?: Partial<BatchesOptions>;
  /**
   * Takes up what {@linkcode Stage.extra} gave at the checkpoint; `undefined` at the
   * start.
   */
  resume?(extra: unknown): void | Promise<void>;
  /** The updates, as they are made; evaluations may be among them. */
  updates(training: StageTraining): AsyncIterable<Step | DevReport>;
  /** What takes the evaluations, if there are any. */
  dev?: DevWatch | undefined;
  /** To be kept with the next checkpoint, beside the sampler's state. */
  extra?(): unknown;
  /** What the update adds to its line of the log. */
  line?(step: Step): Partial<MetricsLine>;
  /** What progress shows beside the count. */
  note(step: Step): string;
  /** Keeps the result; the checkpoints go only afterwards. */
  save(trained: TrainedModel): Promise<Result>;
  /** Whether the caller gets the model; otherwise it is freed in the end. */
  keepsEncoder: boolean;
}

/** The model that a stage came to. */
export interface TrainedModel {
  /** The model. */
  encoder: Encoder;
  /** Rows drawn from each task until then, shape `[K]`. */
  drawn: number[];
}

/** What {@linkcode Stage.updates} trains with. */
export interface StageTraining {
  /** The model. */
  encoder: Encoder;
  /** Its optimiser. */
  optimizer: AdamW;
  /** The batches that are left. */
  drawn: Iterable<Batch> | AsyncIterable<Batch>;
  /** Rate, lengths and the rest. */
  training: TrainOptions;
}

/**
 * Trains as a stage says, from its newest checkpoint on if an earlier try left
 * one: an update each gives a line of the log, now and then a checkpoint, and
 * progress. Left early it leaves a checkpoint.
 */
export async function* resumableStage<Step extends StepReport, Result>(
  input: StageInput,
  stage: Stage<Step, Result>,
): AsyncGenerator<ProgressEvent, Result> {
  const { options, suite, rows, base, log, signal } = input;
  const { name, label, steps: total } = stage;
  const checkpoints = join(options.out, "checkpoints", name);
  const training = trainingOptions(options, total);
  const found = await newestCheckpoint(checkpoints, training);
  const resumed = found?.checkpoint;
  const encoder = resumed?.encoder ?? cloneEncoder(base);
  const optimizer = resumed?.optimizer ??
    new AdamW(trainable(encoder, training), training);
  await stage.resume?.(resumed?.state.extra);
  let cursor = resumed?.state.cursor;
  await log.rewind(name, optimizer.step);

  const done = optimizer.step;
  const keeper = new CheckpointKeeper(checkpoints, {
    every: options.checkpointEvery,
    saved: done,
  });
  for (const damage of found?.damage ?? []) {
    const note = `${damage}; resuming from update ${done}`;
    yield { stage: `${name}, damaged`, label, done, total, note };
  }
  yield { stage: name, label, done, total };
  const { online } = stage;
  const drawn = batches(
    rows,
    online ? () => online.weights() : stage.weights,
    {
      ...samplerOptions(input),
      ...stage.sampling,
      count: total,
      cursor,
    },
  );
  keeper.pin(stage.dev?.pinned() ?? []);
  /** Saves the newest state if it is time to, or if it is the best so far. */
  const keep = async () => {
    const isBest = stage.dev?.isBest(optimizer.step) ?? false;
    if (!keeper.isDue(optimizer.step) && !isBest) return;
    await log.sync();
    await stage.dev?.sync();
    await keeper.save();
  };
  let finished = false;
  let diverged = false;
  let note: string | undefined;
  /** The model that is kept, if it isn't the last one. */
  let earlier: TrainedModel | undefined;
  try {
    const updates = stage.updates({
      encoder,
      optimizer,
      // Drawn only when it is its turn: its task follows from the update before.
      drawn: online ? inTurn(drawn) : drawn,
      training,
    });
    for await (const event of updates) {
      if (isDevReport(event)) {
        await stage.dev!.take(event);
        keeper.pin(stage.dev!.pinned());
      } else {
        cursor = event.cursor;
        online?.observe(event);
        note = stage.note(event);
        const names = suite.tasks.map((task) => task.name);
        await log.append({
          stage: name,
          step: event.step,
          loss: event.loss,
          lossByTask: meanByTask(names, event.domains, event.losses),
          ...stage.line?.(event),
          gradNorm: event.gradNorm,
          learningRate: event.learningRate,
          tokens: event.tokens,
          seconds: event.seconds,
        });
      }
      if (cursor) { // otherwise it's the start, which is known
        const state = { cursor, extra: stage.extra?.() };
        keeper.note({ encoder, optimizer, state });
        // An evaluation that is due belongs to what is kept of an update.
        if (isDevReport(event) || !stage.dev?.isDue(optimizer.step)) {
          await keep();
        }
      }
      yield {
        stage: name,
        label,
        done: optimizer.step,
        total,
        note: [note, stage.dev?.note()].filter(Boolean).join("  "),
        curve: stage.dev?.curve(),
      };
      signal?.throwIfAborted();
    }
    await log.sync();
    await stage.dev?.sync();
    if (optimizer.step < total) {
      const at = optimizer.step;
      yield {
        stage: name,
        label: `${label}: ended after ${at} of ${total} updates`,
        done: at,
        total: at,
        note: stage.dev?.note(),
      };
    }
    const kept = stage.dev?.kept()?.step ?? optimizer.step;
    if (kept !== optimizer.step) {
      earlier = await modelAt(kept, { checkpoints, input, training });
    }
    const last = { encoder, drawn: cursor!.drawn };
    const result = await stage.save(earlier ?? last);
    await keeper.drop();
    finished = true;
    return result;
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    diverged = true;
    await keeper.forget(optimizer.step); // the very state that fails
    error.message += input.fixedSettings
      ? "; run again with a lower --learning-rate and --force"
      : keeper.saved > 0
      ? `; the checkpoint of update ${keeper.saved} is kept: run again with ` +
        "a lower --learning-rate and --force-settings to resume from it"
      : "; there is no checkpoint before: run again with a lower --learning-rate and --force";
    throw error;
  } finally {
    if (!finished) await log.sync();
    // The updates just before a divergence may be what led to it.
    if (!finished && !diverged) await keeper.save();
    const given = finished && stage.keepsEncoder;
    if (!given || earlier) disposeEncoder(encoder);
    if (!given && earlier) disposeEncoder(earlier.encoder);
    optimizer.dispose();
  }
}

/** The same, of which nobody takes one ahead. */
async function* inTurn(drawn: Iterable<Batch>): AsyncGenerator<Batch> {
  yield* drawn;
}

/** The model as it was after so many updates. */
async function modelAt(
  updates: number,
  { checkpoints, input: { base, rows }, training }: {
    checkpoints: string;
    input: StageInput;
    training: TrainOptions;
  },
): Promise<TrainedModel> {
  if (updates === 0) {
    return { encoder: cloneEncoder(base), drawn: rows.map(() => 0) };
  }
  const folder = join(checkpoints, checkpointName(updates));
  const { encoder, optimizer, state } = await loadCheckpoint(folder, training);
  optimizer.dispose();
  return { encoder, drawn: state.cursor.drawn };
}

/** Mean loss by task name, of the tasks that are there. */
export function meanByTask(
  names: readonly string[],
  domains: readonly number[],
  losses: readonly number[],
): Record<string, number> {
  const sums = new Map<number, { sum: number; count: number }>();
  domains.forEach((domain, i) => {
    const entry = sums.get(domain) ?? { sum: 0, count: 0 };
    entry.sum += losses[i]!;
    entry.count++;
    sums.set(domain, entry);
  });
  return Object.fromEntries(
    [...sums].sort(([a], [b]) => a - b)
      .map(([k, { sum, count }]) => [names[k]!, sum / count]),
  );
}
