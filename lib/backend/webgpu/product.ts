import { activationText } from "./activation.ts";
import type { Call } from "./call.ts";
import { gridOf, type Shader, THREADS } from "./shader.ts";

/** What becomes of each sum v, as in `native/product/gemm.h`; f: activation. */
type Form =
  | "plain" // C = v
  | "activated" // C = f(v)
  | "slope" // C = v · f'(gate)
  | "gated" // C = v · f(gate)
  | "ungated"; // C = v · f(gate), second = v · up · f'(gate)

/** A matrix in memory, row by row, perhaps to be read as its transpose. */
export interface Matrix {
  /** Its numbers. */
  data: GPUBuffer;
  /** Whether it is the transpose that is multiplied. */
  transposed: boolean;
}

/** How sums are finished before they are stored. */
export interface Finish {
  /** Factor on them before all else. @default {1} */
  scale?: number;
  /** Added to each row `[N]`. */
  bias?: GPUBuffer | undefined;
  /** What f or its slope is taken of, `[M, N]`. */
  gate?: GPUBuffer;
  /** See {@linkcode Form}, `[M, N]`. */
  up?: GPUBuffer;
  /** Where v itself goes, or as {@linkcode Form} says, `[M, N]`. */
  second?: GPUBuffer;
  /** f by its number. @default {0} */
  activation?: number;
  /** @default {"plain"} */
  form?: Form;
  /** C = C + v. @default {false} */
  onto?: boolean;
  /** Gets the sum of each row of A, `[M]`. */
  rowSums?: GPUBuffer | undefined;
}

/** Sizes of a product. */
export interface Sizes {
  M: number;
  N: number;
  K: number;
}

/**
 * C `[M, N]` = A `[M, K]` · B `[K, N]`, finished on the way to memory. Each
 * workgroup has a tile of C: 64 columns, and as many rows as leave enough
 * workgroups to fill a GPU. Where they are still few and K is long, as for a
 * weight's gradient, each has a stretch of K, and a second shader adds them up,
 * always in the same order.
 */
export function product(
  call: Call,
  { a, b, c, sizes, finish = {} }: {
    a: Matrix;
    b: Matrix;
    c: GPUBuffer;
    sizes: Sizes;
    finish?: Finish;
  },
): void {
  const { M, N, K } = sizes;
  const rows = rowsFor(sizes);
  const [across, down] = [Math.ceil(N / 64), Math.ceil(M / (16 * rows))];
  const parts = partsFor(across * down, K);
  const depth = 16 * Math.ceil(K / parts / 16);
  const { scale = 1, rowSums, ...rest } = finish;
  const variant = variantOf(finish);
  const shape = { rows, ta: a.transposed, tb: b.transposed };
  const numbers = { ...sizes, rows, depth, parts, scale, count: M * N };
  const groups = [across, down, parts];
  const reads = { a: a.data, b: b.data };
  if (parts === 1) {
    const buffers = { ...reads, c, ...buffersOf(rest) };
    if (rowSums) Object.assign(buffers, { rowSums });
    call.run(productShader(shape, variant), { buffers, numbers, groups });
    return;
  }
  const c2 = call.temporary(parts * M * N);
  const sums = rowSums && call.temporary(parts * M);
  call.run(
    productShader(shape, { ...PLAIN, rowSums: variant.rowSums }),
    {
      buffers: { ...reads, c: c2, ...(sums ? { rowSums: sums } : {}) },
      numbers: { ...numbers, scale: 1 },
      groups,
    },
  );
  call.run(addShader({ ...variant, rowSums: false }), {
    buffers: { partial: c2, c, ...buffersOf(rest) },
    numbers,
    groups: gridOf(M * N),
  });
  if (rowSums) {
    call.run(addShader(PLAIN), {
      buffers: { partial: sums!, c: rowSums },
      numbers: { ...numbers, N: 1, scale: 1, count: M },
      groups: gridOf(M),
    });
  }
}

/** Workgroups that a GPU should have at least. */
const ENOUGH = 96;

/** Rows of a tile that each thread has: large tiles read less. */
function rowsFor({ M, N }: Sizes): 1 | 2 | 4 | 8 {
  const tiles = (rows: number) =>
    Math.ceil(M / (16 * rows)) * Math.ceil(N / 64);
  if (M > 64 && tiles(8) >= ENOUGH) return 8;
  if (M > 32 && tiles(4) >= ENOUGH) return 4;
  if (M > 16 && tiles(2) >= ENOUGH / 2) return 2;
  return M > 32 ? 2 : 1;
}

/** Into how many stretches K is cut. */
function partsFor(tiles: number, K: number): number {
  if (tiles >= ENOUGH || K < 512) return 1;
  return Math.min(Math.ceil(ENOUGH / tiles), Math.floor(K / 256), 16);
}

/** Which of a shader's parts are wanted. */
interface Variant {
  form: Form;
  activation: number;
  bias: boolean;
  second: boolean;
  onto: boolean;
  rowSums: boolean;
}

const PLAIN: Variant = {
  form: "plain",
  activation: 0,
  bias: false,
  second: false,
  onto: false,
  rowSums: false,
};

function variantOf(finish: Finish): Variant {
  const { form = "plain", activation = 0, onto = false } = finish;
  const [bias, second, rowSums] = [
    finish.bias,
    finish.second,
    finish.rowSums,
  ].map((buffer) => buffer !== undefined) as [boolean, boolean, boolean];
  return { form, activation, bias, second, onto, rowSums };
}

function buffersOf({ bias, gate, up, second }: Finish) {
  const all = { bias, gate, up, second };
  return Object.fromEntries(
    Object.entries(all).filter(([, buffer]) => buffer),
  ) as Record<string, GPUBuffer>;
}

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
function addShader(variant: Variant): Shader {
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
  rows: 1 | 2 | 4 | 8;
  ta: boolean;
  tb: boolean;
}

/**
 * Tiles of 16·rows × 64, by 16 of K at a time. Threads lie 16 × 16; each has
 * `rows` rows and 4 columns next to each other, so that it reads a vector of
 * each side from workgroup memory for 4·rows products.
 */
function productShader(shape: TileShape, variant: Variant): Shader {
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
function vectorsOf(rows: TileShape["rows"]) {
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
