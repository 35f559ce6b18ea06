import * as tf from "@tensorflow/tfjs-core";
import { join } from "node:path";
import { z } from "zod";
import { readJsonIfThere } from "../../base/files/json_file.ts";
import type { Variable } from "../../backend/mod.ts";
import {
  checkPrecision,
  type InferencePrecision,
} from "../../backend/kernels/mod.ts";
import { readConfig } from "../config/config.ts";
import {
  disposeEncoder,
  type Encoder,
  hiddenStates,
  inferenceTape,
  lengthLimit,
} from "../encode/encoder.ts";
import { readTransformer } from "../load_encoder.ts";
import { checkVocabulary } from "../tokenizer/check_vocabulary.ts";
import { packTexts } from "../tokenizer/token_batch.ts";
import { loadTokenizer } from "../tokenizer/tokenizer.ts";
import { openWeights } from "../weights/safetensors.ts";
import {
  headForward,
  readScoreHead,
  type ScoreHead,
  tensorsOf,
} from "./score_head.ts";

/**
 * A cross-encoder: it reads query and passage together and gives one score, so that it
 * is slower than a retriever, and better; a teacher.
 */
export interface CrossEncoder {
  /** The transformer and its tokenizer. */
  readonly encoder: Encoder;
  /** The head that gives the score. */
  readonly head: ScoreHead;
  /** What sentence-transformers' `predict()` applies to the score. */
  readonly activation: "sigmoid" | "identity";
  /** Most tokens of a pair. */
  readonly maxLength: number;
  /** Whether the model is told which of the two texts a token is of. */
  readonly typed: boolean;
}

const tokenizerFile = z.looseObject({
  model_max_length: z.number().nullish(),
  model_input_names: z.array(z.string()).nullish(),
  tokenizer_class: z.string().nullish(),
});
const activationField = z.string().nullish();
const savedConfig = z.looseObject({ activation_fn: activationField });
const modelConfig = z.looseObject({
  sentence_transformers: savedConfig.optional(),
  sbert_ce_default_activation_function: activationField,
});

/**
 * Loads a cross-encoder from a Hugging Face folder: BERT, RoBERTa, XLM-R, CamemBERT,
 * MPNet, DistilBERT or ELECTRA with a head for one score, as sentence-transformers
 * saves them.
 *
 * @param folder The folder.
 * @returns The model; free it with {@linkcode disposeCrossEncoder}.
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {SyntaxError} If a file is malformed, or the family has no such head here.
 * @throws {RangeError} If there is no head, or one with several scores.
 *
 * @example Usage
 * ```ts
 * import { loadCrossEncoder } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(loadCrossEncoder("no/such/folder"), /Cannot/);
 * ```
 */
export async function loadCrossEncoder(folder: string): Promise<CrossEncoder> {
  const config = await readConfig(folder);
  const tokenizer = await loadTokenizer(folder);
  checkVocabulary(config, tokenizer, `load ${folder}`);
  const parameters = new Map<string, Variable>();
  let head: ScoreHead | undefined;
  try {
    using weights = await openWeights(folder);
    head = await readScoreHead(weights, config, folder);
    await readTransformer(folder, config, parameters);
  } catch (error) {
    tf.dispose([...parameters.values(), ...head ? tensorsOf(head) : []]);
    throw error;
  }
  const modules = { pooling: "cls", normalize: false } as const;
  const said = await readJsonIfThere(
    join(folder, "tokenizer_config.json"),
    tokenizerFile,
  ) ?? {};
  const maxLength = lengthLimit(
    { config, modules },
    said.model_max_length ?? Infinity,
  );
  const encoder = { config, tokenizer, modules, maxLength, parameters };
  return {
    encoder,
    head,
    maxLength,
    typed: isTyped(config.modelType, said),
    activation: await activationOf(folder),
  };
}

/** Whether transformers' tokenizer passes token types to the model. */
function isTyped(
  modelType: string,
  { model_input_names: names, tokenizer_class: named }: z.infer<
    typeof tokenizerFile
  >,
): boolean {
  if (names) return names.includes("token_type_ids");
  return /^(?:Bert|Electra)/i.test(named ?? modelType);
}

