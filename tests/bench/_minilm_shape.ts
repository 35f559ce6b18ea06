import { bertConfig } from "../../lib/model/mod.ts";
import { randomStep } from "./_random_step.ts";
import type { Work } from "./_work.ts";

/** 32 texts of 64 tokens through a model of all-MiniLM-L6-v2's size. */
export function minilmStep(
  name: string,
  precision: "float32" | "bfloat16",
  { quick, folder }: { quick: boolean; folder: string },
): Promise<Work> {
  const config = bertConfig({
    vocabSize: 30522,
    hiddenSize: 384,
    layers: quick ? 2 : 6,
    heads: 12,
    intermediateSize: 1536,
  });
  const texts = { pooling: "mean", queries: 16, length: 64 } as const;
  return randomStep({ name, precision, config, folder, ...texts });
}
