import type { Call, WebgpuKernel } from "./call.ts";
import { joined } from "../autograd/joined.ts";
import type { Shader } from "./shader.ts";
import {
  addProductText,
  type HeadKind,
  headKind,
  keyRangeText,
  PLACES,
  placesText,
  REAL,
  rowReader,
  rowWriter,
  sharedText,
  stretchesText,
  TILE,
  tileText,
  WHOLE,
} from "./attention_text.ts";

/** Sizes and settings of a call, as in `kernels/attention.ts`. */
export interface AttentionCall {
  /** What shaders are made for. */
  kind: HeadKind;
  /** Numbers that they are told. */
  numbers: Record<string, number>;
  /** Where texts lie. */
  places: GPUBuffer;
  /** Rows of the queries. */
  queries: number;
  heads: number;
  keyHeads: number;
  texts: number;
  /** Queries of the text that has most. */
  longestQuery: number;
  longest: number;
}

/** Reads what a call of attention says. */
export function attentionCall(call: Call, biasAt: number): AttentionCall {
  const [heads, keyHeads] = [call.setting(0), call.setting(1)];
  const queryOffsets = call.intValues(1);
  const texts = queryOffsets.length - 1;
  let longestQuery = 0;
  for (let i = 0; i < texts; i++) {
    const count = queryOffsets[i + 1]! - queryOffsets[i]!;
    longestQuery = Math.max(longestQuery, count);
  }
  const longest = call.setting(7), D = call.dim(0, 1) / heads;
  return {
    kind: headKind(D, call.size(biasAt) > 0),
    numbers: {
      heads,
      keyHeads,
      longest,
      scale: call.setting(2),
      softcap: call.setting(3),
      causal: call.setting(4),
      window: call.setting(5),
      texts,
      D,
    },
    places: call.upload(joined([call.intValues(0), queryOffsets])),
    queries: call.dim(0, 0),
    heads,
    keyHeads,
    texts,
    longestQuery,
    longest,
  };
}

/**
 * A workgroup has 32 queries of one head of one text, and goes along the keys that
 * they see, 32 at a time. Of each query it keeps the largest score, the sum of
 * e^(score - largest), and the values mixed with these; a larger score shrinks
 * what is there.
 */
function shaderOf(kind: HeadKind): Shader {
  const { stretches, element, bias } = kind;
  return {
    name: `attention ${[stretches, element, bias]}`,
    reads: {
      ...{ q: element, k: element, v: element },
      ...(bias ? { bias: "f32" } : {}),
      ...PLACES,
    },
    writes: { y: element, logs: "f32" },
    whole: WHOLE,
    real: REAL,
    outside: `${sharedText(kind)}
var<workgroup> parts: array<f32, 256>;
${["q", "k", "v"].map((name) => rowReader(name, element)).join("")}
${rowWriter("y", element)}`,
    main: `
  let p = placeOf(group.z);
  let head = group.y;
  let keyHead = head / (n.heads / n.keyHeads);
  let first = group.x * ${TILE}u;
  if (first >= p.queries) { return; }
  let x = lane % 16u;
  let y = lane / 16u;
  let row = lane / 8u;
  ${keyRangeText("first")}
  var top = HIDDEN;
  var total = 0.0;
  ${stretchesText(kind, (c) => `var mix${c} = vec4f();`)}
  for (var at = start; at < end; at += ${TILE}u) {
    ${
      tileText("scores", {
        rows: { of: "q", kind: "queries", first: "first", head: "head" },
        columns: { of: "k", kind: "keys", first: "at", head: "keyHead" },
      })
    }
    ${
      placesText(({ row, column, q }) =>
        `{
    let i = first + ${row};
    let j = at + ${column};
    tile[${row} * 33u + ${column}] = select(HIDDEN,
      scoreOf(scores[${q}], p, head, i, j).value, sees(p, i, j));
  }`
      )
    }
    workgroupBarrier();
    let s = tile4(row, 4u * (lane % 8u));
    parts[lane] = max(max(s.x, s.y), max(s.z, s.w));
    workgroupBarrier();
    var largest = top;
    for (var k = 0u; k < 8u; k++) { largest = max(largest, parts[row * 8u + k]); }
    let shrink = exp(top - largest);
    top = largest;
    let grown = select(vec4f(), exp(s - vec4f(top)), s > vec4f(HIDDEN));
    let at4 = row * 33u + 4u * (lane % 8u);
    for (var k = 0u; k < 4u; k++) { tile[at4 + k] = grown[k]; }
    workgroupBarrier();
    parts[lane] = grown.x + grown.y + grown.z + grown.w;
    workgroupBarrier();
    var sum = 0.0;
    for (var k = 0u; k < 8u; k++) { sum += parts[row * 8u + k]; }
    total = total * shrink + sum;
    ${stretchesText(kind, (c) => `mix${c} *= shrink;`)}
    ${
      addProductText("mix", kind, {
        rows: { of: "v", kind: "keys", first: "at", head: "keyHead" },
      })
    }
  }
  let i = first + row;
  if (i >= p.queries) { return; }
  let at = p.queryStart + i;
  if (lane % 8u == 0u) { logs[at * n.heads + head] = top + log(total); }
  ${
      stretchesText(kind, (c) =>
        `yPut(at, n.heads, head, ${
          TILE * c
        }u + 4u * (lane % 8u), mix${c} / total);`)
    }`,
  };
}

/**
 * q, k, v, bias?, offsets, query offsets -> mixed values [Q, H·D], log-sums
 * [Q, H]. Settings as in `kernels/attention.ts`.
 */
export const attention: WebgpuKernel = (call) => {
  const s = attentionCall(call, 3);
  const y = call.outLike(0, 0);
  const logs = call.out(1, [s.queries, s.heads]);
  const bias = call.optional(3);
  if (s.queries === 0) return;
  call.run(shaderOf(s.kind), {
    buffers: {
      ...{ q: call.in(0), k: call.in(1), v: call.in(2) },
      ...(bias ? { bias } : {}),
      places: s.places,
      ...{ y, logs },
    },
    numbers: s.numbers,
    groups: [Math.ceil(s.longestQuery / TILE), s.heads, s.texts],
  });
};
