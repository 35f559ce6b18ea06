/**
 * Makes the folder of a small untrained decoder of the Qwen3 family with last-token
 * pooling and a vocabulary of a suite's texts: a stand-in for the paper's retrievers on
 * machines without a GPU.
 *
 * ```sh
 * deno run --allow-all tests/bench/tiny_decoder.ts SUITE OUT
 * ```
 */
import { useBackend } from "../../lib/backend/mod.ts";
import {
  openSuite,
  passageText,
  queryText,
  trainExamples,
} from "../../lib/data/mod.ts";
import {
  createEncoder,
  createTokenizer,
  decoderConfig,
  saveEncoder,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";

const [suiteFolder, out] = Deno.args;
if (!out) throw new Error("SUITE OUT");
await useBackend();
const suite = await openSuite(suiteFolder!);
const texts = [
  ...suite.tasks.flatMap((task) => [...task.corpus.values()].map(passageText)),
  ...trainExamples(suite).flat().map((row) =>
    queryText(suite.tasks[row.domain]!.prompt, row.query.text)
  ),
];
const tokenizer = createTokenizer(trainTokenizer(texts, { vocabSize: 16_000 }));
const decoder = createEncoder(
  decoderConfig({
    modelType: "qwen3",
    vocabSize: tokenizer.vocabSize,
    hiddenSize: 128,
    layers: 2,
    heads: 4,
    keyHeads: 2,
    intermediateSize: 256,
    maxPositions: 128,
  }),
  tokenizer,
  {
    rng: createRng(1, "model"),
    modules: {
      pooling: "lastToken",
      normalize: true,
      maxLength: 128,
      prompts: {},
    },
  },
);
await saveEncoder(decoder, out);
