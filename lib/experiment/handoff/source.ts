import { basename, join, resolve } from "node:path";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { exists } from "../../base/files/exists.ts";
import type { Suite, TrainExample } from "../../data/mod.ts";
import { fitWeights, readWeightFile } from "../../dro/mod.ts";
import type { LoraConfig } from "../../model/mod.ts";
import { withDevSample } from "../dev/dev_set.ts";
import { settingsOfToday } from "../earlier_options.ts";
import { parseExperimentOptions } from "../experiment_options.ts";
import { openMinedFolder } from "../mined_folder.ts";
import { readRunRecord } from "../retriever/run_models.ts";
import { suiteOfRun } from "../retriever/suite_of_run.ts";
import type { RunRecord } from "../run_folder.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import { mineStage } from "../stages/mine_negatives.ts";

/** What of a run is handed over. */
export interface HandOffSource {
  /** The run's folder. */
  folder: string;
  /** Short name: the last part of its folder's. */
  name: string;
  /** Its record. */
  record: RunRecord;
  /** Its settings, with the updates and the batch that the project is to have. */
  options: SettledOptions;
  /** The adapter that it trains; absent: all parameters. */
  lora?: LoraConfig | undefined;
  /** The tasks, without what is held out. */
  suite: Suite;
  /** Training rows of each task, with their hard negatives. */
  rows: readonly (readonly TrainExample[])[];
  /** Sampling weight of each task, shape `[K]`. */
  weights: number[];
  /** Where the weights come from, one sentence. */
  weightsAbout: string;
  /** Who learned them: this run's proxy, another one, or nobody. */
  learnedBy: "run" | "another" | "nobody";
  /** What may be wrong with all this, a sentence each. */
  warnings: string[];
}

/** What {@linkcode readSource} must know. */
export interface ReadSourceOptions {
  /** Folder of the suite that the run was made on. */
  suite: string;
  /** Weight file, folder of a run, or `"uniform"`. @default {the run's own} */
  weights?: string | undefined;
  /** Updates of the retriever. @default {the run's} */
  steps?: number | undefined;
  /** Queries per update. @default {the run's} */
  batchSize?: number | undefined;
  /** Stops the mining of hard negatives. */
  signal?: AbortSignal | undefined;
}

/** Reads a run and its suite, and mines its hard negatives once more. */
export async function* readSource(
  folder: string,
  { suite: suiteFolder, weights, steps, batchSize, signal }: ReadSourceOptions,
): AsyncGenerator<ProgressEvent, HandOffSource> {
  const record = await readRunRecord(folder, "hand over");
  const recorded = record.options as SettledOptions & {
    weights?: number[];
    lora?: LoraConfig;
  };
  const known = {
    ...settingsOfToday(recorded, parseExperimentOptions({})),
    out: folder,
  };
  const options = {
    ...known,
    steps: steps ?? known.steps,
    batchSize: batchSize ?? known.batchSize,
    // No trainer that is written for mixes tasks in an update.
    tasksPerUpdate: 1,
    balance: undefined,
  };
  const { suite: whole, difference } = await suiteOfRun(
    record,
    suiteFolder,
    "hand over the run",
  );
  const warnings = difference
    ? [`The suite in ${suiteFolder} is not the one of the run: ${difference}.`]
    : [];
  if (known.tasksPerUpdate > 1) {
    warnings.push(
      `Each update of the run had ${known.tasksPerUpdate} tasks${
        known.balance === undefined ? "" : `, weighed by ${known.balance}`
      }; the project's have one task each.`,
    );
  }
  const mixture = await weightsOf({ folder, record, suite: whole, weights });
  const { suite } = withDevSample(whole, options);
  const mined = options.mined === undefined
    ? undefined
    : await openMinedFolder(options.mined, whole);
  const { rows } = yield* mineStage(options, suite, { mined, signal });
  return {
    folder,
    name: basename(resolve(folder)),
    record,
    options,
    lora: recorded.lora,
    suite,
    rows,
    ...mixture,
    warnings,
  };
}

/** The mixture that is asked for, or the run's own, in the order of the suite. */
async function weightsOf(
  { folder, record, suite, weights }: {
    folder: string;
    record: RunRecord;
    suite: Suite;
    weights: string | undefined;
  },
): Promise<
  Pick<HandOffSource, "weights" | "weightsAbout" | "learnedBy">
> {
  const names = suite.tasks.map(({ name }) => name);
  const from = (
    file: { names: string[]; weights: number[] },
    about: string,
    learnedBy: HandOffSource["learnedBy"],
  ) => {
    const { weights } = fitWeights(names, file);
    const isEven = weights.every((weight) => weight === weights[0]);
    return {
      weights,
      weightsAbout: about,
      learnedBy: isEven ? "nobody" as const : learnedBy,
    };
  };
  if (weights === "uniform") {
    const even = { names, weights: names.map(() => 1 / names.length) };
    return from(even, "Each task is drawn as often as the others.", "nobody");
  }
  if (weights !== undefined) {
    const file = await readWeightFile(weights);
    return from(file, `They come from ${weights}.`, "another");
  }
  const { weights: given } = record.options as { weights?: number[] };
  if (given) {
    const file = { names: record.suite.tasks, weights: given };
    return from(file, "The run was trained on them.", "another");
  }
  if (await exists(join(folder, "weights.json"))) {
    return from(await readWeightFile(folder), "The run learned them.", "run");
  }
  throw new RangeError(
    `Cannot hand over ${folder}: it has learned no weights yet; name a weight file with --weights, or take --weights uniform and learn them in the project`,
  );
}
