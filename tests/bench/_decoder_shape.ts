import { useBackend } from "../../lib/backend/mod.ts";
import {
  createEncoder,
  createTokenizer,
  decoderConfig,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { evenTexts, WORDS } from "./_minilm_shape.ts";
import { trainingWork } from "./_training.ts";
import type { Work } from "./_work.ts";

/** 16 texts of 128 tokens through 8 layers of a Qwen2-style decoder. */
export async function decoderStep(
  name: string,
  precision: "float32" | "bfloat16",
  { quick, folder }: { quick: boolean; folder: string },
): Promise<Work> {
  await useBackend("auto");
  const tokenizer = createTokenizer(trainTokenizer([WORDS.join(" ")]));
  const encoder = createEncoder(
    decoderConfig({
      modelType: "qwen2",
      vocabSize: 32000,
      hiddenSize: 512,
      layers: quick ? 2 : 8,
      heads: 8,
      keyHeads: 2,
      intermediateSize: 1408,
      maxPositions: 512,
    }),
    tokenizer,
    {
      rng: createRng(1, "model"),
      modules: { pooling: "lastToken", normalize: true, prompts: {} },
    },
  );
  return await trainingWork(encoder, [evenTexts(8, 128)], {
    folder,
    name,
    queryLength: 128,
    passageLength: 128,
    ...(precision === "float32" ? {} : { precision }),
  });
}
