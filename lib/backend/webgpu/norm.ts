import type { WebgpuKernel } from "./call.ts";
import { columnSum } from "./column_sum.ts";
import { flat, type Shader } from "./shader.ts";

/** Sum over a workgroup's threads, for all of them. */
const SUM = `
var<workgroup> sums: array<f32, 256>;
fn summed(x: f32, lane: u32) -> f32 {
  workgroupBarrier();
  sums[lane] = x;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  return sums[0];
}`;

/** A workgroup has a row. */
function normShader(
  { bias, residual, rms }: { bias: boolean; residual: boolean; rms: boolean },
): Shader {
  const value = residual ? "x[at + d] + residual[at + d]" : "x[at + d]";
  const mean = rms ? "" : `
  var part = 0.0;
  for (var d = lane; d < n.D; d += 256u) { part += ${value}; }
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
    main: `
  let r = group.y * groups.x + group.x;
  if (r >= n.rows) { return; }
  let at = r * n.D;${mean}
  var square = 0.0;
  for (var d = lane; d < n.D; d += 256u) {
    let v = ${value}${rms ? "" : " - mean"};
    square += v * v;
  }
  let scale = 1.0 / sqrt(summed(square, lane) / f32(n.D) + n.eps);
  if (lane == 0u) {
    scales[r] = scale;
    ${rms ? "" : "means[r] = mean;"}
  }
  for (var d = lane; d < n.D; d += 256u) {
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
    groups: flat(rows),
  });
};

/**
 * A workgroup has some rows, one after the other, and what they add to the
 * gradients of gain and bias; each thread has columns of its own.
 */
function normGradShader(rms: boolean, D: number): Shader {
  const columns = Array.from({ length: Math.ceil(D / 256) }, (_, c) => c);
  const each = (text: (c: number) => string) => columns.map(text).join("\n");
  const inside = (c: number, text: string) =>
    `{ let d = lane + ${256 * c}u; if (d < n.D) { ${text} } }`;
  const normal = `let normal = (x[at + d]${rms ? "" : " - means[r]"}) * scale;
      let grad = dy[at + d]; let dNormal = grad * (gain[d] + n.one);`;
  return {
    name: `norm gradient ${rms} ${columns.length}`,
    reads: {
      ...{ dy: "f32", x: "f32", gain: "f32", scales: "f32" },
      ...(rms ? {} : { means: "f32" }),
    },
    writes: { dx: "f32", parts: "f32" },
    whole: ["rows", "D", "width"],
    real: ["one"],
    outside: SUM,
    main: `
  ${each((c) => `var gain${c} = 0.0; var bias${c} = 0.0;`)}
  for (var r = group.x; r < n.rows; r += groups.x) {
    let at = r * n.D;
    let scale = scales[r];
    var flat = 0.0;
    var along = 0.0;
    ${
      each((c) =>
        inside(
          c,
          `${normal} flat += dNormal; along += dNormal * normal;
      gain${c} += grad * normal; bias${c} += grad;`,
        )
      )
    }
    along = summed(along, lane) / f32(n.D);
    ${rms ? "flat = 0.0;" : "flat = summed(flat, lane) / f32(n.D);"}
    ${
      each((c) =>
        inside(
          c,
          `${normal} dx[at + d] = scale * (dNormal - flat - normal * along);`,
        )
      )
    }
  }
  ${
      each((c) =>
        inside(
          c,
          `parts[group.x * n.width + d] = gain${c};${
            rms ? "" : `parts[group.x * n.width + n.D + d] = bias${c};`
          }`,
        )
      )
    }`,
  };
}

/** Workgroups that a norm's rows are divided among. */
const PARTS = 128;

/**
 * dy, x (+ residual), gain, means, scales -> dx, dGain, dBias. Settings: whether
 * RMS, what is added to the gain.
 */
export const normGrad: WebgpuKernel = (call) => {
  const D = call.size(2), rows = call.size(0) / D;
  const rms = call.setting(0) !== 0;
  const dx = call.outLike(0, 0);
  const dGain = call.out(1, [D]), dBias = call.out(2, [rms ? 0 : D]);
  const groups = Math.max(1, Math.min(PARTS, rows));
  const width = rms ? D : 2 * D;
  const parts = call.temporary(groups * width);
  if (rows > 0) {
    call.run(normGradShader(rms, D), {
      buffers: {
        ...{ dy: call.in(0), x: call.in(1), gain: call.in(2) },
        ...(rms ? {} : { means: call.in(3) }),
        ...{ scales: call.in(4), dx, parts },
      },
      numbers: { rows, D, width, one: call.setting(1) },
      groups: [groups],
    });
  }
  const filled = rows > 0 ? groups : 0;
  columnSum(call, { x: parts, rows: filled, D, width, y: dGain });
  if (!rms) {
    columnSum(call, { x: parts, rows: filled, D, width, from: D, y: dBias });
  }
};
