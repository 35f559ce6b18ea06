import { z } from "zod";
import { layers, rows, width } from "./size_fields.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import {
  readRope,
  ropeFields,
  type RopeFile,
  ropeFileFields,
} from "./rope_config.ts";

/** Names that transformers has for the activations that we run. */
const ACTIVATIONS = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_new: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
} as const;
const ACT = z.enum(Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[]);

/** Names of a gate's activation in `config.json`. */
export const GATE_ACTIVATIONS: typeof ACT = ACT;

/**
 * Our name of a gate's activation; or, with ours as the second argument, the
 * name that a file shall have: its own, where two mean the same.
 */
export function gateActivationName(
  name: keyof typeof ACTIVATIONS,
): DecoderConfig["hiddenAct"];
export function gateActivationName(
  before: unknown,
  activation: DecoderConfig["hiddenAct"],
): string;
export function gateActivationName(
  name: unknown,
  activation?: DecoderConfig["hiddenAct"],
): string {
  const ours = ACTIVATIONS[name as keyof typeof ACTIVATIONS];
  if (activation === undefined) return ours;
  if (ours === activation) return name as string;
  return activation === "gelu_tanh" ? "gelu_pytorch_tanh" : activation;
}

/** What transformers takes in this family where a file says nothing. */
export interface DecoderDefaults {
  /** Rows of the token table. */
  vocabSize: number;
  /** Width of the hidden states. */
  hiddenSize: number;
  /** Number of layers. */
  layers: number;
  /** Query heads. */
  heads: number;
  /** Key heads; absent: as many as query heads. */
  keyHeads?: number;
  /** Width of the feed-forward part. */
  intermediateSize: number;
  /** Most positions. */
  maxPositions: number;
  /** Longest text of pretraining, where the family has a field for it. */
  originalMaxPositions?: number;
  /** Added to the mean square. */
  rmsNormEps: number;
  /** Base of the frequencies of rotary positions. */
  theta: number;
  /** That of layers with a window, where it is another one. */
  localTheta?: number;
  /** Width of a head; absent: hiddenSize / heads. */
  headSize?: number;
  /** Cap of the attention scores. */
  softcap?: number;
  /** Activation of the gate. */
  hiddenAct: "silu" | "gelu_pytorch_tanh";
}

/** Fields of a decoder's `config.json` that change what it computes. */
function decoderFile(d: DecoderDefaults) {
  return z.looseObject({
    vocab_size: rows.default(d.vocabSize),
    hidden_size: width.default(d.hiddenSize),
    num_hidden_layers: layers.default(d.layers),
    num_attention_heads: width.default(d.heads),
    num_key_value_heads: width.nullish(),
    head_dim: width.nullish(),
    intermediate_size: width.default(d.intermediateSize),
    max_position_embeddings: rows.default(d.maxPositions),
    rms_norm_eps: z.number().positive().default(d.rmsNormEps),
    hidden_act: ACT.nullish(),
    hidden_activation: ACT.nullish(),
    initializer_range: z.number().nonnegative().default(0.02),
    attention_bias: z.boolean().nullish(),
    mlp_bias: z.boolean().nullish(),
    is_causal: z.boolean().nullish(),
    use_bidirectional_attention: z.boolean().nullish(),
    sliding_window: rows.nullish(),
    use_sliding_window: z.boolean().nullish(),
    max_window_layers: layers.nullish(),
    layer_types: z.array(z.enum(["full_attention", "sliding_attention"]))
      .nullish(),
    sliding_window_pattern: rows.nullish(),
    query_pre_attn_scalar: z.number().positive().nullish(),
    attn_logit_softcapping: z.number().positive().nullish(),
    auto_map: z.looseObject({ AutoModel: z.unknown() }).partial().nullish(),
    eos_token_id: z.union([z.int().nonnegative(), z.array(z.int())]).nullish(),
    ...ropeFields,
  }).superRefine((f, issues) => {
    const heads = f.num_attention_heads;
    const keyHeads = keyHeadsOf(f, d);
    const check = (ok: boolean, field: string, message: string) => {
      if (!ok) issues.addIssue({ code: "custom", path: [field], message });
    };
    check(
      heads % keyHeads === 0,
      "num_key_value_heads",
      `must divide num_attention_heads (${heads})`,
    );
    check(
      !!(f.head_dim ?? d.headSize) || f.hidden_size % heads === 0,
      "hidden_size",
      "must be a multiple of num_attention_heads",
    );
    const D = f.head_dim ?? d.headSize ?? f.hidden_size / heads;
    check(D % 2 === 0, "head_dim", `must be even to be rotated (${D})`);
    check(
      !f.layer_types || f.layer_types.length >= f.num_hidden_layers,
      "layer_types",
      `must name the kind of each of the ${f.num_hidden_layers} layers`,
    );
  });
}

