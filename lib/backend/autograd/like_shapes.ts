import * as tf from "@tensorflow/tfjs-core";
import { onGpu } from "../on_gpu.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/** Most numbers put together: more gain nothing, and take memory. */
const MOST = 2 ** 24;

/** What {@linkcode likeShapes} looks at. */
export interface Shaped {
  /** Shape of the tensors that belong to it. */
  shape: readonly number[];
  /** What else must be equal. */
  key: string | number;
}

/**
 * What to do in one operation each. On a GPU, where an operation takes longer to
 * start than to do for most parameters of a model, those of like shapes; elsewhere
 * each item by itself, since stacking is a copy.
 *
 * @param items What to group; the order is kept within a group.
 * @param of What must be equal; `undefined` leaves an item alone.
 */
export function forOneOp<T>(
  items: readonly T[],
  of: (item: T) => Shaped | undefined,
): T[][] {
  return onGpu() ? likeShapes(items, of) : items.map((item) => [item]);
}

/**
 * Groups of the same shape and key, and not too large.
 *
 * @param items What to group; the order is kept within a group.
 * @param of What must be equal; `undefined` leaves an item alone.
 */
export function likeShapes<T>(
  items: readonly T[],
  of: (item: T) => Shaped | undefined,
): T[][] {
  const groups: T[][] = [];
  const open = new Map<string, T[]>();
  for (const item of items) {
    const shaped = of(item);
    if (!shaped) {
      groups.push([item]);
      continue;
    }
    const { shape, key } = shaped;
    const name = `${key}:${shape}`;
    const size = shape.reduce((a, b) => a * b, 1);
    const group = open.get(name);
    if (group && (group.length + 1) * size <= MOST) group.push(item);
    else {
      const started = [item];
      groups.push(started);
      open.set(name, started);
    }
  }
  return groups;
}

/** Tensors of one shape as one, `[n, ...shape]`; a single one as it is. */
export function stacked(tensors: readonly Tensor[]): Tensor {
  return tensors.length === 1 ? tensors[0]! : tf.stack([...tensors]);
}

/** The inverse of {@linkcode stacked}. */
export function unstacked(tensor: Tensor, count: number): Tensor[] {
  return count === 1 ? [tensor] : tf.unstack(tensor);
}
