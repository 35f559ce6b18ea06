import { type Call, Wanted, type WebgpuKernel } from "./call.ts";
import { inputGradient, weightGradient } from "./linear.ts";
import { type Finish, product } from "./product.ts";

/** Rows through the map of inputs i (weight `[N, D]`) and i + 1 (bias?). */
function mapped(
  call: Call,
  { rows, i, c, finish }: {
    rows: GPUBuffer;
    i: number;
    c: GPUBuffer;
    finish?: Finish;
  },
): void {
  const [N, K] = [call.dim(i, 0), call.dim(i, 1)];
  product(call, {
    a: { data: rows, transposed: false },
    b: { data: call.in(i), transposed: true },
    c,
    sizes: { M: call.dim(0, 0), N, K },
    finish: { ...finish, bias: call.optional(i + 1) },
  });
}

/** Results i and i + 1: the gradients of a map's weight and bias. */
function mapGradient(
  call: Call,
  { wanted, i, dy, x, sizes }: {
    wanted: Wanted;
    i: number;
    dy: GPUBuffer | undefined;
    x: () => GPUBuffer;
    sizes: { T: number; N: number; D: number };
  },
): void {
  const { N, D } = sizes;
  weightGradient(call, { dy: () => dy!, x, sizes }, {
    dWeight: wanted.out(i, [N, D]),
    dBias: wanted.out(i + 1, [N]),
  });
}

/**
 * x [T, D], inner weight, bias?, outer weight, bias? -> y [T, D], what the
 * activation sees [T, F], and what it makes of it. Settings: precision,
 * activation.
 */
export const feedForward: WebgpuKernel = (call) => {
  const activation = call.setting(1);
  const T = call.dim(0, 0), F = call.dim(1, 0);
  const y = call.out(0, [T, call.dim(3, 0)]);
  const before = call.out(1, [T, F]), after = call.out(2, [T, F]);
  if (T === 0) return;
  mapped(call, {
    rows: call.in(0),
    i: 1,
    c: after,
    finish: { second: before, activation, form: "activated" },
  });
  mapped(call, { rows: after, i: 3, c: y });
};

/**
 * x, before, after, inner weight, outer weight, dy -> dx, inner dWeight, dBias,
 * outer dWeight, dBias. Settings: precision, activation, which are wanted.
 */
export const feedForwardGrad: WebgpuKernel = (call) => {
  const activation = call.setting(1);
  const wanted = new Wanted(call, call.setting(2));
  const T = call.dim(5, 0), F = call.dim(3, 0), D = call.dim(3, 1);
  const E = call.dim(4, 0);
  const dx = wanted.out(0, [T, D]);
  const rows = wanted.any(0, 3)
    ? call.temporary(Math.max(1, T * F))
    : undefined;
  if (rows && T > 0) {
    product(call, {
      a: { data: call.in(5), transposed: false },
      b: { data: call.in(4), transposed: false },
      c: rows,
      sizes: { M: T, N: F, K: E },
      finish: { gate: call.in(1), activation, form: "slope" },
    });
  }
  if (dx && T > 0) {
    const sizes = { T, N: F, D };
    const weight = call.in(3);
    inputGradient(call, { dy: rows!, weight, dx, sizes, onto: false });
  }
  mapGradient(call, {
    wanted,
    i: 1,
    dy: rows,
    x: () => call.in(0),
    sizes: { T, N: F, D },
  });
  mapGradient(call, {
    wanted,
    i: 3,
    dy: call.in(5),
    x: () => call.in(2),
    sizes: { T, N: E, D: F },
  });
};

/**
 * x, gate weight, bias?, up weight, bias?, down weight, bias? -> y, gates, ups,
 * f(gates) · ups. Settings: precision, activation.
 */
export const gatedFeedForward: WebgpuKernel = (call) => {
  const activation = call.setting(1);
  const T = call.dim(0, 0), F = call.dim(1, 0);
  const y = call.out(0, [T, call.dim(5, 0)]);
  const [gates, ups, inner] = [1, 2, 3].map((i) => call.out(i, [T, F])) as [
    GPUBuffer,
    GPUBuffer,
    GPUBuffer,
  ];
  if (T === 0) return;
  const rows = call.in(0);
  mapped(call, { rows, i: 1, c: gates });
  mapped(call, {
    rows,
    i: 3,
    c: inner,
    finish: { gate: gates, second: ups, activation, form: "gated" },
  });
  mapped(call, { rows: inner, i: 5, c: y });
};

/**
 * x, gates, ups, inner, the three weights, dy -> dx, then dWeight and dBias of
 * gate, up, down. Settings: precision, activation, which are wanted.
 */
export const gatedFeedForwardGrad: WebgpuKernel = (call) => {
  const activation = call.setting(1);
  const wanted = new Wanted(call, call.setting(2));
  const T = call.dim(7, 0), F = call.dim(4, 0), D = call.dim(4, 1);
  const E = call.dim(6, 0);
  const dx = wanted.out(0, [T, D]);
  const below = wanted.any(0, 5);
  const dUp = below ? call.temporary(Math.max(1, T * F)) : undefined;
  const dGate = below ? call.temporary(Math.max(1, T * F)) : undefined;
  if (dUp && dGate && T > 0) {
    product(call, {
      a: { data: call.in(7), transposed: false },
      b: { data: call.in(6), transposed: false },
      c: dUp,
      sizes: { M: T, N: F, K: E },
      finish: {
        gate: call.in(1),
        up: call.in(2),
        second: dGate,
        activation,
        form: "ungated",
      },
    });
  }
  const sizes = { T, N: F, D };
  if (dx && T > 0) {
    const [gate, up] = [call.in(4), call.in(5)];
    inputGradient(call, { dy: dUp!, weight: up, dx, sizes, onto: false });
    inputGradient(call, { dy: dGate!, weight: gate, dx, sizes, onto: true });
  }
  const x = () => call.in(0);
  mapGradient(call, { wanted, i: 1, dy: dGate, x, sizes });
  mapGradient(call, { wanted, i: 3, dy: dUp, x, sizes });
  mapGradient(call, {
    wanted,
    i: 5,
    dy: call.in(7),
    x: () => call.in(3),
    sizes: { T, N: E, D: F },
  });
};
