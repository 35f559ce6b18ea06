import type { WebgpuKernel } from "./call.ts";
import { EACH, gridOf, type Shader } from "./shader.ts";

/** Tensors whose squares one shader adds up: with its sums, 8 buffers. */
const AT_ONCE = 7;

/** Workgroups that add up a tensor's squares. */
const PARTS = 64;

/** A workgroup adds up each `groups.x`-th stretch of each tensor. */
function squaresShader(count: number): Shader {
  const names = Array.from({ length: count }, (_, i) => `x${i}`);
  return {
    name: `squares of ${count}`,
    reads: Object.fromEntries(names.map((name) => [name, "f32" as const])),
    writes: { sums: "f32" },
    whole: ["at", ...names.map((name) => `${name}Size`)],
    outside: "var<workgroup> summed: array<f32, 256>;",
    main: `
  var sum = 0.0;
  ${
      names.map((x) => `
  {
    var part = 0.0;
    for (var i = group.x * 256u + lane; i < n.${x}Size; i += groups.x * 256u) {
      part += ${x}[i] * ${x}[i];
    }
    sum += part;
  }`).join("")
    }
  summed[lane] = sum;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (lane < half) { summed[lane] += summed[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { sums[n.at + group.x] = summed[0]; }`,
  };
}

const TOTAL: Shader = {
  name: "total",
  reads: { sums: "f32" },
  writes: { y: "f32" },
  whole: ["count"],
  outside: "var<workgroup> parts: array<f32, 256>;",
  main: `
  var sum = 0.0;
  for (var i = lane; i < n.count; i += 256u) { sum += sums[i]; }
  parts[lane] = sum;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (lane < half) { parts[lane] += parts[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { y[0] = parts[0]; }`,
};

/** Any number of tensors -> the sum of all squares [1], added in one order. */
export const squareSum: WebgpuKernel = (call) => {
  const y = call.out(0, [1]);
  const full = Array.from({ length: call.inputs }, (_, i) => i)
    .filter((i) => call.size(i) > 0);
  const launches = Math.ceil(full.length / AT_ONCE);
  const sums = call.temporary(Math.max(1, launches * PARTS));
  for (let k = 0; k < launches; k++) {
    const those = full.slice(k * AT_ONCE, (k + 1) * AT_ONCE);
    call.run(squaresShader(those.length), {
      buffers: {
        ...Object.fromEntries(those.map((i, at) => [`x${at}`, call.in(i)])),
        sums,
      },
      numbers: {
        at: k * PARTS,
        ...Object.fromEntries(
          those.map((i, at) => [`x${at}Size`, call.size(i)]),
        ),
      },
      groups: [PARTS],
    });
  }
  call.run(TOTAL, {
    buffers: { sums, y },
    numbers: { count: launches * PARTS },
    groups: [1],
  });
};

/** One parameter; with `rows`, its gradient is some rows of a table. */
function updateShader(rows: boolean): Shader {
  const found = `
  // The place of this row among those with a gradient, which rise.
  let row = i32(i / n.D);
  var low = 0u;
  var high = n.rows;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (ids[n.first + middle] < row) { low = middle + 1u; }
    else { high = middle; }
  }
  var grad = 0.0;
  if (low < n.rows && ids[n.first + low] == row) {
    grad = g[low * n.D + i % n.D] * n.factor;
  }`;
  return {
    name: `adamw ${rows}`,
    reads: { g: "f32", ...(rows ? { ids: "i32" } : {}) },
    writes: { p: "f32", m: "f32", v: "f32" },
    whole: ["count", ...(rows ? ["D", "rows", "first"] : [])],
    real: [
      "beta1",
      "beta2",
      "more1",
      "more2",
      "epsilon",
      "size",
      "factor",
      "kept",
    ],
    main: `${EACH}
  ${rows ? found : "let grad = g[i] * n.factor;"}
  let first = m[i] * n.beta1 + grad * n.more1;
  let second = v[i] * n.beta2 + grad * grad * n.more2;
  m[i] = first;
  v[i] = second;
  p[i] = p[i] * n.kept - first / (sqrt(second) + n.epsilon) * n.size;`,
  };
}

/**
 * n parameters, n gradients, n first moments, n second ones; all but the
 * gradients change where they are. What else it takes: `native/adamw.cc`.
 */
export const adamW: WebgpuKernel = (call) => {
  const count = call.inputs / 4;
  call.out(0, [0]);
  const [beta1, beta2, epsilon, size, factor] = [0, 1, 2, 3, 4].map((k) =>
    call.setting(k)
  ) as [number, number, number, number, number];
  const common = { beta1, beta2, epsilon, size, factor };
  let from = 0;
  for (let i = 0; i < count; i++) {
    const rows = call.setting(6 + 2 * i);
    const all = call.size(i);
    if (all > 0) {
      const some = rows >= 0;
      call.run(updateShader(some), {
        buffers: {
          g: rows === 0 ? call.temporary(4) : call.in(count + i),
          ...(some ? { ids: call.ints(0) } : {}),
          p: call.inPlace(i),
          m: call.inPlace(2 * count + i),
          v: call.inPlace(3 * count + i),
        },
        numbers: {
          ...common,
          more1: 1 - beta1,
          more2: 1 - beta2,
          kept: call.setting(5 + 2 * i),
          count: all,
          ...(some ? { D: call.dim(i, 1), rows, first: from } : {}),
        },
        groups: gridOf(all),
      });
    }
    if (rows > 0) from += rows;
  }
};
