import * as tf from "@tensorflow/tfjs-core";
import { readValues, type Tensor2D, type Variable } from "../../backend/mod.ts";
import {
  denseGradient,
  type Gradient,
  RowGradient,
} from "../../backend/kernels/mod.ts";
import type { Gradients } from "../gradients.ts";

/** Where the gradient of one parameter lies among the numbers of all. */
interface Place {
  name: string;
  shape: number[];
  /** Number of the first. */
  from: number;
  /** How many. */
  length: number;
  /** The rows that there are; absent: all. */
  rows?: Int32Array;
}

/**
 * How gradients lie one after the other in one array, the same on every worker, so
 * that one exchange sums all of them.
 */
export class GradientLayout {
  /** Numbers in all. */
  readonly length: number;
  readonly #places: readonly Place[];

  /**
   * Lays out what any of the workers has a gradient of. A table that all have as
   * rows is laid out as the rows that any has.
   *
   * @param parameters What is trained, in one order everywhere.
   * @param outlines What each worker has, as {@linkcode outlineOf} tells it.
   */
  constructor(
    parameters: ReadonlyMap<string, Variable>,
    outlines: readonly Int32Array[],
  ) {
    const at = outlines.map(() => 0);
    const places: Place[] = [];
    let from = 0;
    for (const [name, { shape }] of parameters) {
      const each = outlines.map((outline, r) => {
        const kind = outline[at[r]!++]!;
        const count = kind > ROWS ? kind - ROWS : 0;
        const ids = outline.subarray(at[r]!, at[r]! + count);
        at[r]! += count;
        return { kind, ids };
      }).filter(({ kind }) => kind !== NONE);
      if (each.length === 0) continue;
      const [height = 1, ...rest] = shape;
      const width = rest.reduce((a, b) => a * b, 1);
      const rows = each.every(({ kind }) => kind >= ROWS)
        ? unionOf(each.map(({ ids }) => ids), height)
        : undefined;
      const length = (rows?.length ?? height) * width;
      places.push({ name, shape, from, length, rows });
      from += length;
    }
    this.#places = places;
    this.length = from;
  }

  /** Writes gradients into the numbers; a parameter without one counts as zeros. */
  async put(gradients: Gradients, into: Float32Array): Promise<void> {
    for (const { name, from, length, rows } of this.#places) {
      const part = into.subarray(from, from + length);
      const gradient = gradients[name];
      if (gradient instanceof RowGradient && rows) {
        const values = await readValues(gradient.rows);
        putRows(part, rows, { ids: gradient.ids, values });
      } else if (gradient) {
        const dense = denseGradient(gradient);
        part.set(await readValues(dense));
        if (dense !== gradient) dense.dispose();
      } else part.fill(0);
    }
  }

  /** The numbers as gradients; the caller disposes of them. */
  take(from: Float32Array): Gradients {
    const gradients: Record<string, Gradient> = {};
    for (const { name, shape, from: start, length, rows } of this.#places) {
      // The array is used again.
      const values = from.slice(start, start + length);
      gradients[name] = rows
        ? new RowGradient(
          rows,
          tf.tensor2d(values, [rows.length, length / rows.length]) as Tensor2D,
          shape as [number, number],
        )
        : tf.tensor(values, shape, "float32");
    }
    return gradients;
  }
}

/** Kinds in an outline: no gradient, one in full, or rows: 2 and how many. */
const [NONE, FULL, ROWS] = [0, 1, 2];

/** What gradients there are: for each parameter its kind, and the ids of rows. */
export function outlineOf(
  parameters: ReadonlyMap<string, Variable>,
  gradients: Gradients,
): Int32Array<ArrayBuffer> {
  const numbers: number[] = [];
  for (const name of parameters.keys()) {
    const gradient = gradients[name];
    if (!gradient) numbers.push(NONE);
    else if (gradient instanceof RowGradient) {
      numbers.push(ROWS + gradient.ids.length);
      for (const id of gradient.ids) numbers.push(id);
    } else numbers.push(FULL);
  }
  return Int32Array.from(numbers);
}

/** The ids in any of the lists, each once, rising; none where that is half of all. */
function unionOf(
  lists: readonly Int32Array[],
  height: number,
): Int32Array | undefined {
  const union = Int32Array.from(new Set(lists.flatMap((ids) => [...ids])))
    .sort();
  return 2 * union.length >= height || union.length === 0 ? undefined : union;
}

/** Puts rows at the places of their ids, zeros at all others. */
function putRows(
  into: Float32Array,
  rows: Int32Array,
  { ids, values }: { ids: Int32Array; values: Float32Array },
): void {
  const width = into.length / rows.length;
  into.fill(0);
  let place = 0;
  ids.forEach((id, i) => {
    while (rows[place] !== id) place++; // both rise
    into.set(values.subarray(i * width, (i + 1) * width), place * width);
  });
}
