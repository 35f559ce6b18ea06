import type { Precision } from "../../backend/kernels/mod.ts";
import type { Payload } from "../../workers/mod.ts";
import type { AdamWOptions } from "../adamw.ts";
import type { SeededTexts } from "../gradient_pass.ts";
import type { ChunkLimits } from "../tokens.ts";

/** What is told of a training run; JSON-serialisable. */
export interface TrainingAbout {
  /** Number of the encoder. */
  id: number;
  /** Names of the parameters that are trained, in order. */
  names: string[];
  /** Decay and moments of the optimiser. */
  adamw: Required<AdamWOptions>;
  /** Updates made before. */
  step: number;
  /** What passes depend on. */
  settings: {
    dropout: number;
    precision: Precision;
    checkpointing: boolean;
    gradCache?: ChunkLimits | undefined;
  };
  /** Slots of fixed sums. */
  slots?: number | undefined;
  /** What gradients travel in. */
  sum: "float32" | "bfloat16";
}

/** What is told of an update. */
export interface UpdateAbout {
  /** Rate of this update. */
  learningRate: number;
  /** Factor on the gradients. */
  gradientFactor: number;
}

/** A batch's texts as a message's arrays. */
export function textArrays(
  { tokens: { queries, passages }, seeds }: SeededTexts,
): Payload[] {
  return [
    queries.ids,
    queries.offsets,
    seeds[0],
    passages.ids,
    passages.offsets,
    seeds[1],
  ] as Payload[];
}

/** A batch's texts, from a message's arrays. */
export function textsFrom(arrays: readonly Payload[]): SeededTexts {
  const [ids, offsets, seeds, ids2, offsets2, seeds2] = arrays as Int32Array[];
  return {
    tokens: {
      queries: { ids: ids!, offsets: offsets! },
      passages: { ids: ids2!, offsets: offsets2! },
    },
    seeds: [seeds!, seeds2!],
  };
}
