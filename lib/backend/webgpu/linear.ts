import type { Call, WebgpuKernel } from "./call.ts";
import { Wanted } from "./call.ts";
import { columnSum } from "./column_sum.ts";
import { type Matrix, product } from "./product.ts";

const plain = (data: GPUBuffer): Matrix => ({ data, transposed: false });
const turned = (data: GPUBuffer): Matrix => ({ data, transposed: true });

/** a, b -> C. Settings: transpose a, transpose b, precision, scale. */
export const matMul: WebgpuKernel = (call) => {
  const [ta, tb] = [call.setting(0) !== 0, call.setting(1) !== 0];
  const M = call.dim(0, ta ? 1 : 0), K = call.dim(0, ta ? 0 : 1);
  const N = call.dim(1, tb ? 0 : 1);
  const c = call.out(0, [M, N]);
  if (M * N === 0) return;
  product(call, {
    a: { data: call.in(0), transposed: ta },
    b: { data: call.in(1), transposed: tb },
    c,
    sizes: { M, N, K },
    finish: { scale: call.setting(3) },
  });
};

/** x [T, D], n weights [N, D], n biases? [N] -> n results [T, N]. Settings: n. */
export const linear: WebgpuKernel = (call) => {
  const count = call.setting(0);
  const [M, K] = [call.dim(0, 0), call.dim(0, 1)];
  for (let i = 0; i < count; i++) {
    const N = call.dim(1 + i, 0);
    const c = call.out(i, [M, N]);
    if (M === 0) continue;
    product(call, {
      a: plain(call.in(0)),
      b: turned(call.in(1 + i)),
      c,
      sizes: { M, N, K },
      finish: { bias: call.optional(1 + count + i) },
    });
  }
};

/**
 * x, n gradients [T, N], n weights -> dx, n dWeights, n dBiases. Settings: n,
 * precision, which are wanted.
 */
export const linearGrad: WebgpuKernel = (call) => {
  const count = call.setting(0);
  const wanted = new Wanted(call, call.setting(2));
  const T = call.dim(1, 0), D = call.dim(1 + count, 1);
  const dx = wanted.out(0, [T, D]);
  for (let i = 0; i < count; i++) {
    const N = call.dim(1 + i, 1);
    const dWeight = wanted.out(1 + i, [N, D]);
    const dBias = wanted.out(1 + count + i, [N]);
    const dy = () => call.in(1 + i);
    if (dx && T > 0) {
      inputGradient(call, {
        dy: dy(),
        weight: call.in(1 + count + i),
        dx,
        sizes: { T, N, D },
        onto: i > 0,
      });
    }
    weightGradient(call, { dy, x: () => call.in(0), sizes: { T, N, D } }, {
      dWeight,
      dBias,
    });
  }
};

/** Sizes of a map `[N, D]` of T rows. */
export interface MapSizes {
  T: number;
  N: number;
  D: number;
}

/** dx [T, D] from dy [T, N] and the weight [N, D]. */
export function inputGradient(
  call: Call,
  { dy, weight, dx, sizes: { T, N, D }, onto }: {
    dy: GPUBuffer;
    weight: GPUBuffer;
    dx: GPUBuffer;
    sizes: MapSizes;
    onto: boolean;
  },
): void {
  product(call, {
    a: plain(dy),
    b: plain(weight),
    c: dx,
    sizes: { M: T, N: D, K: N },
    finish: { onto },
  });
}

/** dWeight [N, D] and dBias [N], where wanted, from dy [T, N] and x [T, D]. */
export function weightGradient(
  call: Call,
  { dy, x, sizes: { T, N, D } }: {
    dy: () => GPUBuffer;
    x: () => GPUBuffer;
    sizes: MapSizes;
  },
  { dWeight, dBias }: {
    dWeight: GPUBuffer | undefined;
    dBias: GPUBuffer | undefined;
  },
): void {
  if (dWeight) {
    product(call, {
      a: turned(dy()),
      b: plain(x()),
      c: dWeight,
      sizes: { M: N, N: D, K: T },
      // Whoever multiplies dy has it at hand to add up.
      finish: { rowSums: dBias },
    });
  } else if (dBias) columnSum(call, { x: dy(), rows: T, D: N, y: dBias });
}
