import type { Call } from "./call.ts";
import {
  addShader,
  type Form,
  PLAIN,
  productShader,
  type Rows,
  type Variant,
} from "./product_text.ts";
import { gridOf } from "./shader.ts";

/** A matrix in memory, row by row, perhaps to be read as its transpose. */
export interface Matrix {
  /** Its numbers. */
  data: GPUBuffer;
  /** Whether it is the transpose that is multiplied. */
  transposed: boolean;
}

/** How sums are finished before they are stored. */
export interface Finish {
  /** Factor on them before all else. @default {1} */
  scale?: number;
  /** Added to each row `[N]`. */
  bias?: GPUBuffer | undefined;
  /** What f or its slope is taken of, `[M, N]`. */
  gate?: GPUBuffer;
  /** See {@linkcode Form}, `[M, N]`. */
  up?: GPUBuffer;
  /** Where v itself goes, or as {@linkcode Form} says, `[M, N]`. */
  second?: GPUBuffer;
  /** f by its number. @default {0} */
  activation?: number;
  /** @default {"plain"} */
  form?: Form;
  /** C = C + v. @default {false} */
  onto?: boolean;
  /** Gets the sum of each row of A, `[M]`. */
  rowSums?: GPUBuffer | undefined;
}

/** Sizes of a product. */
export interface Sizes {
  M: number;
  N: number;
  K: number;
}

/** What is multiplied, and what becomes of it. */
interface Product {
  a: Matrix;
  b: Matrix;
  /** Gets C. */
  c: GPUBuffer;
  sizes: Sizes;
  finish?: Finish;
}

/**
 * C `[M, N]` = A `[M, K]` · B `[K, N]`, finished on the way to memory. Each
 * workgroup has a tile of C: 64 columns, and as many rows as leave enough
 * workgroups to fill a GPU. Where they are still few and K is long, as for a
 * weight's gradient, each has a stretch of K, and a second shader adds them up,
 * always in the same order.
 */
export function product(
  call: Call,
  { a, b, c, sizes, finish = {} }: Product,
): void {
  const { M, N, K } = sizes;
  const rows = rowsFor(sizes);
  const [across, down] = [Math.ceil(N / 64), Math.ceil(M / (16 * rows))];
  const parts = partsFor(across * down, K);
  const depth = 16 * Math.ceil(K / parts / 16);
  const { scale = 1, rowSums } = finish;
  const variant = variantOf(finish);
  const shape = { rows, ta: a.transposed, tb: b.transposed };
  const numbers = { ...sizes, rows, depth, parts, scale, count: M * N };
  const start = (variant: Variant, scale: number, written: Buffers) =>
    call.run(productShader(shape, variant), {
      buffers: { a: a.data, b: b.data, ...written },
      numbers: { ...numbers, scale },
      groups: [across, down, parts],
    });
  const finishing = buffersOf(finish);
  if (parts === 1) {
    start(variant, scale, { c, ...finishing, ...named({ rowSums }) });
    return;
  }
  const partial = call.temporary(parts * M * N);
  const sums = rowSums && call.temporary(parts * M);
  const { rowSums: summed } = variant;
  start({ ...PLAIN, rowSums: summed }, 1, {
    c: partial,
    ...named({ rowSums: sums }),
  });
  call.run(addShader({ ...variant, rowSums: false }), {
    buffers: { partial, c, ...finishing },
    numbers,
    groups: gridOf(M * N),
  });
  if (!rowSums) return;
  call.run(addShader(PLAIN), {
    buffers: { partial: sums!, c: rowSums },
    numbers: { ...numbers, N: 1, scale: 1, count: M },
    groups: gridOf(M),
  });
}

type Buffers = Record<string, GPUBuffer>;

/** Workgroups that a GPU should have at least. */
const ENOUGH = 96;

/** Rows of a tile that each thread has: large tiles read less. */
function rowsFor({ M, N }: Sizes): Rows {
  const tiles = (rows: number) =>
    Math.ceil(M / (16 * rows)) * Math.ceil(N / 64);
  if (M > 64 && tiles(8) >= ENOUGH) return 8;
  if (M > 32 && tiles(4) >= ENOUGH) return 4;
  if (M > 16 && tiles(2) >= ENOUGH / 2) return 2;
  return M > 32 ? 2 : 1;
}

/** Into how many stretches K is cut. */
function partsFor(tiles: number, K: number): number {
  if (tiles >= ENOUGH || K < 512) return 1;
  return Math.min(Math.ceil(ENOUGH / tiles), Math.floor(K / 256), 16);
}

function variantOf(finish: Finish): Variant {
  const { form = "plain", activation = 0, onto = false } = finish;
  const [bias, second, rowSums] = [
    finish.bias,
    finish.second,
    finish.rowSums,
  ].map((buffer) => buffer !== undefined) as [boolean, boolean, boolean];
  return { form, activation, bias, second, onto, rowSums };
}

/** What finishing reads and writes beside C. */
function buffersOf({ bias, gate, up, second }: Finish): Buffers {
  return named({ bias, gate, up, second });
}

/** Those that are there. */
function named(buffers: Record<string, GPUBuffer | undefined>): Buffers {
  return Object.fromEntries(
    Object.entries(buffers).filter(([, buffer]) => buffer),
  ) as Buffers;
}
