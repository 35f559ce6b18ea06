import type { Call } from "./call.ts";
import type { Shader } from "./shader.ts";

/** The sum y `[D]` of columns `from` … of the rows of x `[rows, width]`. */
export function columnSum(
  call: Call,
  { x, rows, D, width = D, from = 0, y }: {
    x: GPUBuffer;
    rows: number;
    D: number;
    width?: number;
    from?: number;
    y: GPUBuffer;
  },
): void {
  call.run(SHADER, {
    buffers: { x, y },
    numbers: { rows, D, width, first: from },
    groups: [Math.ceil(D / 16)],
  });
}

/** A workgroup has 16 columns, and each thread each sixteenth row of one. */
const SHADER: Shader = {
  name: "column sum",
  reads: { x: "f32" },
  writes: { y: "f32" },
  whole: ["rows", "D", "width", "first"],
  outside: `var<workgroup> sums: array<f32, 256>;`,
  main: `
  let d = group.x * 16u + lane % 16u;
  var sum = 0.0;
  if (d < n.D) {
    for (var r = lane / 16u; r < n.rows; r += 16u) {
      sum += x[r * n.width + n.first + d];
    }
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane < 16u && d < n.D) {
    var all = 0.0;
    for (var r = 0u; r < 16u; r++) { all += sums[r * 16u + lane]; }
    y[d] = all;
  }`,
};
