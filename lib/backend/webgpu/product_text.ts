import { activationText } from "./activation.ts";
import { type Shader, THREADS } from "./shader.ts";

/** What becomes of each sum v, as in `native/product/gemm.h`; f: activation. */
export type Form =
  | "plain" // C = v
  | "activated" // C = f(v)
  | "slope" // C = v · f'(gate)
  | "gated" // C = v · f(gate)
  | "ungated"; // C = v · f(gate), second = v · up · f'(gate)

/** Rows of a tile that each thread has. */
export type Rows = 1 | 2 | 4 | 8;

/** Which of a shader's parts are wanted. */
export interface Variant {
  form: Form;
  activation: number;
  bias: boolean;
  second: boolean;
  onto: boolean;
  rowSums: boolean;
}

/** Nothing but the sum. */
export const PLAIN: Variant = {
  form: "plain",
  activation: 0,
  bias: false,
  second: false,
  onto: false,
  rowSums: false,
};

const nameOf = (variant: object) => Object.values(variant).join();

/** The buffers that finishing reads and writes beside C. */
function boundBy({ form, bias, second }: Variant) {
  const gate = ["slope", "gated", "ungated"].includes(form);
  return {
    reads: {
      ...(bias ? { bias: "f32" } : {}),
      ...(gate ? { gate: "f32" } : {}),
      ...(form === "ungated" ? { up: "f32" } : {}),
    } as Shader["reads"],
    writes: (second ? { second: "f32" } : {}) as Shader["writes"],
  };
}

/** WGSL that stores a thread's row r, and where `total` is given, its sum. */
function storeText(r: number, total: string): string {
  const columns = [0, 1, 2, 3].map((q) =>
    `if (j + ${q}u < n.N) { finish(sum${r}[${q}], m, j + ${q}u, group.z); }`
  ).join("\n      ");
  const sum = total && `
      if (group.x == 0u && x == 0u) { rowSums[group.z * n.M + m] = ${total}; }`;
  return `{
    let m = m0 + y * n.rows + ${r}u;
    if (m < n.M) {
      ${columns}${sum}
    }
  }`;
}

/** `finish(sum, m, k, part)`: stores a sum, at row m and column k of a part of C. */
function finishText({ form, activation, bias, second, onto }: Variant): string {
  const value = {
    plain: onto ? "c[at] + v" : "v",
    activated: "f(v)",
    slope: "v * df(gate[at])",
    gated: "v * f(gate[at])",
    ungated: "v * f(gate[at])",
  }[form];
  const other = form === "ungated" ? "v * up[at] * df(gate[at])" : "v";
  return `${form === "plain" ? "" : activationText(activation)}
fn finish(sum: f32, m: u32, k: u32, part: u32) {
  let at = (part * n.M + m) * n.N + k;
  let v = sum * n.scale${bias ? " + bias[k]" : ""};
  ${second ? `second[at] = ${other};` : ""}
  c[at] = ${value};
}`;
}

const NUMBERS = ["M", "N", "K", "rows", "depth", "parts", "count"];

/** Adds up the stretches of a product, or of row sums. */
export function addShader(variant: Variant): Shader {
  const { reads, writes } = boundBy(variant);
  return {
    name: `product, parts ${nameOf(variant)}`,
    reads: { partial: "f32", ...reads },
    writes: { c: "f32", ...writes },
    whole: NUMBERS,
    real: ["scale"],
    outside: finishText(variant),
    main: `
  let i = (group.y * groups.x + group.x) * ${THREADS}u + lane;
  if (i >= n.count) { return; }
  var sum = 0.0;
  for (var p = 0u; p < n.parts; p++) { sum += partial[p * n.count + i]; }
  finish(sum, i / n.N, i % n.N, 0u);`,
  };
}

interface TileShape {
  rows: Rows;
  ta: boolean;
  tb: boolean;
}

/**
 * Tiles of 16·rows × 64, by 16 of K at a time. Threads lie 16 × 16; each has
 * `rows` rows and 4 columns next to each other, so that it reads a vector of
 * each side from workgroup memory for 4·rows products.
 */
