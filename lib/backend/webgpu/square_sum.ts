import type { WebgpuKernel } from "./call.ts";
import type { Shader } from "./shader.ts";

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
