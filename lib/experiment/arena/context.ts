import { join } from "node:path";
import { answeredQueries } from "../../base/answered_queries.ts";
import { relay } from "../../base/relay.ts";
import { readSealed, writeSealed } from "../../base/files/sealed_json.ts";
import { type Suite, trainExamples } from "../../data/mod.ts";
import type { StrategyContext, StrategyCosts } from "../../dro/mod.ts";
import type { Encoder } from "../../model/mod.ts";
import { type Batch, batches, createRng } from "../../sampling/mod.ts";
import type { Journal } from "./journal.ts";
import type { LossStageRecord } from "./loss_stages.ts";
import { ArenaProxy } from "./proxy.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import { samplerOptions, type StageInput } from "../stages/stage_input.ts";
import { learnByLosses } from "../stages/learn_mixture.ts";
import { weightStateSchema } from "../stages/result_schemas.ts";

/** What a context is made of. */
export interface ArenaContextParts {
  /** Settings, rows, start and log of the seed. */
  input: StageInput;
  /** Name of the strategy's folder. */
  slug: string;
  /** Proxy steps that may be spent. */
  budget: number;
  /** Most dev queries of a task whose loss is taken. */
  devQueries: number;
  /** Answers of an earlier try. */
  journal: Journal;
  /** The uniformly trained model; loaded when it is first needed. */
  reference(): Promise<Encoder>;
  /** Which of several runs of the strategy it is, from 0. @default {0} */
  number?: number;
}

/** A context, and what was used of it. */
export interface ArenaContext extends StrategyContext {
  /** Whether the uniformly trained model was used. */
  usedReference(): boolean;
  /** What the strategy kept for its mixture in training. */
  kept(): unknown;
  /** The stages 1 that it learned from. */
  lossStages(): LossStageRecord[];
  /** Frees proxies that are left. */
  dispose(): void;
}

/** What a strategy may use in the arena; everything is counted. */
export function arenaContext(parts: ArenaContextParts): ArenaContext {
  const { input, slug, budget, journal, number = 0 } = parts;
  const { options, suite, rows } = input;
  let spent = 0;
  let losses = 0;
  let referenceUsed = false;
  let kept: unknown;
  const lossStages: LossStageRecord[] = [];
  const live = new Set<ArenaProxy>();
  const others: ArenaContext[] = [];
  const pay = (cost: number) => {
    // Thirds don't add up exactly.
    if (spent + cost > budget + 1e-6) {
      throw new RangeError(
        `Cannot train a proxy: ${slug} has spent ${spent} of its ${budget} proxy steps, and wants ${cost} more`,
      );
    }
    spent += cost;
  };
  const devSizes = suite.tasks.map((task) => devSize(task, parts));
  const costs = useCosts(options, devSizes);
  let devBatches: Batch[][] | undefined;
  const dev = () => {
    needDev(suite, slug);
    return devBatches ??= devRows(suite, options, devSizes);
  };

  return {
    names: suite.tasks.map((t) => t.name),
    sizes: rows.map((r) => r.length),
    proxySteps: budget,
    costs,
    keep: (value) => void (kept = value),
    kept: () => kept,
    lossStages: () => [
      ...lossStages,
      ...others.flatMap((other) => other.lossStages()),
    ],
    spent: () => others.reduce((sum, other) => sum + other.spent(), spent),
    again(number, of) {
      const seed = number === 0
        ? options.seed
        : createRng(options.seed, `strategy/again/${number}`).int(2 ** 31);
      const other = arenaContext({
        ...parts,
        input: { ...input, options: { ...options, seed } },
        budget: budget / of,
        number,
      });
      others.push(other);
      return other;
    },
    rng: (purpose) => createRng(options.seed, `strategy/${purpose}`),
    proxy(steps) {
      return Promise.resolve(ArenaProxy.create(
        { input, devBatches: dev, journal, pay, costs, live },
        steps,
      ));
    },
    async *learnByLoss({ steps, update, reference }) {
      const each = reference
        ? costs.lossStep.withReference
        : costs.lossStep.alone;
      const before = spent;
      pay(steps * each);
      referenceUsed ||= reference;
      const again = number === 0 ? "" : `-again-${number + 1}`;
      const name = `${slug}-weights${losses++ || ""}${again}`;
      lossStages.push({ stage: name, update });
      const kept = join(options.out, "arms", slug, `${name}.json`);
      const learnedBefore = await readSealed(kept, {
        schema: weightStateSchema,
        mend: "remove it to learn these weights anew",
      });
      if (learnedBefore) return learnedBefore;
      const stage = learnByLosses(
        input,
        reference ? await parts.reference() : undefined,
        {
          name,
          label: `learning weights (${slug})`,
          steps,
          update,
          save: ({ chosen }) => writeSealed(kept, chosen, 0),
        },
      );
      const { chosen } = yield* relay(stage, ({ done, note }) => ({
        done: before + done * each,
        total: budget,
        note,
      }));
      return chosen;
    },
    usedReference: () =>
      referenceUsed || others.some((other) => other.usedReference()),
    dispose() {
      for (const proxy of live) proxy.dispose();
      for (const other of others) other.dispose();
    },
  };
}

/**
 * What each use costs. Texts are counted: a batch of stage 1, or of dev queries, has
 * more or fewer than an update of a proxy.
 */
function useCosts(
  { batchSize, passages, weightBatchSize, weightPassages }: SettledOptions,
  devSizes: readonly number[],
): StrategyCosts {
  const updates = (queries: number, each: number) =>
    queries * (1 + each) / (batchSize * (1 + passages));
  const lossStep = updates(weightBatchSize, weightPassages);
  const devQueries = devSizes.reduce((sum, n) => sum + n, 0);
  return {
    devLosses: updates(devQueries, 1) / 3,
    gradients: devSizes.length,
    lossStep: { withReference: lossStep * 4 / 3, alone: lossStep },
  };
}

/** Dev queries of a task whose losses are taken: whole batches, at least one. */
function devSize(
  task: Suite["tasks"][number],
  { devQueries, input: { options } }: ArenaContextParts,
): number {
  const judged = answeredQueries(task.qrels.dev).length;
  const size = Math.min(options.batchSize, judged);
  if (size === 0) return 0;
  const most = Math.min(judged, devQueries);
  return size * Math.max(1, Math.floor(most / size));
}

/** A task's first dev queries with their first positives, in whole batches. */
function devRows(
  suite: Suite,
  options: SettledOptions,
  sizes: readonly number[],
): Batch[][] {
  const rows = trainExamples(suite, { split: "dev" });
  return suite.tasks.map((_, task) => {
    const size = Math.min(options.batchSize, rows[task]!.length);
    return [...batches(rows, suite.tasks.map((_, k) => k === task ? 1 : 0), {
      ...samplerOptions({ options, suite }),
      size,
      tasksPerBatch: 1,
      passages: 1,
      shuffle: "none",
      positive: "first",
      count: Math.round(sizes[task]! / size),
    })];
  });
}

function needDev(suite: Suite, slug: string): void {
  const lacking = suite.tasks.find((task) => !task.qrels.dev?.size);
  if (!lacking) return;
  throw new RangeError(
    `Cannot learn weights by ${slug}: task ${lacking.name} has no dev judgments; add qrels/dev.tsv, hold out training queries by --dev-from train, or leave the strategy out`,
  );
}
