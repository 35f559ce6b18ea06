import type { Call, WebgpuKernel } from "./call.ts";
import { EACH, gridOf, type Shader } from "./shader.ts";

/** Numbers that every shader of an update is told. */
const COMMON = [
  "beta1",
  "beta2",
  "more1",
  "more2",
  "epsilon",
  "size",
  "factor",
];

/** WGSL that updates number `at` of parameter k with a gradient. */
const updateText = (k: number) => `
  let first = m${k}[at] * n.beta1 + grad * n.more1;
  let second = v${k}[at] * n.beta2 + grad * grad * n.more2;
  m${k}[at] = first;
  v${k}[at] = second;
  p${k}[at] = p${k}[at] * n.kept${k} - first / (sqrt(second) + n.epsilon) * n.size;`;

/** A parameter whose gradient is some rows of a table. */
const ROWS: Shader = {
  name: "adamw, rows",
  reads: { g: "f32", ids: "i32" },
  writes: { p0: "f32", m0: "f32", v0: "f32" },
  whole: ["count", "D", "rows", "start"],
  real: [...COMMON, "kept0"],
  main: `${EACH}
  // The place of this row among those with a gradient, which rise.
  let at = i;
  let row = i32(i / n.D);
  var low = 0u;
  var high = n.rows;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (ids[n.start + middle] < row) { low = middle + 1u; }
    else { high = middle; }
  }
  var grad = 0.0;
  if (low < n.rows && ids[n.start + low] == row) {
    grad = g[low * n.D + i % n.D] * n.factor;
  }${updateText(0)}`,
};

/** One parameter or two, as many as eight buffers hold. */
function denseShader(parameters: 1 | 2): Shader {
  const both = parameters === 2;
  const of = (k: number) => [`p${k}`, `m${k}`, `v${k}`];
  const written = both ? [...of(0), ...of(1)] : of(0);
  const update = (k: number) =>
    `let grad = g${k}[at] * n.factor;${updateText(k)}`;
  return {
    name: `adamw ${parameters}`,
    reads: { g0: "f32", ...(both ? { g1: "f32" } : {}) },
    writes: Object.fromEntries(written.map((name) => [name, "f32" as const])),
    whole: ["count", "border"],
    real: [...COMMON, "kept0", ...(both ? ["kept1"] : [])],
    main: `${EACH}
  if (i < n.border) {
    let at = i;
    ${update(0)}
  }${both ? ` else {\n    let at = i - n.border;\n    ${update(1)}\n  }` : ""}`,
  };
}

/**
 * n parameters, n gradients, n first moments, n second ones; all but the
 * gradients change where they are. What else it takes: `native/adamw.cc`.
 */
export const adamW: WebgpuKernel = (call) => {
  const count = call.inputs / 4;
  call.out(0, [0]);
  const rowsOf = (i: number) => call.setting(6 + 2 * i);
  const full = Array.from({ length: count }, (_, i) => i)
    .filter((i) => call.size(i) > 0);
  updateRows(call, full.filter((i) => rowsOf(i) >= 0));
  const dense = full.filter((i) => rowsOf(i) < 0);
  for (let k = 0; k < dense.length; k += 2) {
    updateDense(call, dense.slice(k, k + 2));
  }
};

function updateDense(call: Call, those: readonly number[]): void {
  const count = call.inputs / 4;
  const size = those.reduce((sum, i) => sum + call.size(i), 0);
  call.run(denseShader(those.length as 1 | 2), {
    buffers: Object.assign(
      {},
      ...those.map((i, k) => ({
        [`g${k}`]: call.in(count + i),
        ...changed(call, i, k),
      })),
    ),
    numbers: {
      ...commonNumbers(call),
      ...Object.fromEntries(
        those.map((i, k) => [`kept${k}`, call.setting(5 + 2 * i)]),
      ),
      count: size,
      border: call.size(those[0]!),
    },
    groups: gridOf(size),
  });
}

/** Those with rows, in their order: the numbers of the rows follow it. */
function updateRows(call: Call, those: readonly number[]): void {
  if (those.length === 0) return;
  const count = call.inputs / 4;
  const ids = call.ints(0);
  let start = 0;
  for (const i of those) {
    const rows = call.setting(6 + 2 * i);
    call.run(ROWS, {
      buffers: {
        g: rows === 0 ? call.temporary(4) : call.in(count + i),
        ids,
        ...changed(call, i, 0),
      },
      numbers: {
        ...commonNumbers(call),
        kept0: call.setting(5 + 2 * i),
        count: call.size(i),
        D: call.dim(i, 1),
        rows,
        start,
      },
      groups: gridOf(call.size(i)),
    });
    start += rows;
  }
}

/** What changes of parameter i, named as a shader's parameter k. */
function changed(call: Call, i: number, k: number) {
  const count = call.inputs / 4;
  return {
    [`p${k}`]: call.inPlace(i),
    [`m${k}`]: call.inPlace(2 * count + i),
    [`v${k}`]: call.inPlace(3 * count + i),
  };
}

function commonNumbers(call: Call): Record<string, number> {
  const [beta1, beta2, epsilon, size, factor] = [0, 1, 2, 3, 4].map((k) =>
    call.setting(k)
  ) as [number, number, number, number, number];
  const more = { more1: 1 - beta1, more2: 1 - beta2 };
  return { beta1, beta2, epsilon, size, factor, ...more };
}
