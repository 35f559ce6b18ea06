import type { WebgpuKernel } from "./call.ts";
import { columnSum } from "./column_sum.ts";
import { flat, type Shader } from "./shader.ts";

/** Rows of a workgroup: each has 32 threads, which add up in five steps. */
const ROWS = 8;

/** Sum over the threads of a row, for all of them. */
const SUM = `
var<workgroup> sums: array<f32, 256>;
fn summed(x: f32, lane: u32) -> f32 {
  workgroupBarrier();
  sums[lane] = x;
  workgroupBarrier();
  for (var half = 16u; half > 0u; half /= 2u) {
    if (lane % 32u < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  return sums[lane / 32u * 32u];
}`;

/** The row `r` of a thread, and its first number; past the end, what isn't stored. */
const ROW = `
  let r = (group.y * groups.x + group.x) * ${ROWS}u + lane / 32u;
  let there = r < n.rows;
  let at = select(0u, r, there) * n.D;
  let first = lane % 32u;`;

function normShader(
  { bias, residual, rms }: { bias: boolean; residual: boolean; rms: boolean },
): Shader {
  const value = residual ? "x[at + d] + residual[at + d]" : "x[at + d]";
  const mean = rms ? "" : `
  var part = 0.0;
  for (var d = first; d < n.D; d += 32u) { part += ${value}; }
  let mean = summed(part, lane) / f32(n.D);`;
  return {
    name: `norm ${[bias, residual, rms]}`,
    reads: {
      x: "f32",
      gain: "f32",
      ...(bias ? { bias: "f32" } : {}),
      ...(residual ? { residual: "f32" } : {}),
    },
    writes: {
      y: "f32",
      ...(residual ? { sum: "f32" } : {}),
      ...(rms ? {} : { means: "f32" }),
      scales: "f32",
    },
    whole: ["rows", "D"],
    real: ["eps", "one"],
    outside: SUM,
    main: `${ROW}${mean}
  var square = 0.0;
  for (var d = first; d < n.D; d += 32u) {
    let v = ${value}${rms ? "" : " - mean"};
    square += v * v;
  }
  let scale = 1.0 / sqrt(summed(square, lane) / f32(n.D) + n.eps);
  if (!there) { return; }
  if (first == 0u) {
    scales[r] = scale;
    ${rms ? "" : "means[r] = mean;"}
  }
  for (var d = first; d < n.D; d += 32u) {
    let v = ${value};
    ${residual ? "sum[at + d] = v;" : ""}
    y[at + d] = (v${rms ? "" : " - mean"}) * scale * (gain[d] + n.one)${
      bias ? " + bias[d]" : ""
    };
  }`,
  };
}

/**
 * x, gain, bias?, residual? -> y, x + residual, mean, 1/deviation. Settings: eps,
 * whether RMS (no mean), what is added to the gain.
 */
export const norm: WebgpuKernel = (call) => {
  const D = call.size(1), rows = call.size(0) / D;
  const bias = call.optional(2), residual = call.optional(3);
  const rms = call.setting(1) !== 0;
  const y = call.outLike(0, 0);
  const sum = residual ? call.outLike(1, 0) : call.out(1, [0]);
  const means = call.out(2, [rms ? 0 : rows]), scales = call.out(3, [rows]);
  if (rows === 0) return;
  call.run(normShader({ bias: !!bias, residual: !!residual, rms }), {
    buffers: {
      ...{ x: call.in(0), gain: call.in(1), y, sum, means, scales },
      ...(bias ? { bias } : {}),
      ...(residual ? { residual } : {}),
    },
    numbers: { rows, D, eps: call.setting(0), one: call.setting(2) },
    groups: flat(Math.ceil(rows / ROWS)),
  });
};

/** What both shaders of the gradient read. */
const readsOf = (rms: boolean): Shader["reads"] => ({
  ...{ dy: "f32", x: "f32", scales: "f32" },
  ...(rms ? {} : { means: "f32" }),
});

