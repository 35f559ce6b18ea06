import * as tf from "@tensorflow/tfjs-core";
import { readValues, type Variable } from "../backend/mod.ts";
import { adamWUpdate, type Gradient } from "../backend/kernels/mod.ts";

/** Options for {@linkcode AdamW}. */
export interface AdamWOptions {
  /** Decoupled weight decay per unit of learning rate, >= 0. @default {0.01} */
  weightDecay?: number;
  /** Decay of the first moment, in [0, 1). @default {0.9} */
  beta1?: number;
  /** Decay of the second moment, in [0, 1). @default {0.999} */
  beta2?: number;
  /** Added to the root of the second moment, > 0. @default {1e-8} */
  epsilon?: number;
}

/** One moment of one parameter, as a checkpoint stores it. */
export interface OptimizerTensor {
  /** `<parameter>.m` or `<parameter>.v`. */
  name: string;
  /** Shape of the parameter. */
  shape: number[];
  /** Reads its values, row-major, from where the tensor lies. */
  data: () => Promise<Float32Array>;
}

/**
 * AdamW with decoupled decay and bias correction (Loshchilov & Hutter,
 * arXiv 1711.05101, algorithm 2), as PyTorch computes it:
 *
 * p ← p·(1 - η·decay); m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²;
 * p ← p - η · m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε).
 *
 * Biases and the gains and shifts of norms do not decay (spec S17).
 *
 * On the tensorflow backend all parameters are updated by one compiled op where
 * they lie. A table whose gradient comes as rows gets the same update as if it came in
 * full: all rows decay, and so do all moments, but no gradient of the table's
 * size is made.
 *
 * @example Usage
 * ```ts
 * import { AdamW } from "@tdro/tdro/train";
 * import { useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const w = tf.variable(tf.tensor1d([1]));
 * const optimizer = new AdamW(new Map([["w", w]]), { weightDecay: 0 });
 * optimizer.apply({ w: tf.tensor1d([3]) }, { learningRate: 0.1 });
 * // The first step moves by the learning rate, whatever the gradient's size.
 * assert.ok(Math.abs(w.dataSync()[0]! - 0.9) < 1e-6);
 * ```
 */
export class AdamW {
  /** Updates made so far. */
  step = 0;
  /** What it trains, by name; not to be changed. */
  readonly parameters: ReadonlyMap<string, Variable>;
  /** Decay and moments, defaults filled in. */
  readonly options: Required<AdamWOptions>;
  readonly #moments = new Map<string, { m: Variable; v: Variable }>();

  /**
   * Starts with moments of zero.
   *
   * @param parameters What to train, by name; they stay the caller's.
   * @param options Decay and moments.
   */
  constructor(
    parameters: ReadonlyMap<string, Variable>,
    {
      weightDecay = 0.01,
      beta1 = 0.9,
      beta2 = 0.999,
      epsilon = 1e-8,
    }: AdamWOptions = {},
  ) {
    this.parameters = parameters;
    this.options = { weightDecay, beta1, beta2, epsilon };
    for (const [name, parameter] of parameters) {
      const zeros = (): Variable =>
        tf.tidy(() => tf.variable(tf.fill(parameter.shape, 0), false));
      this.#moments.set(name, { m: zeros(), v: zeros() });
    }
  }

  /**
   * One update of every parameter that has a gradient.
   *
   * @param gradients Gradient by parameter name; they stay the caller's.
   * @param rate Learning rate of this update, and a factor on the gradients
   * (from clipping).
   */
  apply(
    gradients: Readonly<Record<string, Gradient>>,
    { learningRate, gradientFactor = 1 }: {
      learningRate: number;
      gradientFactor?: number;
    },
  ): void {
    this.step++;
    const { weightDecay, beta1, beta2, epsilon } = this.options;
    const correction1 = 1 - beta1 ** this.step;
    const correction2 = Math.sqrt(1 - beta2 ** this.step);
    // m̂/(√v̂ + ε) = (m/c₁) / (√v/c₂ + ε): the corrections become scalars.
    const size = learningRate * correction2 / correction1;
    const slots = [...this.parameters].flatMap(([name, parameter]) => {
      const gradient = gradients[name];
      const kept = 1 - (decays(name) ? learningRate * weightDecay : 0);
      return gradient
        ? [{ parameter, ...this.#moments.get(name)!, gradient, kept }]
        : [];
    });
    adamWUpdate(slots, {
      beta1,
      beta2,
      epsilon: epsilon * correction2,
      stepSize: size,
      gradientFactor,
    });
  }

  /** The moments, for a checkpoint; each is read when its turn comes. */
  tensors(): OptimizerTensor[] {
    return [...this.#moments].flatMap(([name, { m, v }]) =>
      ([["m", m], ["v", v]] as const).map(([kind, moment]) => ({
        name: `${name}.${kind}`,
        shape: moment.shape,
        data: () => readValues(moment),
      }))
    );
  }

  /**
   * Puts the moments of a checkpoint back.
   *
   * @param read Reads a tensor by its name.
   * @param step Updates made when it was saved.
   */
  async restore(
    read: (name: string) => Promise<Float32Array>,
    step: number,
  ): Promise<void> {
    for (const [name, { m, v }] of this.#moments) {
      for (const [kind, moment] of [["m", m], ["v", v]] as const) {
        const data = await read(`${name}.${kind}`);
        tf.tidy(() => moment.assign(tf.tensor(data, moment.shape, "float32")));
      }
    }
    this.step = step;
  }

  /** Frees the moments; the parameters stay. */
  dispose(): void {
    for (const { m, v } of this.#moments.values()) tf.dispose([m, v]);
    this.#moments.clear();
  }
}

/** Whether weight decay acts on a parameter. */
export function decays(name: string): boolean {
  return !name.endsWith("bias") && !/norm/i.test(name);
}
