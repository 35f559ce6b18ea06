import { join } from "node:path";
import { writeFolder } from "../../base/files/write_folder.ts";
import { passageText, queryText, type Suite } from "../../data/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  type Encoder,
  loadEncoder,
  loadTokenizer,
  type Tokenizer,
  trainTokenizer,
} from "../../model/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import type { SettledOptions } from "../settled_lengths.ts";

/**
 * The encoder that every arm starts from: a checkpoint, or a small one from
 * scratch with a tokenizer trained on the suite's passages and training
 * queries. Test and dev queries stay unseen.
 *
 * @param options Settings.
 * @param suite The tasks.
 * @param keep Whether the tokenizer is kept in the run's folder, and taken from
 * there if it was trained before; otherwise the folder isn't touched, and
 * {@linkcode keepTokenizer} can do it later.
 */
export async function baseEncoder(
  options: SettledOptions,
  suite: Suite,
  { keep = true }: { keep?: boolean } = {},
): Promise<Encoder> {
  if (options.model) return await loadEncoder(options.model);
  const before = keep ? await keptTokenizer(options) : undefined;
  const tokenizer = before ?? createTokenizer(
    trainTokenizer(trainingTexts(suite, options.prompts), {
      vocabSize: options.vocabSize,
    }),
  );
  if (keep && !before) await keepTokenizer(options, tokenizer);
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

/** Saves the tokenizer of an encoder from scratch in the run's folder. */
export async function keepTokenizer(
  options: ExperimentOptions,
  tokenizer: Tokenizer,
): Promise<void> {
  if (options.model) return; // it has its own
  await writeFolder(join(options.out, "tokenizer"), {
    overwrite: true,
    what: "the tokenizer",
    fill: async (partial) => {
      await Deno.mkdir(partial, { recursive: true });
      await tokenizer.save(partial);
    },
  });
}

async function keptTokenizer(
  options: ExperimentOptions,
): Promise<Tokenizer | undefined> {
  try {
    return await loadTokenizer(join(options.out, "tokenizer"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
}

function* trainingTexts(
  suite: Suite,
  prompts: "task" | "none",
): Generator<string> {
  for (const task of suite.tasks) {
    for (const passage of task.corpus.values()) yield passageText(passage);
    for (const id of task.qrels.train?.keys() ?? []) {
      const query = task.queries.get(id);
      if (!query) continue;
      yield queryText(prompts === "task" ? task.prompt : "", query.text);
    }
  }
}
