import type { Shader } from "./shader.ts";

/** What the shaders of attention are made for: few, as each takes time to compile. */
export interface HeadKind {
  /** Stretches of 32 numbers that a head has, the last one perhaps in part. */
  stretches: number;
  /** What its rows are read as: four numbers at once, where heads are of whole fours. */
  element: "f32" | "vec4f";
  /** Whether something is added to the scores. */
  bias: boolean;
}

/** The kind of heads of D numbers. */
export function headKind(D: number, bias: boolean): HeadKind {
  return {
    stretches: Math.ceil(D / TILE),
    element: D % 4 === 0 ? "vec4f" : "f32",
    bias,
  };
}

/** Queries and keys of a tile of scores. */
export const TILE = 32;

/** Whole numbers that all shaders of attention are told. */
export const WHOLE = [
  "heads",
  "keyHeads",
  "causal",
  "window",
  "longest",
  "texts",
  "D",
];

/** The others. */
export const REAL = ["scale", "softcap"];

/** Where texts lie: offsets of their keys, then those of their queries. */
export const PLACES: Shader["reads"] = { places: "i32" };

/** A score that isn't seen. WGSL may take it that there are no infinities. */
const HIDDEN = "-1e38";

/**
 * Functions that all of them share. A tile of scores is 32 queries × 32 keys,
 * made of 32 numbers of each at a time; each thread has 2 × 2 scores, those of
 * rows y, y + 16 and columns x, x + 16. What is then multiplied with rows of
 * values lies in `tile`, where thread `lane` has row lane / 8 and the four
 * columns at 4 · (lane % 8) of each stretch of 32.
 */
export function sharedText({ bias }: HeadKind): string {
  return `
const HIDDEN = ${HIDDEN};
struct Place { start: u32, length: u32, queryStart: u32, queries: u32 }
fn placeOf(text: u32) -> Place {
  let start = u32(places[text]);
  let length = u32(places[text + 1u]) - start;
  let at = n.texts + 1u + text;
  let queryStart = u32(places[at]);
  return Place(start, length, queryStart, u32(places[at + 1u]) - queryStart);
}
// Whether query i of a text sees its key j; queries are its last tokens, or all.
fn sees(p: Place, i: u32, j: u32) -> bool {
  if (i >= p.queries || j >= p.length) { return false; }
  if (n.causal == 0u) { return true; }
  let at = p.length - p.queries + i;
  return j <= at && (n.window == 0u || j + n.window > at);
}
var<workgroup> xs: array<vec4f, ${TILE * 9}>;
var<workgroup> ys: array<vec4f, ${TILE * 9}>;
var<workgroup> tile: array<f32, ${TILE * 33}>;
fn tile4(row: u32, k: u32) -> vec4f {
  let at = row * 33u + k;
  return vec4f(tile[at], tile[at + 1u], tile[at + 2u], tile[at + 3u]);
}
// Of columns of the tile, as rows.
fn turned4(row: u32, k: u32) -> vec4f {
  let at = k * 33u + row;
  return vec4f(tile[at], tile[at + 33u], tile[at + 66u], tile[at + 99u]);
}
// A score from its product, and its slope by that.
struct Score { value: f32, slope: f32 }
fn scoreOf(product: f32, p: Place, head: u32, i: u32, j: u32) -> Score {
  var s = Score(product * n.scale, 1.0);
  if (n.softcap > 0.0) {
    let e = exp(-2.0 * abs(s.value / n.softcap));
    let cap = sign(s.value) * (1.0 - e) / (1.0 + e);
    s = Score(cap * n.softcap, 1.0 - cap * cap);
  }
  ${
    bias
      ? `let at = p.length - p.queries + i;
  if (at < n.longest && j < n.longest) {
    s.value += bias[(head * n.longest + at) * n.longest + j];
  }`
      : ""
  }
  return s;
}
`;
}

/**
 * A function that reads four numbers of a head's row, zeros past its end:
 * `NAME4(row, heads, head, d)`.
 */
export function rowReader(name: string, element: string): string {
  const body = element === "vec4f"
    ? `let at = ((row * heads + head) * n.D + d) / 4u;
  return select(vec4f(), ${name}[select(0u, at, d < n.D)], d < n.D);`
    : `var x = vec4f();
  let at = (row * heads + head) * n.D + d;
  ${
      [0, 1, 2, 3].map((q) =>
        `if (d + ${q}u < n.D) { x[${q}] = ${name}[at + ${q}u]; }`
      ).join(" ")
    }
  return x;`;
  return `fn ${name}4(row: u32, heads: u32, head: u32, d: u32) -> vec4f {
  ${body}
}
`;
}

