import {
  addLora,
  type Encoder,
  type LoraConfig,
  loraConfig,
} from "../../model/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";

/**
 * The adapter that was asked for, with its defaults.
 *
 * @param lora What differs from them; absent: none.
 * @param options Settings of the run.
 * @throws {RangeError} If a value is out of range, or there is no trained model to
 * adapt.
 */
export function adapterOf(
  lora: Partial<LoraConfig> | undefined,
  { model }: Pick<ExperimentOptions, "model">,
): LoraConfig | undefined {
  const adapter = lora && loraConfig(lora);
  if (!adapter || model !== undefined) return adapter;
  throw new RangeError(
    "Cannot train a LoRA adapter on an untrained encoder, whose weights " +
      "stay random: name a model with --model, or leave --lora.rank and the " +
      "like out",
  );
}

/** The encoder with a new adapter, if there is to be one. */
export function withAdapter(
  encoder: Encoder,
  config: LoraConfig | undefined,
  seed: number,
): Encoder {
  if (!config) return encoder;
  return addLora(encoder, { ...config, rng: createRng(seed, "lora") });
}
