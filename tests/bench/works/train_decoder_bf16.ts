import { decoderStep } from "../_decoder_shape.ts";
import type { Work } from "../_work.ts";

/** A training step of a Qwen2-style decoder. */
export function setup(quick: boolean, folder: string): Promise<Work> {
  return decoderStep("train_decoder_bf16", "bfloat16", { quick, folder });
}