/** `null` says one per query head; nothing said, the family's default holds. */
function keyHeadsOf(
  f: { num_key_value_heads?: number | null; num_attention_heads: number },
  { keyHeads }: DecoderDefaults,
): number {
  const heads = f.num_attention_heads;
  if (f.num_key_value_heads !== undefined) {
    return f.num_key_value_heads ?? heads;
  }
  return keyHeads && heads % keyHeads === 0 ? keyHeads : heads;
}

/** A decoder's `config.json` as read. */
export type DecoderFile = z.output<ReturnType<typeof decoderFile>>;

/** What a family says about reading its configuration. */
export interface DecoderReading {
  /** Name of the family. */
  modelType: DecoderConfig["modelType"];
  /** What transformers takes where a file says nothing. */
  defaults: DecoderDefaults;
  /** Whether a token sees only those before it, where a file says nothing. @default {true} */
  causal?: boolean;
  /** Which attention maps have a bias. */
  attentionBias(file: DecoderFile): DecoderConfig["attentionBias"];
  /** How many tokens a layer's tokens see; `null` for all. */
  window(file: DecoderFile, layer: number): number | null;
}

/**
 * Whether a family's `config.json` has Gemma's own fields:
 * `hidden_activation`, `query_pre_attn_scalar`, `attn_logit_softcapping` and
 * `use_bidirectional_attention`.
 */
function hasGemmaFields(modelType: DecoderConfig["modelType"]): boolean {
  return modelType === "gemma2" || modelType === "gemma3_text";
}

/** Reads the content of a decoder's `config.json`; zod's error if it's wrong. */
export function parseDecoder(
  json: unknown,
  reading: DecoderReading,
): z.ZodSafeParseResult<DecoderConfig> {
  const { modelType, defaults: d } = reading;
  return decoderFile(d).superRefine((f, issues) => {
    const refuse = (path: string, message: string) =>
      issues.addIssue({ code: "custom", path: [path], message });
    const both = f.use_bidirectional_attention;
    if (
      f.auto_map?.AutoModel && f.is_causal === undefined && !both &&
      reading.causal !== false
    ) {
      refuse(
        "auto_map",
        "must not name an AutoModel: code of the model's own may see both ways, which isn't known here; say is_causal: true or false beside it",
      );
    }
    if (both && modelType === "gemma2") {
      refuse(
        "use_bidirectional_attention",
        "must be false: in Gemma 2, transformers sees both ways or not by the padding of a batch; say is_causal: false",
      );
    }
    if (both && modelType === "gemma3_text" && f.is_causal === false) {
      refuse(
        "is_causal",
        "must not be false beside use_bidirectional_attention",
      );
    }
    const rope = f.rope_parameters;
    if (rope && (d.localTheta !== undefined) === ("rope_type" in rope)) {
      refuse(
        "rope_parameters",
        d.localTheta === undefined
          ? "must be one for all layers"
          : "must have full_attention and sliding_attention",
      );
    }
    const D = f.head_dim ?? d.headSize ?? f.hidden_size / f.num_attention_heads;
    const scaling = f.rope_scaling ?? rope;
    if (scaling && scaling.rope_type === "longrope") {
      for (const name of ["short_factor", "long_factor"] as const) {
        const { length } = scaling[name] as number[];
        if (length !== D / 2) {
          refuse(
            name,
            `must have ${D / 2} numbers, half of a head's width (${length})`,
          );
        }
      }
    }
  }).transform((f): DecoderConfig => {
    const heads = f.num_attention_heads;
    const headSize = f.head_dim ?? d.headSize ?? f.hidden_size / heads;
    const eos = [f.eos_token_id ?? []].flat()[0] ?? null;
    const gemma = hasGemmaFields(modelType);
    return {
      modelType,
      vocabSize: f.vocab_size,
      hiddenSize: f.hidden_size,
      layers: f.num_hidden_layers,
      heads,
      keyHeads: keyHeadsOf(f, d),
      headSize,
      intermediateSize: f.intermediate_size,
      maxPositions: f.max_position_embeddings,
      rmsNormEps: f.rms_norm_eps,
      hiddenAct: ACTIVATIONS[
        // Gemma's `hidden_act` is a leftover that its code doesn't read.
        (gemma ? f.hidden_activation : f.hidden_act) ?? d.hiddenAct
      ],
      attentionBias: reading.attentionBias(f),
      mlpBias: (modelType === "llama" || modelType === "eurobert") &&
        (f.mlp_bias ?? false),
      attentionScale: (gemma ? f.query_pre_attn_scalar ?? 256 : headSize) **
        -0.5,
      attentionSoftcap: f.attn_logit_softcapping === undefined
        ? d.softcap ?? null
        : gemma
        ? f.attn_logit_softcapping
        : null,
      ...reading.causal === false
        ? { causal: false }
        : directions(f, modelType),
      windows: Array.from(
        { length: f.num_hidden_layers },
        (_, i) => reading.window(f, i),
      ),
      ...readRope(
        {
          ...f as RopeFile,
          original_max_position_embeddings:
            f.original_max_position_embeddings ?? d.originalMaxPositions,
        },
        d.theta,
        d.localTheta,
      ),
      initializerRange: f.initializer_range,
      eosTokenId: eos,
    };
  }).safeParse(json);
}