/** The function that the files name; one score goes through a sigmoid otherwise. */
async function activationOf(
  folder: string,
): Promise<CrossEncoder["activation"]> {
  const saved = await readJsonIfThere(
    join(folder, "config_sentence_transformers.json"),
    savedConfig,
  );
  const config = await readJsonIfThere(
    join(folder, "config.json"),
    modelConfig,
  );
  const name = saved?.activation_fn ??
    config?.sentence_transformers?.activation_fn ??
    config?.sbert_ce_default_activation_function ?? "Sigmoid";
  if (/\bSigmoid$/.test(name)) return "sigmoid";
  if (/\bIdentity$/.test(name)) return "identity";
  throw new SyntaxError(
    `Cannot load the cross-encoder ${folder}: its activation_fn must be Sigmoid or Identity: got ${
      JSON.stringify(name)
    }`,
  );
}

/** Frees a cross-encoder's parameters; it can't be used afterwards. */
export function disposeCrossEncoder({ encoder, head }: CrossEncoder): void {
  disposeEncoder(encoder);
  tf.dispose(tensorsOf(head));
}

/** Options for {@linkcode scorePairs}. */
export interface ScorePairsOptions {
  /** Most tokens of a pair. @default {the model's} */
  maxLength?: number;
  /** Most tokens of a batch. @default {4096} */
  batchTokens?: number;
  /** What products multiply, as `encodeTexts()` says. @default {"float32"} */
  precision?: InferencePrecision | undefined;
  /** Stops the work at the next batch. */
  signal?: AbortSignal | undefined;
  /** Called after each batch with the number of pairs done so far. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Scores pairs of texts.
 *
 * @param model The cross-encoder.
 * @param pairs Queries, each with a passage.
 * @param options Length, progress, cancellation.
 * @returns The logits, in the order of the pairs; {@linkcode activated} makes of them
 * what `CrossEncoder.predict()` gives.
 * @throws {RangeError} If the length is out of range, or the tokenizer takes no pairs.
 */
export async function scorePairs(
  { encoder, head, typed, maxLength: most }: CrossEncoder,
  pairs: readonly (readonly [query: string, passage: string])[],
  { maxLength = most, batchTokens = 4096, precision = "float32", ...options }:
    ScorePairsOptions = {},
): Promise<Float32Array> {
  const { signal, onProgress } = options;
  checkPrecision(precision);
  const { ids, types } = encoder.tokenizer.encodePairs(pairs, {
    maxLength: Math.min(maxLength, most),
  });
  const scores = new Float32Array(pairs.length);
  const order = ids.map((_, i) => i)
    .sort((a, b) => ids[b]!.length - ids[a]!.length);
  for (let from = 0; from < order.length;) {
    signal?.throwIfAborted();
    const longest = Math.max(1, ids[order[from]!]!.length);
    const size = Math.max(1, Math.floor(batchTokens / longest));
    const rows = order.slice(from, from + size);
    const tape = inferenceTape(precision);
    const logits = tf.tidy(() => {
      const batch = packTexts(rows.map((row) => ids[row]!));
      if (typed) {
        batch.types = Int32Array.from(rows.flatMap((row) => types[row]!));
      }
      return headForward(
        hiddenStates(encoder, batch, {
          only: "first",
          ...tape && { tape },
        }),
        head,
      );
    });
    const values = await logits.data<"float32">();
    logits.dispose();
    rows.forEach((row, i) => scores[row] = values[i]!);
    from += rows.length;
    onProgress?.(from, order.length);
    await new Promise((resume) => setTimeout(resume, 0));
  }
  return scores;
}

/**
 * What sentence-transformers' `CrossEncoder.predict()` makes of logits.
 *
 * @param logits Scores without the model's activation.
 * @param model The model.
 */
export function activated(
  logits: Float32Array,
  { activation }: Pick<CrossEncoder, "activation">,
): Float32Array {
  return activation === "identity"
    ? logits.slice()
    : logits.map((x) => 1 / (1 + Math.exp(-x)));
}
