import { useBackend } from "../../lib/backend/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { type TextBatch, trainingWork } from "./_training.ts";
import type { Work } from "./_work.ts";

/** Words of one token each. */
export const WORDS = [
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
export function evenTexts(
  count: number,
  length: number,
  words: readonly string[] = WORDS,
  special = 2,
): TextBatch {
  const rng = createRng(1, "texts");
  const text = () =>
    Array.from(
      { length: length - special },
      () => words[rng.int(words.length)]!,
    )
      .join(" ");
  return {
    queries: Array.from({ length: count }, text),
    passages: Array.from({ length: count }, () => [text()]),
  };
}

/** 32 texts of 64 tokens through a model of all-MiniLM-L6-v2's size. */
export async function minilmStep(
  name: string,
  precision: "float32" | "bfloat16",
  { quick, folder }: { quick: boolean; folder: string },
): Promise<Work> {
  await useBackend("auto");
  const tokenizer = createTokenizer(trainTokenizer([WORDS.join(" ")]));
  const encoder = createEncoder(
    bertConfig({
      vocabSize: 30522,
      hiddenSize: 384,
      layers: quick ? 2 : 6,
      heads: 12,
      intermediateSize: 1536,
    }),
    tokenizer,
    {
      rng: createRng(1, "model"),
      modules: { pooling: "mean", normalize: true, prompts: {} },
    },
  );
  return await trainingWork(encoder, [evenTexts(16, 64)], {
    folder,
    name,
    queryLength: 64,
    passageLength: 64,
    ...(precision === "float32" ? {} : { precision }),
  });
}
