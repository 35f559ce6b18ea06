import { decoderConfig } from "../../lib/model/mod.ts";
import { randomStep } from "./_random_step.ts";
import type { Work } from "./_work.ts";

/** 16 texts of 128 tokens through 8 layers of a Qwen2-style decoder. */
export function decoderStep(
  name: string,
  precision: "float32" | "bfloat16",
  { quick, folder }: { quick: boolean; folder: string },
): Promise<Work> {
  const config = decoderConfig({
    modelType: "qwen2",
    vocabSize: 32000,
    hiddenSize: 512,
    layers: quick ? 2 : 8,
    heads: 8,
    keyHeads: 2,
    intermediateSize: 1408,
    maxPositions: 512,
  });
  const texts = { pooling: "lastToken", queries: 8, length: 128 } as const;
  return randomStep({ name, precision, config, folder, ...texts });
}
