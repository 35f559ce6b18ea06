import { join } from "node:path";
import type { Backend } from "../backend/mod.ts";
import { writeJson } from "../base/json_file.ts";
import type { ProgressEvent } from "../base/progress_event.ts";
import type { Suite } from "../data/mod.ts";
import type { EvalReport } from "../eval/mod.ts";
import {
  addLora,
  disposeEncoder,
  type Encoder,
  type LoraConfig,
  loraConfig,
} from "../model/mod.ts";
import { createRng, mixture } from "../sampling/mod.ts";
import { baseEncoder, keepTokenizer } from "./stages/base_encoder.ts";
import { checkSuite } from "./stages/check_suite.ts";
import { evaluateArm } from "./stages/evaluate_arm.ts";
import { parseExperimentOptions } from "./experiment_options.ts";
import { MetricsLog } from "./stages/metrics_log.ts";
import { mineStage } from "./stages/mine_negatives.ts";
import {
  beginRun,
  identityOf,
  openRunFolder,
  writeRecord,
} from "./run_folder.ts";
import type { RetrieverSettings } from "./retriever_options.ts";
import { trainArm } from "./stages/train_arm.ts";
import { versions } from "./versions.ts";

/** What {@linkcode trainRetriever} needs beside the settings. */
export interface TrainRetrieverOptions extends Partial<RetrieverSettings> {
  /** What tensors are computed with: the result of `useBackend()`. */
  backend: Backend;
  /**
   * Sampling weight of each task, shape `[K]`, e.g. from `weightsFor()`.
   * @default {uniform}
   */
  weights?: readonly number[];
  /** Train a LoRA adapter on the frozen model. @default {all parameters} */
  lora?: Partial<LoraConfig>;
  /** Evaluate on the test splits afterwards. @default {true} */
  evaluate?: boolean;
  /** Stops the work at the next step and leaves a checkpoint. */
  signal?: AbortSignal;
}

/** A trained retriever. */
export interface RetrieverResult {
  /** The run's folder. */
  folder: string;
  /** Hugging Face folder of the model; an adapter is in its folder `adapter`. */
  model: string;
  /** Rows drawn from each task, shape `[K]`. */
  drawn: number[];
  /** Numbers on the test splits, also in `eval.json`. */
  report?: EvalReport;
}

/**
 * Trains one retriever on a mixture: hard negatives, homogeneous batches drawn
 * by the weights, InfoNCE, and in the end the numbers on the test splits. With
 * the weights that a small proxy learned this is tDRO's last stage for a model
 * of any size. Interrupted, it goes on where it stopped when called again with
 * the same settings.
 *
 * @param suite The tasks, each with train judgments.
 * @param options Mixture, settings, LoRA.
 * @returns Progress; at the end the result.
 * @throws {RangeError} If a setting is out of bounds, the weights don't fit the
 * tasks, or the folder holds something else.
 *
 * @example Usage
 * ```ts ignore
 * import { trainRetriever } from "@tdro/tdro/experiment";
 * import { readWeightFile, weightsFor } from "@tdro/tdro/dro";
 * import { openSuite } from "@tdro/tdro/data";
 * import { useBackend } from "@tdro/tdro/backend";
 *
 * const suite = await openSuite("my/suite");
 * const file = await readWeightFile("runs/proxy/weights.json");
 * const run = trainRetriever(suite, {
 *   backend: await useBackend(),
 *   model: "models/qwen",
 *   weights: weightsFor(suite.tasks.map(({ name }) => name), file),
 *   lora: { rank: 16 },
 *   out: "runs/large",
 * });
 * for await (const { label, done, total } of run) console.log(label, done, total);
 * ```
 */
export async function* trainRetriever(
  suite: Suite,
  { backend, signal, lora, evaluate = true, weights: given, ...settings }:
    TrainRetrieverOptions,
): AsyncGenerator<ProgressEvent, RetrieverResult> {
  const options = parseExperimentOptions(settings);
  const adapter = lora && loraConfig(lora);
  checkSuite(suite);
  const weights = given ?? mixture(suite, "uniform");
  checkWeights(weights, suite);
  const identity = { ...options, kind: "retriever", weights, lora: adapter };
  const { record, resumed } = await openRunFolder({
    options: identity,
    ...await identityOf(suite, backend),
  }, versions());
  const { rows, statistics } = yield* mineStage(options, suite, signal);
  const base = withAdapter(
    await baseEncoder(options, suite, { keep: resumed }),
    adapter,
    options.seed,
  );
  try {
    if (!resumed) {
      await beginRun(record);
      await keepTokenizer(options, base.tokenizer);
    }
    await writeJson(join(options.out, "negatives.json"), statistics);
    const log = new MetricsLog(options.out);
    const input = { options, suite, rows, base, log, signal };
    const arm = { name: "retriever", weights };
    const { encoder, folder, drawn } = yield* trainArm(input, arm);
    let report: EvalReport | undefined;
    try {
      if (evaluate) {
        report = yield* evaluateArm(encoder, input, {
          stage: "evaluation",
          label: "evaluating on the test splits",
        });
        const file = join(options.out, "eval.json");
        await writeJson(file, { retriever: report }, 1);
      }
    } finally {
      disposeEncoder(encoder);
    }
    record.status = "finished";
    await writeRecord(record);
    return { folder: options.out, model: folder, drawn, report };
  } finally {
    disposeEncoder(base);
  }
}

function withAdapter(
  encoder: Encoder,
  config: LoraConfig | undefined,
  seed: number,
): Encoder {
  if (!config) return encoder;
  return addLora(encoder, { ...config, rng: createRng(seed, "lora") });
}

function checkWeights(weights: readonly number[], suite: Suite): void {
  const wrong = weights.length !== suite.tasks.length
    ? `there must be one for each of the ${suite.tasks.length} tasks: got ${weights.length}`
    : weights.some((w) => !(w >= 0 && Number.isFinite(w)))
    ? "each must be a finite number >= 0"
    : !weights.some((w) => w > 0)
    ? "one of them must be > 0"
    : undefined;
  if (wrong) {
    throw new RangeError(
      `Cannot train on these weights: ${wrong}; weightsFor() brings a file's weights into the suite's order`,
    );
  }
}
