import {
  createEncoder,
  createTokenizer,
  type ModelConfig,
  type Pooling,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { benchScale, useBenchBackend } from "./_device.ts";
import { type TextBatch, trainingWork } from "./_training.ts";
import type { Work } from "./_work.ts";

/** Words of one token each. */
const WORDS = [
  "red",
  "green",
  "blue",
  "bird",
  "sings",
  "sky",
  "tree",
  "fish",
];

/** Texts of `length` tokens each, the two special ones included. */
export function evenTexts(count: number, length: number): TextBatch {
  const rng = createRng(1, "texts");
  const text = () =>
    Array.from(
      { length: length - 2 },
      () => WORDS[rng.int(WORDS.length)]!,
    )
      .join(" ");
  return {
    queries: Array.from({ length: count }, text),
    passages: Array.from({ length: count }, () => [text()]),
  };
}

/** What is trained, on how many texts of how many tokens. */
export interface RandomStep {
  /** Name of the work. */
  name: string;
  /** What products multiply. */
  precision: "float32" | "bfloat16";
  /** Sizes; the weights are random. */
  config: ModelConfig;
  /** How hidden states become one vector. */
  pooling: Pooling;
  /** Queries, each with one passage. */
  queries: number;
  /** Tokens of each text. */
  length: number;
  /** Where the bench keeps files for both sides. */
  folder: string;
}

/** A training step of a model with random weights. */
export async function randomStep(
  { name, precision, config, pooling, queries, length, folder }: RandomStep,
): Promise<Work> {
  await useBenchBackend();
  const tokenizer = createTokenizer(trainTokenizer([WORDS.join(" ")]));
  const encoder = createEncoder(config, tokenizer, {
    rng: createRng(1, "model"),
    modules: { pooling, normalize: true, prompts: {} },
  });
  return await trainingWork(encoder, [
    evenTexts(queries * benchScale(), length),
  ], {
    folder,
    name,
    queryLength: length,
    passageLength: length,
    precision,
  });
}
