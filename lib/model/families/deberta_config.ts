import { z } from "zod";
import type { DebertaConfig } from "../config/model_config.ts";
import { BERT_BASE, bertFile, bertFileFields } from "./bert_config.ts";

const Bert = bertFile({
  ...BERT_BASE,
  vocabSize: 128100,
  hiddenSize: 1536,
  layers: 24,
  heads: 24,
  intermediateSize: 6144,
  layerNormEps: 1e-7,
});

/** What the scores mix, as `pos_att_type` names it. */
const LOOKS = ["c2p", "p2c"];

const Own = z.looseObject({
  type_vocab_size: z.int().nonnegative().default(0),
  position_biased_input: z.boolean().default(true),
  relative_attention: z.literal(
    true,
    "must be true: without it the nearest is bert",
  ),
  position_buckets: z.int().max(2 ** 20).default(-1),
  max_relative_positions: z.int().max(2 ** 20).default(-1),
  pos_att_type: z.union([
    z.string().transform((text) =>
      text.toLowerCase().split("|").map((name) => name.trim())
    ),
    z.array(z.string()),
  ]).nullish().transform((names) => names ?? []).refine(
    (names) => names.every((name) => LOOKS.includes(name)),
    "must name c2p and p2c alone",
  ),
  share_att_key: z.boolean().default(false),
  norm_rel_ebd: z.string().default("none").transform((text) =>
    text.toLowerCase().split("|").map((name) => name.trim())
  ),
  embedding_size: z.int().nullish(),
  attention_head_size: z.int().nullish(),
  conv_kernel_size: z.literal(
    0,
    "must be 0: the convolution of the first files of version 2 isn't run; the nearest is version 3",
  ).default(0),
}).superRefine((f, issues) => {
  const refuse = (path: string, message: string) =>
    issues.addIssue({ code: "custom", path: [path], message });
  const D = Number(f.hidden_size ?? 1536);
  if ((f.embedding_size ?? D) !== D) {
    refuse("embedding_size", `must be hidden_size (${D})`);
  }
  const size = D / Number(f.num_attention_heads ?? 24);
  if ((f.attention_head_size ?? size) !== size) {
    refuse(
      "attention_head_size",
      `must be hidden_size / num_attention_heads (${size})`,
    );
  }
  if (f.position_buckets === 1) {
    refuse("position_buckets", "must be more than 1, or -1 for none");
  }
});

/** Reads the content of DeBERTa's `config.json`; zod's error if it's wrong. */
export function parseDeberta(
  json: unknown,
): z.ZodSafeParseResult<DebertaConfig> {
  const own = Own.safeParse(json);
  // Its type table may be missing, which no other family's is.
  const bert = Bert.safeParse({ ...json as object, type_vocab_size: 1 });
  for (const part of [bert, own]) {
    if (part.error) {
      return part as unknown as z.ZodSafeParseError<DebertaConfig>;
    }
  }
  const f = own.data!;
  const farthest = f.max_relative_positions < 1
    ? bert.data!.maxPositions
    : f.max_relative_positions;
  const buckets = f.position_buckets > 0;
  return {
    success: true,
    data: {
      modelType: "deberta-v2",
      ...bert.data!,
      typeVocabSize: f.type_vocab_size,
      positionTable: f.position_biased_input,
      span: buckets ? f.position_buckets : farthest,
      buckets,
      farthest,
      looking: {
        queries: f.pos_att_type.includes("c2p"),
        keys: f.pos_att_type.includes("p2c"),
      },
      sharedMaps: f.share_att_key,
      distanceNorm: f.norm_rel_ebd.includes("layer_norm"),
    },
  };
}

/** The fields of `config.json` that say what a configuration says. */
export function debertaFields(config: DebertaConfig): Record<string, unknown> {
  const { looking } = config;
  return {
    architectures: ["DebertaV2Model"],
    model_type: "deberta-v2",
    ...bertFileFields(config),
    type_vocab_size: config.typeVocabSize,
    position_biased_input: config.positionTable,
    relative_attention: true,
    position_buckets: config.buckets ? config.span : -1,
    max_relative_positions: config.farthest,
    pos_att_type: [
      ...looking.keys ? ["p2c"] : [],
      ...looking.queries ? ["c2p"] : [],
    ],
    share_att_key: config.sharedMaps,
    norm_rel_ebd: config.distanceNorm ? "layer_norm" : "none",
  };
}
