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
    return { ...rest, rope_type: rope_type ?? type ?? "default" };
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
      original_max_position_embeddings: positive,
    }),
    z.looseObject({
      rope_type: z.literal("yarn"),
      rope_theta: positive.optional(),
      factor,
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
      "rope_type must be default, linear, llama3 or yarn (dynamic and longrope scaling are not supported)",
  }),
);

/** Fields of `config.json` about rotary positions, in either layout. */
export const ropeFields = {
  rope_theta: positive.optional(),
  rope_scaling: Scaling.nullish(),
  rope_parameters: z.union([
    // Gemma 3 has one for each kind of layer.
    z.looseObject({ full_attention: Scaling, sliding_attention: Scaling }),
    Scaling,
  ]).nullish(),
  rope_local_base_freq: positive.optional(),
  partial_rotary_factor: z.literal(1, "must be 1: heads turn as a whole")
    .optional(),
};

type Scaled = z.output<typeof Scaling>;

/** What {@linkcode readRope} looks at. */
export interface RopeFile {
  rope_theta?: number;
  rope_scaling?: Scaled | null;
  rope_parameters?:
    | Scaled
    | { full_attention: Scaled; sliding_attention: Scaled }
    | null;
  rope_local_base_freq?: number;
  max_position_embeddings: number;
}

/** Rotary positions of the layers that see all, and of those with a window. */
export function readRope(
  file: RopeFile,
  theta: number,
  localTheta?: number,
): { rope: RopeConfig; localRope?: RopeConfig } {
  const own = file.rope_parameters ?? undefined;
  if (own && "full_attention" in own) {
    return {
      rope: parseRope(own.full_attention as Scaled, file, theta),
      localRope: parseRope(
        own.sliding_attention as Scaled,
        file,
        localTheta ?? theta,
      ),
    };
  }
  const rope = parseRope(own ?? file.rope_scaling ?? undefined, file, theta);
  if (localTheta === undefined) return { rope };
  return {
    rope,
    localRope: {
      type: "default",
      theta: file.rope_local_base_freq ?? localTheta,
    },
  };
}

function parseRope(
  scaling: Scaled | undefined,
  file: RopeFile,
  otherwise: number,
): RopeConfig {
  const theta = scaling?.rope_theta ?? file.rope_theta ?? otherwise;
  switch (scaling?.rope_type) {
    case "linear":
      return { type: "linear", theta, factor: scaling.factor };
    case "llama3":
      return {
        type: "llama3",
        theta,
        factor: scaling.factor,
        lowFrequencyFactor: scaling.low_freq_factor,
        highFrequencyFactor: scaling.high_freq_factor,
        originalMaxPositions: scaling.original_max_position_embeddings,
      };
    case "yarn": {
      const { mscale, mscale_all_dim } = scaling;
      const attentionFactor = scaling.attention_factor ??
        (mscale && mscale_all_dim
          ? yarnScale(scaling.factor, mscale) /
            yarnScale(scaling.factor, mscale_all_dim)
          : undefined);
      const stretched: RopeConfig = {
        type: "yarn",
        theta,
        factor: scaling.factor,
        originalMaxPositions: scaling.original_max_position_embeddings ??
          file.max_position_embeddings,
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
  };
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
}
