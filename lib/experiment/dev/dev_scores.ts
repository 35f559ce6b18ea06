import { nearestRows } from "../../backend/mod.ts";
import type { Suite } from "../../data/mod.ts";
import { collectReport, evaluate, type SizesOptions } from "../../eval/mod.ts";
import { encodeFunction, type Encoder } from "../../model/mod.ts";
import { METRIC } from "../summary.ts";

/** Options for {@linkcode devScores}. */
export interface DevScoresOptions {
  /** Maximum tokens of a query. @default {as the model says} */
  queryLength?: number | undefined;
  /** Maximum tokens of a passage. @default {as the model says} */
  passageLength?: number | undefined;
  /** What stands before each query. @default {"task"} */
  prompts?: "task" | "none";
  /** Stops between two batches. */
  signal?: AbortSignal | undefined;
}

/** What an evaluation on dev queries found. */
export interface DevEvaluation {
  /** nDCG@10 by task name. */
  scores: Record<string, number>;
  /** Mean nDCG@10 of cut vectors by their length; absent where none are cut. */
  meanByDim?: Record<string, number> | undefined;
}

/** Options for {@linkcode evaluateDev}. */
export interface EvaluateDevOptions extends DevScoresOptions {
  /** Which cut vectors are measured too. */
  sizes?: SizesOptions | undefined;
}

/**
 * Measures an encoder on dev queries: what `withDev()` takes to evaluate a model
 * between the updates of `train()`.
 *
 * @param encoder The model as it is.
 * @param sample A suite with dev judgments, e.g. from `devSample()`.
 * @param options Lengths and prompts.
 * @returns nDCG@10 by task name.
 * @throws {RangeError} If a task has no dev judgments, or a vector isn't finite.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { devSample, taskFromRows, trainExamples } from "@tdro/tdro/data";
 * import { devScores } from "@tdro/tdro/experiment";
 * import { bertConfig, createEncoder, createTokenizer, trainTokenizer } from "@tdro/tdro/model";
 * import { batches, createRng } from "@tdro/tdro/sampling";
 * import { isDevReport, train, withDev } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const words = ["red", "green", "blue", "white", "black", "brown"];
 * const pairs = words.map((word, i) => ({
 *   query: `what is ${word}`, passage: `${word} is a colour`, split: i % 2 ? "dev" : "train",
 * }));
 * const suite = { name: "mine", tasks: [await taskFromRows(pairs, { name: "colours" })] };
 * const tokenizer = createTokenizer(trainTokenizer(pairs.map(({ passage }) => passage)));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 *
 * const drawn = batches(trainExamples(suite), [1], { size: 3, seed: 1, passages: 1, count: 4 });
 * const sample = devSample(suite);
 * const events = withDev(train(encoder, drawn, { learningRate: 1e-2 }), {
 *   every: 2,
 *   evaluate: () => devScores(encoder, sample),
 * });
 * const seen: number[] = [];
 * for await (const event of events) if (isDevReport(event)) seen.push(event.step);
 * assert.deepEqual(seen, [0, 2, 4]);
 * ```
 */
export async function devScores(
  encoder: Encoder,
  sample: Suite,
  options: DevScoresOptions = {},
): Promise<Record<string, number>> {
  return (await evaluateDev(encoder, sample, options)).scores;
}

/** {@linkcode devScores}, also of cut vectors. */
export async function evaluateDev(
  encoder: Encoder,
  sample: Suite,
  { prompts = "task", signal, sizes, ...lengths }: EvaluateDevOptions = {},
): Promise<DevEvaluation> {
  const report = await collectReport(
    evaluate(encodeFunction(encoder, lengths), sample, {
      split: "dev",
      metrics: [METRIC],
      k: 10,
      prompts,
      prepare: (passages) => nearestRows(passages),
      sizes,
      signal,
    }),
  );
  return {
    scores: Object.fromEntries(
      report.tasks.map(({ task, mean }) => [task, mean[METRIC]!]),
    ),
    meanByDim: report.sizes && Object.fromEntries(
      report.sizes.map(({ dim, mean }) => [`${dim}`, mean[METRIC]!]),
    ),
  };
}
