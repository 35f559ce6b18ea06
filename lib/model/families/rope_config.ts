import { z } from "zod";
import type { RopeConfig } from "../config/model_config.ts";

const positive = z.number().positive();
const factor = z.number().min(1);

/** transformers 4's `rope_scaling`, and 5's `rope_parameters`. */
const Scaling = z.preprocess(
  // Old files say `type`; some say both.
  (json) => {
    if (typeof json !== "object" || json === null) return json;
    const { type, rope_type, ...rest } = json as Record<string, unknown>;
    // What Phi-3's first files called it.
    const old = type === "su" ? "longrope" : type;
    const named = rope_type ?? old ?? "default";
    return {
      ...rest,
      rope_type: named,
      old_type: rope_type === undefined && type !== undefined,
    };
  },
  z.discriminatedUnion("rope_type", [
    z.looseObject({
      rope_type: z.literal("default"),
      rope_theta: positive.optional(),
    }),
    z.looseObject({
      rope_type: z.literal("linear"),
      rope_theta: positive.optional(),
      factor,
    }),
    z.looseObject({
      rope_type: z.literal("llama3"),
      rope_theta: positive.optional(),
      factor,
      low_freq_factor: positive,
      high_freq_factor: positive,
      original_max_position_embeddings: positive.nullish(),
    }),
    z.looseObject({
      rope_type: z.literal("dynamic"),
      rope_theta: positive.optional(),
      factor,
    }),
    z.looseObject({
      rope_type: z.literal("longrope"),
      rope_theta: positive.optional(),
      factor: factor.nullish(),
      short_factor: z.array(positive, "must be a list of numbers"),
      long_factor: z.array(positive, "must be a list of numbers"),
      attention_factor: positive.nullish(),
      original_max_position_embeddings: positive.nullish(),
    }),
    z.looseObject({
      rope_type: z.literal("yarn"),
      rope_theta: positive.optional(),
      factor: factor.nullish(),
      original_max_position_embeddings: positive.nullish(),
      attention_factor: positive.nullish(),
      beta_fast: positive.nullish(),
      beta_slow: positive.nullish(),
      mscale: z.number().nullish(),
      mscale_all_dim: z.number().nullish(),
      truncate: z.boolean().nullish(),
    }),
  ], {
    error:
      "rope_type must be default, linear, llama3, yarn, dynamic or longrope",
  }),
);

/** Fields of `config.json` about rotary positions, in either layout. */
export const ropeFields = {
  rope_theta: positive.optional(),
  rope_scaling: Scaling.nullish(),
  rope_parameters: z.union([
    // Gemma 3 has one for each kind of layer.
    z.looseObject({
      full_attention: Scaling.nullish(),
      sliding_attention: Scaling.nullish(),
    }).refine((own) => own.full_attention || own.sliding_attention),
    Scaling,
  ]).nullish(),
  rope_local_base_freq: positive.optional(),
  original_max_position_embeddings: positive.nullish(),
  partial_rotary_factor: z.literal(1, "must be 1: heads turn as a whole")
    .optional(),
};

type Scaled = z.output<typeof Scaling>;

/** Of layers that see all, and of those with a window. */
interface Nested {
  full_attention?: Scaled | null;
  sliding_attention?: Scaled | null;
}

/** What {@linkcode readRope} looks at. */
export interface RopeFile {
  rope_theta?: number;
  rope_scaling?: Scaled | null;
  rope_parameters?: Scaled | Nested | null;
  rope_local_base_freq?: number;
  original_max_position_embeddings?: number | null | undefined;
  max_position_embeddings: number;
}

/**
 * Rotary positions of the layers that see all, and of those with a window, as
 * transformers 5 reads them: `rope_scaling` stands above `rope_parameters`, and
 * `original_max_position_embeddings` beside them above theirs.
 *
 * @param file The fields.
 * @param theta Base of the frequencies where none is said.
 * @param localTheta That of layers with a window, in families where they have
 * positions of their own.
 */
