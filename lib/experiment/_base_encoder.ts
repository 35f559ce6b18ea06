import { join } from "node:path";
import { passageText, queryText, type Suite } from "../data/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  type Encoder,
  loadEncoder,
  loadTokenizer,
  trainTokenizer,
} from "../model/mod.ts";
import { createRng } from "../sampling/mod.ts";
import type { ExperimentOptions } from "./experiment_options.ts";

/**
 * The encoder that every arm starts from: a checkpoint, or a small one from
 * scratch with a tokenizer trained on the suite's passages and training
 * queries. Test and dev queries stay unseen.
 */
export async function baseEncoder(
  options: ExperimentOptions,
  suite: Suite,
): Promise<Encoder> {
  if (options.model) return await loadEncoder(options.model);
  const folder = join(options.out, "tokenizer");
  const tokenizer = await loadTokenizer(folder).catch(async (error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const trained = createTokenizer(
      trainTokenizer(trainingTexts(suite, options.prompts), {
        vocabSize: options.vocabSize,
      }),
    );
    await Deno.mkdir(folder, { recursive: true });
    await trained.save(folder);
    return trained;
  });
  const positions = Math.max(options.queryLength, options.passageLength);
  const config = bertConfig({
    vocabSize: tokenizer.vocabSize,
    hiddenSize: options.hiddenSize,
    layers: options.layers,
    heads: options.heads,
    intermediateSize: 4 * options.hiddenSize,
    maxPositions: positions,
  });
  return createEncoder(config, tokenizer, {
    rng: createRng(options.seed, "model"),
    modules: {
      pooling: "mean",
      normalize: true,
      maxLength: positions,
      prompts: {},
    },
  });
}

function* trainingTexts(suite: Suite, prompts: boolean): Generator<string> {
  for (const task of suite.tasks) {
    for (const passage of task.corpus.values()) yield passageText(passage);
    for (const id of task.qrels.train?.keys() ?? []) {
      const query = task.queries.get(id);
      if (query) yield queryText(prompts ? task.prompt : "", query.text);
    }
  }
}
