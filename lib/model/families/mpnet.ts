import { z } from "zod";
import type { Tensor2D, Tensor3D } from "../../backend/mod.ts";
import type { Layers } from "../encode/layers.ts";
import type { Family } from "../config/family.ts";
import type { MpnetConfig } from "../config/model_config.ts";
import { BERT_BASE, bertFile, bertFileFields } from "./bert_config.ts";
import {
  bertEmbeddingParameters,
  bertLayerParameters,
  bertLayersForward,
  type BertNames,
} from "./bert_layers.ts";
import { checkTextLengths, positionsAfterPad } from "./positions.ts";
import { longest, pairBias } from "../../backend/kernels/mod.ts";

const NAMES: BertNames = {
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  out: "attention.attn.o",
  norm: "attention.LayerNorm",
};

/**
 * Positions are counted from this id, and it is passed over; transformers has
 * the number in its code, whatever the file says.
 */
const PAD = 1;
const TABLE = "encoder.relative_attention_bias.weight";
/** transformers has this number in its code, whatever the file says. */
const BUCKETS = 32;
/** Distances from here on share a bucket. */
const FAR = 128;

const File = bertFile({ ...BERT_BASE, vocabSize: 30527, padTokenId: PAD });

/**
 * MPNet (arXiv 2004.09297): BERT with a bias on the attention scores by the
 * distance of two tokens, shared by all layers, and no token types.
 */
export const mpnet: Family<MpnetConfig> = {
  prefixes: ["mpnet."],
  kept: /^pooler\./,
  causal: false,
  parse: (json) =>
    z.pipe(
      File,
      z.transform(({ typeVocabSize: _, ...f }) =>
        ({ modelType: "mpnet", ...f }) as MpnetConfig
      ),
    ).safeParse(json),
  fields: (config) => ({
    architectures: ["MPNetModel"],
    model_type: "mpnet",
    ...bertFileFields(config),
    relative_attention_num_buckets: BUCKETS,
  }),
  parameters: (config) => [
    ...bertEmbeddingParameters(config, {
      word: config.vocabSize,
      position: config.maxPositions,
    }),
    ...bertLayerParameters(config, NAMES),
    { name: TABLE, shape: [BUCKETS, config.heads], init: "normal" },
  ],
  longest: (config) => config.maxPositions - PAD - 1,
  forward(config, parameters, batch, options = {}) {
    checkTextLengths(batch, config.maxPositions - PAD - 1);
    return bertLayersForward({ config, parameters, batch }, {
      ...options,
      names: NAMES,
      positions: positionsAfterPad(batch, PAD),
      types: false,
      bias: (layers) => distanceBias(layers, longest(batch)),
    });
  },
};

/** The bias of every pair of tokens, `[H, L, L]`. */
function distanceBias(layers: Layers, L: number): Tensor3D {
  const rows = new Int32Array(L * L);
  for (let i = 0; i < L; i++) {
    for (let j = 0; j < L; j++) rows[i * L + j] = distanceBucket(j - i);
  }
  return pairBias(layers.get<Tensor2D>(TABLE), { rows, tape: layers.tape });
}

/**
 * Which row of the table a distance takes, as T5 counts it in both directions:
 * half of the rows for keys after the query; in each half, small distances one
 * by one, larger ones on a logarithmic scale.
 */
export function distanceBucket(distance: number): number {
  const half = BUCKETS / 2;
  const exact = half / 2;
  const side = distance > 0 ? half : 0;
  const far = Math.abs(distance);
  if (far < exact) return side + far;
  // In float32, as the reference: a rounding could move a border.
  const { fround } = Math;
  const share = fround(
    fround(Math.log(fround(far / exact))) / fround(Math.log(FAR / exact)),
  );
  const row = exact + Math.trunc(fround(share * (half - exact)));
  return side + Math.min(row, half - 1);
}
