import type { Tensor2D } from "../../backend/mod.ts";
import { add, type KernelOptions, scale } from "../../backend/kernels/mod.ts";
import type { LayerAverage, LayerMix } from "../config/modules.ts";

/**
 * The layers that a strategy of the spec (section 4) averages.
 *
 * @param average Name of the strategy.
 * @param layers Layers of the model.
 *
 * @example Usage
 * ```ts
 * import { layerMix } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(layerMix("avgTop2", 12), { start: 11, weights: [1, 1] });
 * assert.deepEqual(layerMix("avgFirstLast", 2).weights, [1, 0, 1]);
 * ```
 */
export function layerMix(average: LayerAverage, layers: number): LayerMix {
  if (layers === 0) return { start: 0, weights: [1] };
  if (average === "avgTop2") return { start: layers - 1, weights: [1, 1] };
  const weights = Array.from(
    { length: layers + 1 },
    (_, i) => i === 0 || i === layers ? 1 : 0,
  );
  return { start: 0, weights };
}

/** Adds up hidden states as the layers give them. */
export interface LayerMixer {
  /** Takes the hidden states after a layer (0: the embeddings), `[T, D]`. */
  take(layer: number, hidden: Tensor2D): void;
  /** The weighted mean of those that were taken, `[T, D]`. */
  mixed(): Tensor2D;
}

/** A mixer for one pass; what it makes belongs to the scope it is called in. */
export function layerMixer(
  { start, weights }: LayerMix,
  { tape }: KernelOptions = {},
): LayerMixer {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum: Tensor2D | undefined;
  return {
    take(layer, hidden) {
      const weight = weights[layer - start] ?? 0;
      if (weight === 0) return;
      const part = scale(hidden, { factor: weight / total, tape });
      sum = sum ? add(sum, part, { tape }) : part;
    },
    mixed: () => sum!,
  };
}
