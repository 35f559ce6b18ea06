import * as tf from "@tensorflow/tfjs-core";
import type {
  Tape,
  Tensor,
  Tensor1D,
  Tensor2D,
  Variable,
} from "../backend/mod.ts";
import { add, layerNorm, linear, scale } from "../backend/mod.ts";
import { factorsOf } from "./lora/_modules.ts";
import { type LoraConfig, loraScaling } from "./lora/lora_config.ts";

/** Parameters of a model, by the name that Hugging Face's files give them. */
export type Parameters = ReadonlyMap<string, Variable>;

/** Options of a family's forward pass. */
export interface ForwardOptions {
  /** Where to record it, to take gradients later. @default {tfjs's own} */
  tape?: Tape;
  /** The adapter whose factors are among the parameters, if there is one. */
  lora?: LoraConfig;
  /**
   * Called with the hidden states `[T, D]` after the embeddings (0) and after
   * each layer (1, …), for inspection.
   */
  onLayer?: (layer: number, hidden: Tensor2D) => void;
}

/** The building blocks of a forward pass, with a model's parameters at hand. */
export interface Layers {
  /** Where kernels record. */
  tape?: Tape;
  /** A parameter. */
  get<T extends Tensor>(name: string): T;
  /** The affine map whose weight and bias (if any) are called `name`, with its adapter. */
  dense(x: Tensor2D, name: string): Tensor2D;
  /** The layer norm called `name`. */
  norm(x: Tensor2D, name: string, eps: number): Tensor2D;
  /**
   * One layer: frees what it made on the way, but for its output and what its
   * gradient needs. Its input is freed too, as nothing else looks at it.
   */
  layer(x: Tensor2D, compute: (x: Tensor2D) => Tensor2D): Tensor2D;
}

/** The building blocks over a model's parameters. */
export function openLayers(
  parameters: Parameters,
  { tape, lora }: ForwardOptions = {},
): Layers {
  const get = <T extends Tensor>(name: string): T => {
    const parameter = parameters.get(name);
    if (!parameter) throw new RangeError(`Cannot run a model: no ${name}`);
    return parameter as unknown as T;
  };
  return {
    tape,
    get,
    dense(x, name) {
      const y = linear(x, get(`${name}.weight`), {
        bias: parameters.get(`${name}.bias`) as unknown as Tensor1D | undefined,
        tape,
      });
      const { a, b } = factorsOf(name);
      if (!lora || !parameters.has(a)) return y;
      const inner = scale(linear(x, get(a), { tape }), {
        factor: loraScaling(lora),
        tape,
      }); // [T, r]
      return add(y, linear(inner, get(b), { tape }), { tape });
    },
    norm: (x, name, eps) =>
      layerNorm(x, get(`${name}.weight`), get(`${name}.bias`), { eps, tape }),
    layer(x, compute) {
      if (!tape) return tf.tidy(() => compute(x));
      const y = tf.tidy(() => compute(x));
      x.dispose();
      return y;
    },
  };
}
