import type { Call } from "./call.ts";
import type { Shader } from "./shader.ts";

/**
 * The sums of the columns of x `[rows, width]`: the first D into y `[D]`, the
 * others, where there are any, into `rest`.
 */
export function columnSum(
  call: Call,
  { x, rows, D, width = D, y, rest }: {
    x: GPUBuffer;
    rows: number;
    D: number;
    width?: number;
    y: GPUBuffer;
    rest?: GPUBuffer | undefined;
  },
): void {
  call.run(shaderOf(rest !== undefined), {
    buffers: { x, y, ...(rest ? { rest } : {}) },
    numbers: { rows, D, width },
    groups: [Math.ceil(width / 16)],
  });
}

/** A workgroup has 16 columns, and each thread each sixteenth row of one. */
function shaderOf(rest: boolean): Shader {
  return {
    name: `column sum ${rest}`,
    reads: { x: "f32" },
    writes: { y: "f32", ...(rest ? { rest: "f32" } : {}) },
    whole: ["rows", "D", "width"],
    outside: `var<workgroup> sums: array<f32, 256>;`,
    main: `
  let d = group.x * 16u + lane % 16u;
  var sum = 0.0;
  if (d < n.width) {
    for (var r = lane / 16u; r < n.rows; r += 16u) { sum += x[r * n.width + d]; }
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane < 16u && d < n.width) {
    var all = 0.0;
    for (var r = 0u; r < 16u; r++) { all += sums[r * 16u + lane]; }
    if (d < n.D) { y[d] = all; }
    ${rest ? "else { rest[d - n.D] = all; }" : ""}
  }`,
  };
}
