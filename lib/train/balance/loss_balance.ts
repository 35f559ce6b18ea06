import type { Batch } from "../../sampling/mod.ts";
import type { WeighExamples } from "../gradient_pass.ts";

/** A way to weigh the tasks of one update against each other. */
export interface LossBalance {
  /** Goes into `train()`. */
  weigh: WeighExamples;
  /** Everything that it remembers; plain data, for a checkpoint. */
  state(): unknown;
  /**
   * Goes on from a state.
   *
   * @param state What {@linkcode LossBalance.state} gave.
   */
  restore(state: unknown): void;
}

/** The examples of one task in a batch. */
export interface TaskPart {
  /** Domain id. */
  task: number;
  /** Where its examples are in the batch. */
  examples: number[];
  /** Their mean loss in nats. */
  loss: number;
}

/** The tasks of a batch in the order of their ids. */
export function partsOfBatch(
  losses: ArrayLike<number>,
  { examples }: Pick<Batch, "examples">,
): TaskPart[] {
  const parts = new Map<number, TaskPart>();
  examples.forEach(({ domain }, i) => {
    const part = parts.get(domain) ?? { task: domain, examples: [], loss: 0 };
    part.examples.push(i);
    part.loss += losses[i]!;
    parts.set(domain, part);
  });
  return [...parts.values()]
    .map((part) => ({ ...part, loss: part.loss / part.examples.length }))
    .sort((a, b) => a.task - b.task);
}

/** Weights of the examples from a factor for each part: factor / B. */
export function spread(
  parts: readonly TaskPart[],
  factors: readonly number[],
): number[] {
  const size = parts.reduce((sum, { examples }) => sum + examples.length, 0);
  const weights = new Array<number>(size).fill(0);
  parts.forEach(({ examples }, p) => {
    for (const i of examples) weights[i] = factors[p]! / size;
  });
  return weights;
}
