import type { Backend } from "../../backend/mod.ts";
import type { Suite, TrainExample } from "../../data/mod.ts";
import type { Encoder } from "../../model/mod.ts";
import type { BatchesOptions } from "../../sampling/mod.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import type { DevSet } from "../dev/dev_set.ts";
import type { PooledTest } from "./pooled_test.ts";
import type { MetricsLog } from "./metrics_log.ts";

/** What every stage that trains needs. */
export interface StageInput {
  /** Settings of the run. */
  options: SettledOptions;
  /** The tasks. */
  suite: Suite;
  /** Training rows of each task. */
  rows: readonly (readonly TrainExample[])[];
  /** Where every arm starts; it stays as it is. */
  base: Encoder;
  /** The run's log. */
  log: MetricsLog;
  /** What arms are evaluated on; absent: the whole suite. */
  pooled?: PooledTest | undefined;
  /** What measures the arms while they train; absent: nothing does. */
  dev?: DevSet | undefined;
  /** What computes it, for the records. */
  backend?: Pick<Backend, "name" | "device"> | undefined;
  /** Whether no setting may change on the way, as in an arena. @default {false} */
  fixedSettings?: boolean | undefined;
  /** Stops the work at the next update; a checkpoint is left. */
  signal?: AbortSignal | undefined;
}

/** How batches of training rows are drawn, for arms and proxies alike. */
export function samplerOptions(
  { options, suite }: Pick<StageInput, "options" | "suite">,
): Pick<
  BatchesOptions,
  "size" | "seed" | "passages" | "names" | "prompts" | "tasksPerBatch"
> {
  return {
    size: options.batchSize,
    tasksPerBatch: options.tasksPerUpdate,
    seed: options.seed,
    passages: options.passages,
    names: suite.tasks.map((t) => t.name),
    prompts: options.prompts === "task"
      ? suite.tasks.map((t) => t.prompt)
      : undefined,
  };
}
