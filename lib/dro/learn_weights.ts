import type { Encoder } from "../model/mod.ts";
import type { Batch } from "../sampling/mod.ts";
import {
  batchLosses,
  infoNce,
  type InfoNceOptions,
  type LossFunction,
  matryoshka,
  type MatryoshkaOptions,
  type StepReport,
  train,
  type TrainOptions,
} from "../train/mod.ts";
import { exampleWeights } from "./update/example_weights.ts";
import { measureLosses } from "./update/measure_losses.ts";
import { stepWeights, type StepWeightsOptions } from "./update/step_weights.ts";
import type { WeightState } from "./update/weight_state.ts";

/** Options for {@linkcode learnWeights}. */
export interface LearnWeightsOptions
  extends Omit<TrainOptions, "loss" | "weigh" | "accumulate"> {
  /** The small model that is trained along; it changes in place. */
  proxy: Encoder;
  /**
   * The frozen model that was trained uniformly (stage 0). Without one the
   * measure must be `"raw"` or `"released"`, which is raw then.
   */
  reference?: Encoder;
  /** Where the weights stand at the start: {@linkcode initialWeightState}. */
  state: WeightState;
  /** Measure, step size and the rest; `accumulate` holds for the proxy too. */
  update?: StepWeightsOptions;
  /** Temperature; only the query's own hard negatives count. */
  infoNce?: Omit<InfoNceOptions, "negatives">;
  /**
   * Takes the loss at several lengths of the vectors, of proxy and reference alike:
   * their weighted mean, so that losses stay comparable with those at one length.
   * @default {the vectors' own length}
   */
  matryoshka?: Omit<MatryoshkaOptions, "loss"> | undefined;
}

/** What one update of proxy and weights did. */
export interface WeightStepReport extends StepReport {
  /** State of the weights after the update; its `curr` are the weights. */
  state: WeightState;
  /** Reference loss of each example in nats, in the order of `losses`. */
  referenceLosses: number[];
  /** Mean proxy loss of each domain in the update, shape `[K]`; `null` if absent. */
  domainLosses: (number | null)[];
  /** Mean reference loss of each domain, shape `[K]`; `null` if absent or without reference. */
  domainReferenceLosses: (number | null)[];
}

/**
 * Learns domain weights (tDRO's stage 1, spec sections 8 to 10): trains the
 * proxy on mixed batches with hard-negative-only InfoNCE, raises the weights
 * of the domains where it loses most relative to the reference, and weighs its
 * loss with them. The batches keep their sampling; the learned weights act on
 * the loss alone.
 *
 * @param batches Mixed batches, sampled uniformly over tasks.
 * @param options The models, the start, and both optimisers' settings.
 * @returns A report per update; the last one's `state` is the result.
 * @throws {RangeError} If a batch has no hard negatives or a loss isn't finite.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, cloneEncoder, createEncoder, createTokenizer, trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { batches, createRng } from "@tdro/tdro/sampling";
 * import { initialWeightState, learnWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const [red, green, blue] = ["red", "green", "blue"].map((text) => ({ id: text, text }));
 * const rows = [
 *   [{ domain: 0, query: red!, positives: [green!], negatives: [blue!] }],
 *   [{ domain: 1, query: blue!, positives: [red!], negatives: [green!] }],
 * ];
 * const mixed = batches(rows, [1, 1], { size: 4, seed: 1, count: 3, homogeneous: false });
 * const [proxy, state] = [cloneEncoder(encoder), initialWeightState([0.5, 0.5])];
 * const steps = await Array.fromAsync(learnWeights(mixed, { proxy, reference: encoder, state }));
 * const [first, second] = steps.at(-1)!.state.curr;
 * assert.ok(first !== 0.5 && Math.abs(first! + second! - 1) < 1e-9);
 * ```
 */
export async function* learnWeights(
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  options: LearnWeightsOptions,
): AsyncGenerator<WeightStepReport, void, undefined> {
  const {
    proxy,
    reference,
    update = {},
    infoNce: lossOptions,
    matryoshka: lengths,
    ...training
  } = options;
  const own = infoNce({ ...lossOptions, negatives: "hard-only" });
  const loss = lengths ? meanOverLengths(own, lengths) : own;
  let state = options.state;
  let gathered: number[] = [];
  const steps = train(proxy, batches, {
    ...training,
    accumulate: update.accumulate ?? 1,
    loss,
    // The reference code updates the weights before the last micro-batch's
    // loss, so that one is weighed with the new ones (spec S13).
    async weigh(losses, batch) {
      const domains = batch.examples.map((e) => e.domain);
      const referenceLosses = reference
        ? await batchLosses(reference, batch, { ...training, loss })
        : null;
      for (const loss of referenceLosses ?? []) gathered.push(loss);
      const observation = { losses, referenceLosses, domains };
      state = stepWeights(state, observation, update);
      return exampleWeights(state.curr, domains);
    },
  });
  for await (const step of steps) {
    const means = measureLosses(
      {
        losses: step.losses,
        referenceLosses: reference ? gathered : null,
        domains: step.domains,
      },
      state.curr.length,
      { measure: "raw" },
    );
    const present = (values: number[]) =>
      values.map((value, k) => means.counts[k]! > 0 ? value : null);
    yield {
      ...step,
      state,
      referenceLosses: gathered,
      domainLosses: present(means.lossMeans),
      domainReferenceLosses: reference
        ? present(means.referenceMeans)
        : means.counts.map(() => null),
    };
    gathered = [];
  }
}

/** A loss at several lengths, their weights divided by their sum. */
function meanOverLengths(
  loss: LossFunction,
  { dims, weights = dims.map(() => 1), normalize }: Omit<
    MatryoshkaOptions,
    "loss"
  >,
): LossFunction {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return matryoshka({
    dims,
    weights: weights.map((weight) => weight / total),
    loss,
    normalize,
  });
}