/** The gradient of x. */
function inputShader(rms: boolean): Shader {
  const normal = `let normal = (x[at + d]${rms ? "" : " - mean"}) * scale;
    let dNormal = dy[at + d] * (gain[d] + n.one);`;
  return {
    name: `norm, input's gradient ${rms}`,
    reads: { ...readsOf(rms), gain: "f32" },
    writes: { dx: "f32" },
    whole: ["rows", "D"],
    real: ["one"],
    outside: SUM,
    main: `${ROW}
  let scale = scales[select(0u, r, there)];
  ${rms ? "" : "let mean = means[select(0u, r, there)];"}
  var level = 0.0;
  var along = 0.0;
  for (var d = first; d < n.D; d += 32u) {
    ${normal}
    level += dNormal;
    along += dNormal * normal;
  }
  along = summed(along, lane) / f32(n.D);
  level = ${rms ? "0.0" : "summed(level, lane) / f32(n.D)"};
  if (!there) { return; }
  for (var d = first; d < n.D; d += 32u) {
    ${normal}
    dx[at + d] = scale * (dNormal - level - normal * along);
  }`,
  };
}

/**
 * What a part of the rows adds to the gradients of gain and bias: a workgroup has
 * 64 columns, and each thread each fourth row of the part in one of them.
 */
function gainShader(rms: boolean): Shader {
  const bias = rms ? "" : "bias += dy[at];";
  return {
    name: `norm, gain's gradient ${rms}`,
    reads: readsOf(rms),
    writes: { parts: "f32" },
    whole: ["rows", "D", "each", "width"],
    outside: "var<workgroup> sums: array<vec2f, 256>;",
    main: `
  let d = group.x * 64u + lane % 64u;
  let end = min((group.y + 1u) * n.each, n.rows);
  var gain = 0.0;
  var bias = 0.0;
  if (d < n.D) {
    for (var r = group.y * n.each + lane / 64u; r < end; r += 4u) {
      let at = r * n.D + d;
      gain += dy[at] * (x[at]${rms ? "" : " - means[r]"}) * scales[r];
      ${bias}
    }
  }
  sums[lane] = vec2f(gain, bias);
  workgroupBarrier();
  if (lane < 64u && d < n.D) {
    let all = sums[lane] + sums[lane + 64u] + sums[lane + 128u]
      + sums[lane + 192u];
    parts[group.y * n.width + d] = all.x;
    ${rms ? "" : "parts[group.y * n.width + n.D + d] = all.y;"}
  }`,
  };
}

/** Into how many parts the rows are divided at most. */
const PARTS = 64;

/**
 * dy, x (+ residual), gain, means, scales -> dx, dGain, dBias. Settings: whether
 * RMS, what is added to the gain.
 */
export const normGrad: WebgpuKernel = (call) => {
  const D = call.size(2), rows = call.size(0) / D;
  const rms = call.setting(0) !== 0;
  const dx = call.outLike(0, 0);
  const dGain = call.out(1, [D]), dBias = call.out(2, [rms ? 0 : D]);
  const each = Math.max(16, Math.ceil(rows / PARTS));
  const count = Math.ceil(rows / each), width = rms ? D : 2 * D;
  const parts = call.temporary(Math.max(1, count) * width);
  if (rows > 0) {
    const reads = {
      ...{ dy: call.in(0), x: call.in(1), scales: call.in(4) },
      ...(rms ? {} : { means: call.in(3) }),
    };
    const numbers = { rows, D, width, each, one: call.setting(1) };
    call.run(inputShader(rms), {
      buffers: { ...reads, gain: call.in(2), dx },
      numbers,
      groups: flat(Math.ceil(rows / ROWS)),
    });
    call.run(gainShader(rms), {
      buffers: { ...reads, parts },
      numbers,
      groups: [Math.ceil(D / 64), count],
    });
  }
  const rest = rms ? undefined : dBias;
  columnSum(call, { x: parts, rows: count, D, width, y: dGain, rest });
};
