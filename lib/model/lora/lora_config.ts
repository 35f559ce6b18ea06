import { z } from "zod";
import { shown } from "../../base/shown.ts";

/** How an adapter changes a model (LoRA, arXiv 2106.09685). */
export interface LoraConfig {
  /** Inner width r of the adapter's two factors. */
  rank: number;
  /** The change is scaled by alpha / rank (alpha / √rank under `rsLora`). */
  alpha: number;
  /** Share of the adapter's input that is dropped in training, in [0, 1). */
  dropout: number;
  /**
   * Which affine maps get an adapter: the last parts of their names, e.g.
   * `["query", "value"]` or `["q_proj", "v_proj"]`; `"all-linear"` for all
   * those in the layers.
   */
  targets: "all-linear" | readonly string[];
  /** Scale by alpha / √rank (arXiv 2312.03732). */
  rsLora: boolean;
  /** What the adapter was made for, as peft notes it. */
  baseModel?: string;
}

const factor = "the adapter's rank";
const Options = z.strictObject({
  rank: z.int().positive().default(8).describe(`Rank: ${factor}`),
  alpha: z.number().positive().default(32),
  dropout: z.number().min(0).lt(1).default(0.1),
  targets: z.union([
    z.literal("all-linear"),
    z.array(z.string().min(1)).nonempty(),
  ]).default("all-linear"),
  rsLora: z.boolean().default(false),
  baseModel: z.string().optional(),
});

/**
 * Checks the options of an adapter and fills in the defaults, those of the
 * reference implementation: rank 8, alpha 32, dropout 0.1, all linear maps of
 * attention and feed-forward (spec section 6.6).
 *
 * @param options What differs from the defaults.
 * @throws {RangeError} If a value is out of range or a key unknown.
 *
 * @example Usage
 * ```ts
 * import { loraConfig } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * assert.equal(loraConfig({ rank: 16 }).alpha, 32);
 * assert.throws(() => loraConfig({ rank: 0 }), RangeError);
 * ```
 */
export function loraConfig(options: Partial<LoraConfig> = {}): LoraConfig {
  const { data, error } = Options.safeParse(options);
  if (!error) return data;
  const { path, message } = error.issues[0]!;
  throw new RangeError(
    `Cannot make a LoRA adapter: ${path.join(".") || "options"}: ${message}`,
  );
}

/** The factor on the adapter's change. */
export function loraScaling({ rank, alpha, rsLora }: LoraConfig): number {
  return alpha / (rsLora ? Math.sqrt(rank) : rank);
}

const off = (mend: string) =>
  z.union([
    z.null(),
    z.literal(false),
    z.literal("none"),
    z.record(z.string(), z.never()),
    z.array(z.never()),
  ], mend).optional();

/** The fields of peft's file that change what the adapter computes. */
const File = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).lt(1).default(0),
  target_modules: z.union([z.string(), z.array(z.string())]),
  use_rslora: z.boolean().default(false),
  base_model_name_or_path: z.string().nullish(),
  bias: off('must be "none": adapters that train biases are not supported'),
  use_dora: off("must be false: DoRA is not supported"),
  modules_to_save: off("must be null: whole trained modules are not supported"),
  rank_pattern: off("must be empty: one rank serves all modules"),
  alpha_pattern: off("must be empty: one alpha serves all modules"),
  fan_in_fan_out: off("must be false"),
  lora_bias: off("must be false"),
});

/**
 * Reads peft's `adapter_config.json`.
 *
 * @param json The parsed file.
 * @param path Where it comes from, for messages.
 * @throws {SyntaxError} If it is no LoRA adapter, or one of a kind that isn't
 * supported; the message names the field.
 */
export function parseAdapterConfig(json: unknown, path: string): LoraConfig {
  const { data, error } = File.safeParse(json);
  if (error) {
    const { path: at, message } = error.issues[0]!;
    const found = (json as Record<PropertyKey, unknown> | null)?.[at[0] ?? ""];
    throw new SyntaxError(
      `Cannot read ${path}: ${at.join(".")}: ${message}, got ${shown(found)}`,
    );
  }
  const targets = data.target_modules;
  const config: LoraConfig = {
    rank: data.r,
    alpha: data.lora_alpha,
    dropout: data.lora_dropout,
    // A single string is a pattern in peft; the tensors say what it matched.
    targets: typeof targets === "string" ? "all-linear" : targets,
    rsLora: data.use_rslora,
  };
  if (data.base_model_name_or_path) {
    config.baseModel = data.base_model_name_or_path;
  }
  return config;
}

/** The content of `adapter_config.json`; `modules` are those that have one. */
export function adapterConfigFields(
  config: LoraConfig,
  modules: readonly string[],
): Record<string, unknown> {
  return {
    peft_type: "LORA",
    task_type: "FEATURE_EXTRACTION",
    base_model_name_or_path: config.baseModel ?? null,
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    target_modules: [
      ...new Set(
        config.targets === "all-linear"
          ? modules.map((name) => name.replace(/^.*layers?\.\d+\./, ""))
          : config.targets,
      ),
    ],
    use_rslora: config.rsLora,
    use_dora: false,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    rank_pattern: {},
    alpha_pattern: {},
  };
}
