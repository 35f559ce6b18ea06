import type { Strategy, StrategyContext } from "../../dro/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import type { PlannedStage } from "./run_plan.ts";

/** Settings that stages follow from. */
type StageSettings = Pick<
  ExperimentOptions,
  | "steps"
  | "batchSize"
  | "passages"
  | "weightSteps"
  | "weightBatchSize"
  | "weightPassages"
  | "weightSeeds"
>;

/** Expected passes over each task's rows. */
export function expectedPasses(
  weights: readonly number[],
  { sizes, draws }: { sizes: readonly number[]; draws: number },
): number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight, k) => draws * weight / total / sizes[k]!);
}

/** One retriever, on a mixture that is known or not. */
export function retrieverStage(
  name: string,
  { steps, batchSize, passages }: Pick<
    StageSettings,
    "steps" | "batchSize" | "passages"
  >,
  { sizes, weights }: {
    sizes: readonly number[];
    weights: readonly number[] | undefined;
  },
): PlannedStage {
  return {
    name,
    updates: steps,
    queries: batchSize,
    passages,
    reference: false,
    passes: weights &&
      expectedPasses(weights, { sizes, draws: steps * batchSize }),
  };
}

/** The stages of `tdro run`. */
export function runStages(
  settings: StageSettings,
  { sizes, uniform }: {
    sizes: readonly number[];
    uniform: readonly number[];
  },
): PlannedStage[] {
  const { weightBatchSize, weightPassages } = settings;
  const weightSteps = settings.weightSteps * settings.weightSeeds;
  const learned = { sizes, weights: undefined };
  return [
    retrieverStage("uniform", settings, { sizes, weights: uniform }),
    {
      name: "weights",
      updates: weightSteps,
      queries: weightBatchSize,
      passages: weightPassages,
      reference: true,
      // Mixed batches, of all tasks alike.
      passes: expectedPasses(sizes.map(() => 1), {
        sizes,
        draws: weightSteps * weightBatchSize,
      }),
    },
    retrieverStage("reweighted", settings, learned),
    retrieverStage("top", settings, learned),
  ];
}

/** The stages of `tdro arena`, those of all seeds together. */
export async function arenaStages(
  settings: Omit<StageSettings, "weightSeeds"> & {
    budget: number;
    seeds: readonly number[];
  },
  { strategies, sizes }: {
    strategies: readonly Strategy[];
    sizes: readonly number[];
  },
): Promise<PlannedStage[]> {
  const { budget, seeds, batchSize, passages } = settings;
  const stages: PlannedStage[] = [];
  for (const strategy of strategies) {
    const free = strategy.cost === "0";
    if (!free && !followsFromOneOf(strategies, strategy)) {
      stages.push({
        name: `mixture of ${strategy.name}`,
        updates: budget * seeds.length,
        queries: batchSize,
        passages,
        // Counted in the budget.
        reference: false,
      });
    }
    const known = free && !strategy.drawn && !strategy.online;
    const weights = known ? await freeWeights(strategy, sizes) : undefined;
    const stage = retrieverStage(strategy.name, settings, { sizes, weights });
    stages.push({ ...stage, updates: stage.updates * seeds.length });
  }
  return stages;
}

/** Whether a strategy's weights follow from those of one that is there. */
function followsFromOneOf(
  strategies: readonly Strategy[],
  { from }: Strategy,
): boolean {
  return from !== undefined &&
    (strategies.some(({ name }) => name === from.of.name) ||
      followsFromOneOf(strategies, from.of));
}

/** Weights that follow from the sizes alone. */
async function freeWeights(
  strategy: Strategy,
  sizes: readonly number[],
): Promise<number[] | undefined> {
  const learning = strategy.learn({ sizes } as unknown as StrategyContext);
  const { done, value } = await learning.next();
  return done ? value : undefined;
}
