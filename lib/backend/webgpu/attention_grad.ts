import { type AttentionCall, attentionCall } from "./attention.ts";
import {
  biasShader,
  keyShader,
  QUERY_SUMS,
  queryShader,
} from "./attention_grad_text.ts";
import { TILE } from "./attention_text.ts";
import type { Call, WebgpuKernel } from "./call.ts";
import { gridOf } from "./shader.ts";

/** The parts that all shaders of one gradient read. */
function buffersOf(call: Call, s: AttentionCall): Record<string, GPUBuffer> {
  const { queries, heads } = s;
  const bias = call.optional(6);
  const querySums = call.temporary(Math.max(4, 2 * queries * heads));
  if (queries > 0) {
    call.run(QUERY_SUMS, {
      buffers: {
        ...{ out: call.in(3), dOut: call.in(5), logs: call.in(4) },
        sums: querySums,
      },
      numbers: { count: queries * heads, D: s.numbers["D"]! },
      groups: gridOf(queries * heads),
    });
  }
  return {
    ...{ q: call.in(0), k: call.in(1), v: call.in(2), dOut: call.in(5) },
    querySums,
    ...(bias ? { bias } : {}),
    places: s.places,
  };
}

/**
 * q, k, v, out, log-sums, dOut, bias?, offsets, query offsets -> dq, dk, dv,
 * dBias. The scores are computed again, from queries for their gradient and from
 * keys for theirs, so that nothing is added up by two workgroups.
 */
export const attentionGrad: WebgpuKernel = (call) => {
  const s = attentionCall(call, 6);
  const { kind, numbers, heads, keyHeads, texts, longest } = s;
  const dq = call.outLike(0, 0), dk = call.outLike(1, 1);
  const dv = call.outLike(2, 2);
  const L = kind.bias ? longest : 0;
  const dBias = call.out(3, [kind.bias ? heads : 0, L, L]);
  if (call.size(1) === 0) return;
  const reads = buffersOf(call, s);
  call.run(queryShader(kind), {
    buffers: { ...reads, dq },
    numbers,
    groups: [Math.ceil(s.longestQuery / TILE), heads, texts],
  });
  const tiles = Math.ceil(longest / TILE);
  const results = { dk, dv };
  // With a bias they would be nine buffers.
  for (const writes of kind.bias ? [["dk"], ["dv"]] : [["dk", "dv"]]) {
    call.run(keyShader(kind, writes), {
      buffers: { ...reads, ...results },
      numbers,
      groups: [tiles, keyHeads, texts],
    });
  }
  if (kind.bias) {
    call.run(biasShader(kind), {
      buffers: { ...reads, dBias },
      numbers,
      groups: [tiles, tiles, heads],
    });
  }
};