/**
 * Whether tokens see those after them, as transformers 5 reads the two flags:
 * `is_causal` everywhere, the other one in Gemma 3 alone, where it also halves the
 * window.
 */
function directions(
  f: DecoderFile,
  modelType: DecoderConfig["modelType"],
): Pick<DecoderConfig, "causal" | "windowReach"> {
  if (f.is_causal === false) return { causal: false, windowReach: "whole" };
  return modelType === "gemma3_text" && f.use_bidirectional_attention
    ? { causal: false, windowReach: "half" }
    : { causal: true };
}

/** The fields of `config.json` that the families share. */
export function decoderFileFields(
  config: DecoderConfig,
  model: string,
): Record<string, unknown> {
  const window = config.windows.find((w) => w !== null) ?? null;
  const act = gateActivationName(
    config.original?.hidden_activation ?? config.original?.hidden_act,
    config.hiddenAct,
  );
  const activation = hasGemmaFields(config.modelType)
    ? {
      hidden_activation: act,
      query_pre_attn_scalar: whole(config.attentionScale ** -2),
      attn_logit_softcapping: config.attentionSoftcap,
    }
    : { hidden_act: act };
  const fields: Record<string, unknown> = {
    architectures: [model],
    model_type: config.modelType,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyHeads,
    head_dim: config.headSize,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.rmsNormEps,
    ...activation,
    initializer_range: config.initializerRange,
    ...ropeFileFields(config.rope, config.localRope),
  };
  if (window !== null) fields.sliding_window = window;
  if (!config.causal && config.modelType !== "eurobert") {
    Object.assign(fields, bidirectionalFields(config));
  }
  // A file may name several end tokens, of which we know the first.
  if (!config.original) fields.eos_token_id = config.eosTokenId;
  return fields;
}

/** A number that is whole but for rounding, as one. */
function whole(x: number): number {
  return Math.abs(x - Math.round(x)) < 1e-9 * x ? Math.round(x) : x;
}

/** How far windows reach to each side. */
export function windowReach(
  { windowReach, modelType }: DecoderConfig,
): "half" | "whole" {
  return windowReach ?? (modelType === "gemma3_text" ? "half" : "whole");
}

/** How the family says that a token sees those after it too. */
function bidirectionalFields(config: DecoderConfig): Record<string, unknown> {
  return windowReach(config) === "half"
    ? { use_bidirectional_attention: true }
    : { is_causal: false };
}

/** Fields of the families that have windows on some layers only. */
export function windowFields(config: DecoderConfig): Record<string, unknown> {
  const { windows } = config;
  const first = windows.findIndex((w) => w !== null);
  return {
    use_sliding_window: first >= 0,
    // What transformers read before it knew `layer_types`.
    max_window_layers: first >= 0 ? first : windows.length,
    ...layerTypeFields(config),
  };
}

/** The kind of each layer. */
export function layerTypeFields(
  { windows }: DecoderConfig,
): Record<string, unknown> {
  return {
    layer_types: windows.map((w) =>
      w === null ? "full_attention" : "sliding_attention"
    ),
  };
}