/** A function that writes them: `NAMEPut(row, heads, head, d, numbers)`. */
export function rowWriter(name: string, element: string): string {
  const body = element === "vec4f"
    ? `if (d < n.D) { ${name}[((row * heads + head) * n.D + d) / 4u] = x; }`
    : `let at = (row * heads + head) * n.D + d;
  ${
      [0, 1, 2, 3].map((q) =>
        `if (d + ${q}u < n.D) { ${name}[at + ${q}u] = x[${q}]; }`
      ).join(" ")
    }`;
  return `fn ${name}Put(row: u32, heads: u32, head: u32, d: u32, x: vec4f) {
  ${body}
}
`;
}

/** Rows of a text that a side of a product takes. */
interface Side {
  /** The buffer. */
  of: string;
  /** `queries` or `keys`. */
  kind: "queries" | "keys";
  /** WGSL of the first row within the text. */
  first: string;
  /** WGSL of the head. */
  head: string;
}

/** WGSL of how many rows a side's text has, in all. */
const countText = ({ kind }: Side) =>
  kind === "queries" ? "p.queries" : "p.length";

/** WGSL that loads a thread's four numbers of a side into workgroup memory. */
function loadText(into: "xs" | "ys", side: Side, d: string): string {
  const { of, kind, first, head } = side;
  const [start, heads] = kind === "queries"
    ? ["p.queryStart", "n.heads"]
    : ["p.start", "n.keyHeads"];
  return `{
    let at = ${first} + lane / 8u;
    var x = vec4f();
    if (at < ${
    countText(side)
  }) { x = ${of}4(${start} + at, ${heads}, ${head}, ${d} + 4u * (lane % 8u)); }
    ${into}[lane / 8u * 9u + lane % 8u] = x;
  }`;
}

/** WGSL of a tile of products of rows, added up in `NAME`: 2 × 2 of each thread. */
export function tileText(
  name: string,
  { rows, columns }: { rows: Side; columns: Side },
): string {
  return `var ${name} = vec4f();
  for (var d = 0u; d < n.D; d += 32u) {
    workgroupBarrier();
    ${loadText("xs", rows, "d")}
    ${loadText("ys", columns, "d")}
    workgroupBarrier();
    let fours = min(8u, (n.D - d + 3u) / 4u);
    for (var k = 0u; k < fours; k++) {
      let a = xs[y * 9u + k];
      let b = xs[(y + 16u) * 9u + k];
      let c = ys[x * 9u + k];
      let e = ys[(x + 16u) * 9u + k];
      ${name} += vec4f(dot(a, c), dot(a, e), dot(b, c), dot(b, e));
    }
  }`;
}

/** WGSL of the keys [start, end) that 32 queries of a text see, from one on. */
export const keyRangeText = (first: string) => `
  let last = min(${first} + ${TILE}u, p.queries) - 1u;
  var start = 0u;
  var end = p.length;
  if (n.causal != 0u) {
    let before = p.length - p.queries;
    end = before + last + 1u;
    if (n.window > 0u && before + ${first} >= n.window) {
      start = before + ${first} - n.window + 1u;
    }
  }`;

/** WGSL that does something for each of a thread's 2 × 2 places of a tile. */
export function placesText(
  text: (place: { row: string; column: string; q: number }) => string,
): string {
  return [0, 1, 2, 3].map((q) =>
    text({
      row: q < 2 ? "y" : "(y + 16u)",
      column: q % 2 ? "(x + 16u)" : "x",
      q,
    })
  ).join("\n  ");
}

/** WGSL for each of a head's stretches of 32 numbers. */
export function stretchesText(
  { stretches }: HeadKind,
  text: (stretch: number) => string,
): string {
  return Array.from({ length: stretches }, (_, c) => text(c)).join("\n  ");
}

/**
 * WGSL that adds `tile` · rows to a thread's sums `NAME0`, `NAME1` …; `turned`:
 * the tile's transpose.
 */
export function addProductText(
  name: string,
  kind: HeadKind,
  { rows, turned = false }: { rows: Side; turned?: boolean },
): string {
  const read = turned ? "turned4" : "tile4";
  return stretchesText(kind, (c) => `
  workgroupBarrier();
  ${loadText("ys", rows, `${TILE * c}u`)}
  workgroupBarrier();
  for (var k = 0u; k < min(${TILE}u, ${
    countText(rows)
  } - ${rows.first}); k += 4u) {
    let a = ${read}(lane / 8u, k);
    let at = k * 9u + lane % 8u;
    ${name}${c} += a.x * ys[at] + a.y * ys[at + 9u] + a.z * ys[at + 18u]
      + a.w * ys[at + 27u];
  }`);
}
