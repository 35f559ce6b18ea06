import type { WebgpuKernel } from "./call.ts";
import { EACH, gridOf, type Shader } from "./shader.ts";

const GATHER: Shader = {
  name: "gather",
  reads: { table: "f32", ids: "i32" },
  writes: { y: "f32" },
  whole: ["count", "D"],
  main: `${EACH}
  y[i] = table[u32(ids[i / n.D]) * n.D + i % n.D];`,
};

/** table [V, D], ids [N] -> rows [N, D] */
export const gather: WebgpuKernel = (call) => {
  const D = call.dim(0, 1), N = call.intValues(0).length;
  const y = call.out(0, [N, D]);
  if (N * D === 0) return;
  call.run(GATHER, {
    buffers: { table: call.in(0), ids: call.ints(0), y },
    numbers: { count: N * D, D },
    groups: gridOf(N * D),
  });
};

const ROW_SUM: Shader = {
  name: "row sum",
  reads: { rows: "f32", order: "i32", starts: "i32" },
  writes: { y: "f32" },
  whole: ["count", "D"],
  main: `${EACH}
  let u = i / n.D;
  let d = i % n.D;
  var sum = 0.0;
  for (var j = starts[u]; j < starts[u + 1u]; j++) {
    sum += rows[u32(order[j]) * n.D + d];
  }
  y[i] = sum;`,
};

/**
 * rows [N, D], order [N], starts [U + 1] -> [U, D]: row u is the sum of the rows
 * that `order` names from starts[u] to starts[u + 1], in that order.
 */
export const rowSum: WebgpuKernel = (call) => {
  const D = call.dim(0, 1), U = call.intValues(1).length - 1;
  const y = call.out(0, [U, D]);
  if (U * D === 0) return;
  const order = call.ints(0), starts = call.ints(1);
  call.run(ROW_SUM, {
    buffers: { rows: call.in(0), order, starts, y },
    numbers: { count: U * D, D },
    groups: gridOf(U * D),
  });
};

const POOL: Shader = {
  name: "pool",
  reads: { x: "f32", weights: "i32", offsets: "i32" },
  writes: { y: "f32" },
  whole: ["count", "D"],
  main: `${EACH}
  let b = i / n.D;
  let d = i % n.D;
  var sum = 0.0;
  for (var t = offsets[b]; t < offsets[b + 1u]; t++) {
    let w = bitcast<f32>(weights[t]);
    if (w != 0.0) { sum += w * x[u32(t) * n.D + d]; }
  }
  y[i] = sum;`,
};

/**
 * x [T, D], the bits of weights [T], offsets [B + 1] -> per text the weighted sum
 * [B, D]
 */
export const pool: WebgpuKernel = (call) => {
  const D = call.dim(0, 1), B = call.intValues(1).length - 1;
  const y = call.out(0, [B, D]);
  if (B * D === 0) return;
  const weights = call.ints(0), offsets = call.ints(1);
  call.run(POOL, {
    buffers: { x: call.in(0), weights, offsets, y },
    numbers: { count: B * D, D },
    groups: gridOf(B * D),
  });
};

const POOL_GRAD: Shader = {
  name: "pool gradient",
  reads: { dy: "f32", weights: "i32", offsets: "i32" },
  writes: { dx: "f32" },
  whole: ["count", "D"],
  main: `${EACH}
  let b = i / n.D;
  let d = i % n.D;
  for (var t = offsets[b]; t < offsets[b + 1u]; t++) {
    dx[u32(t) * n.D + d] = bitcast<f32>(weights[t]) * dy[i];
  }`,
};

/** dy [B, D], the bits of weights [T], offsets -> dx [T, D] */
export const poolGrad: WebgpuKernel = (call) => {
  const D = call.dim(0, 1), T = call.intValues(0).length;
  const B = call.intValues(1).length - 1;
  const dx = call.out(0, [T, D]);
  if (T * D === 0) return;
  const weights = call.ints(0), offsets = call.ints(1);
  call.run(POOL_GRAD, {
    buffers: { dy: call.in(0), weights, offsets, dx },
    numbers: { count: B * D, D },
    groups: gridOf(B * D),
  });
};
