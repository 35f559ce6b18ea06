import type { EvalReport, TaskReport } from "../evaluate.ts";

/** Metrics of one set of a benchmark. */
export interface BenchmarkTaskReport extends TaskReport {
  /** Split whose queries were run. */
  split: string;
  /** Language of its queries. */
  language: string;
  /** Whether passages with the query's id were left out. */
  ignoreIdenticalIds: boolean;
  /** Sets of a group count as one in the mean. */
  group?: string;
}

/** A mean over some of the sets. */
export interface BenchmarkMean {
  /** What it is the mean of, e.g. `"cqadupstack"`. */
  name: string;
  /** The sets. */
  tasks: string[];
  /** Metric → mean over them. */
  mean: Record<string, number>;
}

/**
 * Metrics of a benchmark; an {@linkcode EvalReport} whose `mean` is taken the way
 * the benchmark does.
 */
export interface BenchmarkReport extends EvalReport {
  /** Name of the benchmark. */
  benchmark: string;
  /** Its sets, in the benchmark's order. */
  tasks: BenchmarkTaskReport[];
  /** Further means. */
  means: BenchmarkMean[];
  /** Sets that weren't there: `mean` is the benchmark's only if there are none. */
  missing: string[];
}

/** The means of a benchmark: sets of a group first, then all with each group as one. */
export function benchmarkMeans(
  tasks: readonly BenchmarkTaskReport[],
  metrics: readonly string[],
): { mean: Record<string, number>; means: BenchmarkMean[] } {
  const groups = Map.groupBy(
    tasks.filter(({ group }) => group !== undefined),
    ({ group }) => group!,
  );
  const means = [...groups].map(([name, members]) => ({
    name,
    tasks: members.map(({ task }) => task),
    mean: meanOf(members, metrics),
  }));
  const single = tasks.filter(({ group }) => group === undefined);
  return { mean: meanOf([...single, ...means], metrics), means };
}

/** Metric → mean, each part counting the same. */
export function meanOf(
  parts: readonly { mean: Record<string, number> }[],
  metrics: readonly string[],
): Record<string, number> {
  return Object.fromEntries(metrics.map((metric) => [
    metric,
    parts.reduce((sum, { mean }) => sum + mean[metric]!, 0) / parts.length,
  ]));
}
