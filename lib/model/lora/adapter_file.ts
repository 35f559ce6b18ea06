import { z } from "zod";
import { named } from "../../base/named.ts";
import { shown } from "../../base/shown.ts";
import type { LoraConfig } from "./lora_config.ts";

/** Python that makes a plain model of an adapter of any kind that peft has. */
const MERGE =
  `merge it once: python3 -c "import sys, peft, transformers; peft.PeftModel.from_pretrained(transformers.AutoModel.from_pretrained(sys.argv[1]), sys.argv[2]).merge_and_unload().save_pretrained(sys.argv[3])" BASE ADAPTER MERGED`;

/** A field that must say nothing, as what it asks for isn't done here. */
const off = (wanted: string, kind: string) =>
  z.union([
    z.null(),
    z.literal(false),
    z.literal("none"),
    z.literal(0),
    z.record(z.string(), z.never()),
    z.array(z.never()),
  ], `must be ${wanted}: ${kind} not supported`).optional();

/** The last parts of a map's name; peft takes patterns too. */
const pattern = (value: z.ZodType<number>) =>
  named(value).refine(
    (map) => Object.keys(map).every((key) => /^[\w.]+$/.test(key)),
    "must name maps by the ends of their names, not by patterns",
  ).nullish();

/** How the factors started, as far as the base model's weights stayed as they were. */
const PLAIN_STARTS = [
  "gaussian",
  "eva",
  "orthogonal",
  "mica",
  "lora_ga",
] as const;

/** The fields of peft's file that change what the adapter computes. */
const File = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).lt(1).default(0),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  use_rslora: z.boolean().default(false),
  base_model_name_or_path: z.string().nullish(),
  rank_pattern: pattern(z.int().positive()),
  alpha_pattern: pattern(z.number().positive()),
  init_lora_weights: z.union([
    z.boolean(),
    z.enum([...PLAIN_STARTS, "olora"]),
  ], {
    error: `must be true, false, ${
      PLAIN_STARTS.join(", ")
    } or olora: others (PiSSA, CorDA, LoftQ) also change the base model's weights`,
  }).default(true),
  bias: off('"none"', "adapters that train biases are"),
  use_dora: off("false", "DoRA is"),
  modules_to_save: off("null", "whole trained modules are"),
  trainable_token_indices: off("null", "trained rows of the token table are"),
  target_parameters: off("null", "adapters on bare parameters are"),
  layer_replication: off("null", "layers that occur several times are"),
  alora_invocation_tokens: off("null", "activated LoRA is"),
  use_qalora: off("false", "QALoRA is"),
  use_bdlora: off("null", "block-diagonal LoRA is"),
  arrow_config: off("null", "Arrow is"),
  fan_in_fan_out: off("false", "transposed weights are"),
  lora_bias: off("false", "a bias on the factors is"),
});

/** What peft's `adapter_config.json` says. */
export interface AdapterFile {
  /** The adapter. */
  lora: LoraConfig;
  /**
   * Whether the factors started as a part of the weights that the base model
   * gave up for them (OLoRA, arXiv 2406.01775).
   */
  olora: boolean;
}

/**
 * Reads peft's `adapter_config.json`.
 *
 * @param json The parsed file.
 * @param path Where it comes from, for messages.
 * @throws {SyntaxError} If it is no LoRA adapter, or one of a kind that isn't
 * supported; the message names the field.
 */
export function parseAdapterConfig(json: unknown, path: string): AdapterFile {
  const { data, error } = File.safeParse(json);
  if (error) {
    const { path: at, message } = error.issues[0]!;
    const found = (json as Record<PropertyKey, unknown> | null)?.[at[0] ?? ""];
    const mend = /not supported|also change/.test(message) ? `; ${MERGE}` : "";
    throw new SyntaxError(
      `Cannot read ${path}: ${at.join(".")}: ${message}, got ${
        shown(found)
      }${mend}`,
    );
  }
  const targets = data.target_modules;
  const config: LoraConfig = {
    rank: data.r,
    alpha: data.lora_alpha,
    dropout: data.lora_dropout,
    // A single string is a pattern in peft; the tensors say what it matched.
    targets: Array.isArray(targets) ? targets : "all-linear",
    rsLora: data.use_rslora,
  };
  if (any(data.rank_pattern)) config.rankPattern = data.rank_pattern;
  if (any(data.alpha_pattern)) config.alphaPattern = data.alpha_pattern;
  if (data.base_model_name_or_path) {
    config.baseModel = data.base_model_name_or_path;
  }
  return { lora: config, olora: data.init_lora_weights === "olora" };
}

function any<T extends object>(map: T | null | undefined): map is T {
  return !!map && Object.keys(map).length > 0;
}

/**
 * The content of `adapter_config.json`.
 *
 * @param config The adapter.
 * @param adapted Names of the maps that have one.
 * @param all Names of all maps that could.
 */
export function adapterConfigFields(
  config: LoraConfig,
  { adapted, all }: { adapted: readonly string[]; all: readonly string[] },
): Record<string, unknown> {
  return {
    peft_type: "LORA",
    task_type: "FEATURE_EXTRACTION",
    base_model_name_or_path: config.baseModel ?? null,
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    target_modules: targetNames(adapted, all),
    use_rslora: config.rsLora,
    use_dora: false,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    rank_pattern: config.rankPattern ?? {},
    alpha_pattern: config.alphaPattern ?? {},
  };
}

/** Name of a map within its layer. */
const inLayer = (name: string) => name.replace(/^.*layers?\.\d+\./, "");

/** The ends of names that mean these maps and no other; else whole names. */
function targetNames(
  adapted: readonly string[],
  all: readonly string[],
): string[] {
  const has = new Set(adapted);
  return [
    ...new Set(adapted.map((name) => {
      const end = inLayer(name);
      const meant = all.filter((other) =>
        other === end || other.endsWith(`.${end}`)
      );
      return meant.every((other) => has.has(other)) ? end : name;
    })),
  ];
}