export function readRope(
  file: RopeFile,
  theta: number,
  localTheta?: number,
): { rope: RopeConfig; localRope?: RopeConfig } {
  const own = file.rope_parameters ?? undefined;
  const base = file.rope_theta ?? theta;
  if (localTheta === undefined) {
    const flat = own && isNested(own) ? own.full_attention ?? undefined : own;
    return { rope: parseRope(file.rope_scaling ?? flat, file, base) };
  }
  // There, it is put upon the layers that see all.
  const scaling = file.rope_scaling;
  const { full_attention: full, sliding_attention: local } =
    own && isNested(own) ? own : {} as Nested;
  const merged = scaling
    ? {
      ...full,
      ...scaling,
      // transformers looks at `rope_type` alone here.
      rope_type: scaling.old_type
        ? full?.rope_type ?? "default"
        : scaling.rope_type,
    } as Scaled
    : full ?? undefined;
  // Nor does it look beside the parameters then.
  const inner = { ...file, original_max_position_embeddings: null };
  return {
    rope: parseRope(merged, inner, base),
    localRope: parseRope(
      local ?? undefined,
      inner,
      file.rope_local_base_freq ?? localTheta,
    ),
  };
}

function isNested(own: Scaled | Nested): own is Nested {
  return !("rope_type" in own);
}

function parseRope(
  scaling: Scaled | undefined,
  file: RopeFile,
  otherwise: number,
): RopeConfig {
  const theta = scaling?.rope_theta ?? otherwise;
  const before = (inner: number | null | undefined): number =>
    file.original_max_position_embeddings ?? inner ??
      file.max_position_embeddings;
  switch (scaling?.rope_type) {
    case "linear":
      return { type: "linear", theta, factor: scaling.factor };
    case "dynamic":
      return { type: "dynamic", theta, factor: scaling.factor };
    case "llama3":
      return {
        type: "llama3",
        theta,
        factor: scaling.factor,
        lowFrequencyFactor: scaling.low_freq_factor,
        highFrequencyFactor: scaling.high_freq_factor,
        originalMaxPositions: before(scaling.original_max_position_embeddings),
      };
    case "longrope": {
      const original = before(scaling.original_max_position_embeddings);
      const factor = scaling.factor ??
        file.max_position_embeddings / original;
      return {
        type: "longrope",
        theta,
        factor,
        originalMaxPositions: original,
        shortFactors: scaling.short_factor,
        longFactors: scaling.long_factor,
        attentionFactor: scaling.attention_factor ??
          (factor <= 1
            ? 1
            : Math.sqrt(1 + Math.log(factor) / Math.log(original))),
      };
    }
    case "yarn": {
      const { mscale, mscale_all_dim } = scaling;
      const original = before(scaling.original_max_position_embeddings);
      const factor = scaling.factor ??
        file.max_position_embeddings / original;
      const attentionFactor = scaling.attention_factor ??
        (mscale && mscale_all_dim
          ? yarnScale(factor, mscale) / yarnScale(factor, mscale_all_dim)
          : undefined);
      const stretched: RopeConfig = {
        type: "yarn",
        theta,
        factor,
        originalMaxPositions: original,
      };
      if (attentionFactor !== undefined) {
        stretched.attentionFactor = attentionFactor;
      }
      return {
        ...stretched,
        betaFast: scaling.beta_fast ?? 32,
        betaSlow: scaling.beta_slow ?? 1,
        truncate: scaling.truncate ?? true,
      };
    }
    default:
      return { type: "default", theta };
  }
}

/** YaRN's factor on cosines and sines (arXiv 2309.00071, section 3.4). */
export function yarnScale(factor: number, weight = 1): number {
  return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
}

/** Both layouts of the fields: transformers 4 reads the first, 5 the second. */
export function ropeFileFields(
  rope: RopeConfig,
  localRope?: RopeConfig,
): Record<string, unknown> {
  const fields = {
    rope_theta: rope.theta,
    rope_scaling: rope.type === "default" ? null : scalingFields(rope),
  };
  if (!localRope) return { ...fields, rope_parameters: parameterFields(rope) };
  return {
    ...fields,
    rope_local_base_freq: localRope.theta,
    rope_parameters: {
      full_attention: parameterFields(rope),
      sliding_attention: parameterFields(localRope),
    },
  };
}

function parameterFields(rope: RopeConfig): Record<string, unknown> {
  return { rope_theta: rope.theta, ...scalingFields(rope) };
}

function scalingFields(rope: RopeConfig): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    rope_type: rope.type,
    factor: rope.factor,
    low_freq_factor: rope.lowFrequencyFactor,
    high_freq_factor: rope.highFrequencyFactor,
    original_max_position_embeddings: rope.originalMaxPositions,
    attention_factor: rope.attentionFactor,
    beta_fast: rope.betaFast,
    beta_slow: rope.betaSlow,
    truncate: rope.truncate,
    short_factor: rope.shortFactors,
    long_factor: rope.longFactors,
  };
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
}
