import { activationText } from "./activation.ts";
import type { Call, WebgpuKernel } from "./call.ts";
import { EACH, gridOf, type Shader } from "./shader.ts";

/** A shader of one line for each element. */
function each(
  name: string,
  bound: Pick<Shader, "reads" | "writes"> & Partial<Shader>,
): Shader {
  const { main = "", ...rest } = bound;
  return { name, whole: ["count"], ...rest, main: EACH + main };
}

/** Shaders with an activation, by its number. */
function activated(
  name: string,
  bound: Pick<Shader, "reads" | "writes" | "main">,
): (activation: number) => Shader {
  return (activation) =>
    each(`${name} ${activation}`, {
      ...bound,
      outside: activationText(activation),
    });
}

/** Starts one for each number of the first input, if that has any. */
function start(
  call: Call,
  shader: Shader,
  buffers: () => Record<string, GPUBuffer>,
  numbers: Record<string, number> = {},
): void {
  const count = call.size(0);
  if (count === 0) return;
  call.run(shader, {
    buffers: buffers(),
    numbers: { count, ...numbers },
    groups: gridOf(count),
  });
}

const ACTIVATION = activated("activation", {
  reads: { x: "f32" },
  writes: { y: "f32" },
  main: "y[i] = f(x[i]);",
});

/** x -> f(x). Setting: f. */
export const activation: WebgpuKernel = (call) => {
  const y = call.outLike(0, 0);
  start(call, ACTIVATION(call.setting(0)), () => ({ x: call.in(0), y }));
};

const ACTIVATION_GRAD = activated("activation gradient", {
  reads: { dy: "f32", x: "f32" },
  writes: { dx: "f32" },
  main: "dx[i] = dy[i] * df(x[i]);",
});

/** dy, x -> dy · f'(x). Setting: f. */
export const activationGrad: WebgpuKernel = (call) => {
  const dx = call.outLike(0, 0);
  start(
    call,
    ACTIVATION_GRAD(call.setting(0)),
    () => ({ dy: call.in(0), x: call.in(1), dx }),
  );
};

const GATED = activated("gated", {
  reads: { gate: "f32", up: "f32" },
  writes: { y: "f32" },
  main: "y[i] = f(gate[i]) * up[i];",
});

/** gate, up -> f(gate) · up. Setting: f. */
export const gated: WebgpuKernel = (call) => {
  const y = call.outLike(0, 0);
  start(
    call,
    GATED(call.setting(0)),
    () => ({ gate: call.in(0), up: call.in(1), y }),
  );
};

const GATED_GRAD = activated("gated gradient", {
  reads: { dy: "f32", gate: "f32", up: "f32" },
  writes: { dGate: "f32", dUp: "f32" },
  main: `
  dGate[i] = dy[i] * up[i] * df(gate[i]);
  dUp[i] = dy[i] * f(gate[i]);`,
});

/** dy, gate, up -> the gradients of gate and up. Setting: f. */
export const gatedGrad: WebgpuKernel = (call) => {
  const dGate = call.outLike(0, 0), dUp = call.outLike(1, 0);
  start(call, GATED_GRAD(call.setting(0)), () => ({
    dy: call.in(0),
    gate: call.in(1),
    up: call.in(2),
    dGate,
    dUp,
  }));
};

const ADD_INTO = each("add into", {
  reads: { y: "f32" },
  writes: { x: "f32" },
  main: "x[i] += y[i];",
});

/** x, y -> nothing; x becomes x + y where it is. */
export const addInto: WebgpuKernel = (call) => {
  call.out(0, [0]);
  start(call, ADD_INTO, () => ({ y: call.in(1), x: call.inPlace(0) }));
};

const ROTARY = each("rotary", {
  reads: { x: "f32", cosines: "f32", sines: "f32" },
  writes: { y: "f32" },
  whole: ["count", "width", "D", "R"],
  real: ["turn"],
  main: `
  let t = i / n.width;
  let d = (i % n.width) % n.D;
  if (d >= 2u * n.R) { y[i] = x[i]; return; }
  let r = t * n.R + d % n.R;
  let s = n.turn * sines[r];
  if (d < n.R) { y[i] = x[i] * cosines[r] - x[i + n.R] * s; }
  else { y[i] = x[i] * cosines[r] + x[i - n.R] * s; }`,
});

/** x [T, H·D], cos, sin [T, R] -> turned. Settings: heads, sign of the turn. */
export const rotary: WebgpuKernel = (call) => {
  const y = call.outLike(0, 0), width = call.dim(0, 1);
  const sides = () => ({
    x: call.in(0),
    cosines: call.in(1),
    sines: call.in(2),
  });
  start(call, ROTARY, () => ({ ...sides(), y }), {
    width,
    D: width / call.setting(0),
    R: call.dim(1, 1),
    turn: call.setting(1),
  });
};

const DROPOUT = each("dropout", {
  reads: { x: "f32", seeds: "i32" },
  writes: { y: "f32" },
  whole: ["count", "width", "limit"],
  real: ["kept"],
  // The finisher of MurmurHash3, as in kernels/dropout.ts.
  outside: `
fn mixed(start: u32) -> u32 {
  var x = (start ^ (start >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}`,
  main: `
  let start = mixed(bitcast<u32>(seeds[i / n.width]));
  let hash = mixed(start + (i % n.width) * 0x9e3779b9u);
  y[i] = select(0.0, x[i] * n.kept, hash >= n.limit);`,
});

/** x, a seed for each row, limit -> x / (1 - rate) or 0. Setting: 1 / (1 - rate). */
export const dropout: WebgpuKernel = (call) => {
  const y = call.outLike(0, 0);
  const buffers = () => ({ x: call.in(0), seeds: call.ints(0), y });
  start(call, DROPOUT, buffers, {
    width: call.size(0) / call.intValues(0).length,
    limit: call.intValues(1)[0]! >>> 0,
    kept: call.setting(0),
  });
};
