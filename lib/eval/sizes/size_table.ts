import type { RandomSource } from "../../base/random_source.ts";
import { mean } from "../../base/mean.ts";
import type { RunEvaluation } from "../evaluate_run.ts";
import { seedsAndQueries } from "../significance/seeds_and_queries.ts";
import { bytesOf, type SizeCell, type VectorSize } from "./vector_size.ts";

/** What one row scored on one task. */
interface Scored {
  task: string;
  /** Metric → mean. */
  mean: Record<string, number>;
  /** The first metric of each query. */
  perQuery: number[];
}

/** Scores of smaller vectors, task by task. */
export class SizeTable {
  readonly #metrics: readonly string[];
  readonly #rows = new Map<string, { cell: SizeCell; scored: Scored[] }>();

  /**
   * @param metrics What is measured; intervals are of the first.
   */
  constructor(metrics: readonly string[]) {
    this.#metrics = metrics;
  }

  /** Takes what a row scored on a task. */
  add(
    cell: SizeCell,
    task: string,
    { mean, perQuery }: RunEvaluation,
  ): void {
    const key = JSON.stringify(cell);
    const row = this.#rows.get(key) ?? { cell, scored: [] };
    this.#rows.set(key, row);
    const [first] = this.#metrics;
    row.scored.push({
      task,
      mean: { ...mean },
      perQuery: Array.from(perQuery.values(), (values) => values[first!]!),
    });
  }

  /** The rows, whole vectors first; with intervals where there is chance. */
  rows(rng: RandomSource | undefined): VectorSize[] {
    const [whole] = this.#rows.values();
    return [...this.#rows.values()].map(({ cell, scored }) => {
      const size: VectorSize = {
        ...cell,
        bytes: bytesOf(cell),
        mean: Object.fromEntries(this.#metrics.map((metric) => [
          metric,
          mean(scored.map(({ mean }) => mean[metric]!)),
        ])),
        tasks: Object.fromEntries(
          scored.map(({ task, mean }) => [task, mean]),
        ),
      };
      const values = scored.map(({ perQuery }) => perQuery);
      if (rng) size.interval = seedsAndQueries([values], { rng }).interval;
      if (scored === whole!.scored) return size;
      const gained = values.map((task, t) =>
        task.map((value, q) => value - whole!.scored[t]!.perQuery[q]!)
      );
      size.change = { difference: mean(gained.map(mean)) };
      if (rng) {
        size.change.interval = seedsAndQueries([gained], { rng }).interval;
      }
      return size;
    });
  }
}