export function productShader(shape: TileShape, variant: Variant): Shader {
  const { reads, writes } = boundBy(variant);
  const { rowSums } = variant;
  const { rows } = shape;
  const vectors = vectorsOf(rows);
  return {
    name: `product ${nameOf(shape)} ${nameOf(variant)}`,
    reads: { a: "f32", b: "f32", ...reads },
    writes: { c: "f32", ...writes, ...(rowSums ? { rowSums: "f32" } : {}) },
    whole: NUMBERS,
    real: ["scale"],
    outside: sidesText(shape) + finishText(variant),
    main: `
  let x = lane % 16u;
  let y = lane / 16u;
  let m0 = group.y * ${16 * rows}u;
  let j0 = group.x * 64u;
  let start = group.z * n.depth;
  let to = min(start + n.depth, n.K);
  ${eachRow(rows, (r) => `var sum${r} = vec4f();`)}
  ${vectors.map(({ name, type }) => `var total${name} = ${type}();`).join(" ")}
  for (var k0 = start; k0 < to; k0 += 16u) {
    ${loadText(shape)}
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let r = right[k * 17u + x];
      ${
      vectors.map(({ name, at }) =>
        `let l${name} = left[${at}u + k * 17u + y];
      ${rowSums ? `total${name} += l${name};` : ""}`
      ).join("\n      ")
    }
      ${eachRow(rows, (r, part) => `sum${r} += l${part} * r;`)}
    }
    workgroupBarrier();
  }
  let j = j0 + x * 4u;
  ${eachRow(rows, (r, part) => storeText(r, rowSums ? `total${part}` : ""))}`,
  };
}

/** WGSL for each of a thread's rows, and where it is in its vectors. */
function eachRow(
  rows: number,
  text: (row: number, part: string) => string,
): string {
  return Array.from(
    { length: rows },
    (_, r) => text(r, rows === 1 ? "0" : `${r >> 2}[${r & 3}]`),
  ).join("\n  ");
}

/**
 * A thread's rows as vectors of at most four, and where those lie in workgroup
 * memory. (Of matrices there, software Vulkan makes zeros.)
 */
function vectorsOf(rows: Rows) {
  const type = { 1: "f32", 2: "vec2f", 4: "vec4f", 8: "vec4f" }[rows];
  const own = Array.from({ length: rows }, (_, r) => r);
  return (rows === 8 ? [0, 1] : [0]).map((name) => ({
    name,
    type,
    at: name * 16 * 17,
    rows: own.slice(4 * name, 4 * name + 4),
  }));
}

/**
 * WGSL of both sides in workgroup memory, and of reading their numbers. A row of
 * 17: threads that write a column meet in no bank. What isn't there is read as 0
 * without a branch, so that loads don't wait for each other.
 */
function sidesText({ rows, ta, tb }: TileShape): string {
  const vectors = vectorsOf(rows);
  const read = (name: string, at: string) =>
    `select(0.0, ${name}[select(0u, ${at}, there)], there)`;
  return `
var<workgroup> left: array<${vectors[0]!.type}, ${vectors.length * 16 * 17}>;
var<workgroup> right: array<vec4f, ${16 * 17}>;
fn atA(m: u32, k: u32, to: u32) -> f32 {
  let there = m < n.M && k < to;
  return ${read("a", ta ? "k * n.M + m" : "m * n.K + k")};
}
fn atB(k: u32, j: u32, to: u32) -> f32 {
  let there = j < n.N && k < to;
  return ${read("b", tb ? "j * n.K + k" : "k * n.N + j")};
}
`;
}

/** WGSL that puts the next 16 of K there; neighbours read neighbours in memory. */
function loadText({ rows, ta, tb }: TileShape): string {
  const [ka, ma] = ta ? ["y", "x"] : ["x", "y"];
  const [kb, jb] = tb ? ["x", "y"] : ["y", "x"];
  const right = [0, 1, 2, 3].map((q) =>
    `atB(k0 + ${kb}, j0 + ${jb} * 4u + ${q}u, to)`
  );
  return vectorsOf(rows).map(({ type, at, rows: own }) =>
    `left[${at}u + ${ka} * 17u + ${ma}] = ${type}(${
      own.map((r) => `atA(m0 + ${ma} * ${rows}u + ${r}u, k0 + ${ka}, to)`)
        .join(", ")
    });
    `
  ).join("") + `right[${kb} * 17u + ${jb}] = vec4f(${right.join(", ")});`;
}
