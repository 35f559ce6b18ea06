import { z } from "zod";
import { named } from "../../base/named.ts";

/** How an adapter changes a model (LoRA, arXiv 2106.09685). */
export interface LoraConfig {
  /** Inner width r of the adapter's two factors. */
  rank: number;
  /** The change is scaled by alpha / rank (alpha / √rank under `rsLora`). */
  alpha: number;
  /** Dropout rate of the adapter's input, in [0, 1). */
  dropout: number;
  /**
   * Which affine maps get an adapter: the last parts of their names, e.g.
   * `["query", "value"]` or `["q_proj", "v_proj"]`; `"all-linear"` for all
   * those in the layers.
   */
  targets: "all-linear" | readonly string[];
  /** Scale by alpha / √rank (arXiv 2312.03732). */
  rsLora: boolean;
  /**
   * Other ranks of some maps, by the last parts of their names, e.g.
   * `{ query: 16 }`; the first entry that fits holds. @default {{}}
   */
  rankPattern?: Readonly<Record<string, number>>;
  /** Other alphas of some maps, named likewise. @default {{}} */
  alphaPattern?: Readonly<Record<string, number>>;
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
  rankPattern: named(z.int().positive()).optional(),
  alphaPattern: named(z.number().positive()).optional(),
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

/** Inner width of the factors of the map called `module`. */
export function loraRank(config: LoraConfig, module: string): number {
  return ofModule(config.rankPattern, module) ?? config.rank;
}

/** The factor on the change of the map called `module`. */
export function loraScaling(config: LoraConfig, module: string): number {
  const rank = loraRank(config, module);
  const alpha = ofModule(config.alphaPattern, module) ?? config.alpha;
  return alpha / (config.rsLora ? Math.sqrt(rank) : rank);
}

/** The first entry whose key is the end of a map's name, as peft looks it up. */
function ofModule(
  pattern: Readonly<Record<string, number>> | undefined,
  module: string,
): number | undefined {
  if (!pattern) return undefined;
  const key = Object.keys(pattern).find((key) =>
    module === key || module.endsWith(`.${key}`)
  );
  return key === undefined ? undefined : pattern[key];
}
