import { minilmStep } from "../_minilm_shape.ts";
import type { Work } from "../_work.ts";

/** A training step of a model of all-MiniLM-L6-v2's size. */
export function setup(quick: boolean, folder: string): Promise<Work> {
  return minilmStep("train_minilm_bf16", "bfloat16", { quick, folder });
}
