import * as tf from "@tensorflow/tfjs-core";
import { embed, embeddingSize, type Encoder, lengthLimit } from "./encoder.ts";
import { textLimits } from "./text_limits.ts";
import { encoderLead } from "../workers/lead_encoders.ts";
import { usedWorkers, type Workers } from "../../workers/mod.ts";
import { packTexts, type TokenBatch } from "../tokenizer/token_batch.ts";
import type { Embeddings, EncodeFunction, EncodeOptions } from "../types.ts";
import {
  checkPrecision,
  type InferencePrecision,
} from "../../backend/kernels/mod.ts";
import { own } from "../../base/own.ts";

/** Options for {@linkcode encodeTexts}. */
export interface EncodeTextsOptions extends EncodeOptions {
  /** Most tokens of a text, special ones included. @default {the model's} */
  maxLength?: number;
  /**
   * Most tokens of a batch: short texts go in large batches, long ones in small
   * ones. @default {4096}
   */
  batchTokens?: number;
  /**
   * Texts that are tokenised and sorted by length together. It bounds what is
   * in memory beside the vectors. @default {8192}
   */
  windowTexts?: number;
  /**
   * What products multiply. `"int8"` is the fastest on processors, at cosines of
   * .99 and more to the vectors of float32; refused on a GPU. `"bfloat16"` is
   * faster on the `tensorflow` backend, and refused on others.
   * @default {"float32"}
   */
  precision?: InferencePrecision;
  /** Put before each text; {@linkcode modelPrompt} has the model's. @default {""} */
  prompt?: string;
  /**
   * Processes that encode together; this one must be number 0. Each takes whole
   * batches: the vectors have the same bits.
   * @default {those of `useWorkers()`, else this process alone}
   */
  workers?: Workers | undefined;
}

/** Vectors of some texts in a row. */
export interface EncodedWindow extends Embeddings {
  /** Number of the first of them, from 0. */
  from: number;
}

/**
 * Encodes texts: batches of texts of like length, so that little is padded;
 * the result is in the order of the texts.
 *
 * @param encoder The model.
 * @param texts The texts.
 * @param options Limits, progress, cancellation.
 * @returns Embeddings, shape `[texts, D]`.
 * @throws {RangeError} If a limit is out of range.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, encodeTexts, trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const { data, count, dimension } = await encodeTexts(encoder, ["red", "blue", "red"]);
 * assert.deepEqual([count, dimension], [3, 8]);
 * const [first, second, third] = [0, 1, 2].map((i) => data.slice(8 * i, 8 * i + 8));
 * assert.deepEqual(third, first);
 * assert.notDeepEqual(second, first);
 * ```
 */
export async function encodeTexts(
  encoder: Encoder,
  texts: readonly string[],
  { onProgress, ...options }: EncodeTextsOptions = {},
): Promise<Embeddings> {
  const dimension = embeddingSize(encoder);
  const data = new Float32Array(texts.length * dimension);
  const windows = encodeWindows(encoder, texts, {
    ...options,
    onProgress: (done) => onProgress?.(done, texts.length),
  });
  for await (const { from, data: part } of windows) {
    data.set(part, from * dimension);
  }
  return { data, count: texts.length, dimension };
}

/**
 * Encodes texts that need not be in memory together, window by window; the
 * vectors of a window come in the order of its texts.
 *
 * @param encoder The model.
 * @param texts The texts, e.g. read from a file one by one.
 * @param options Limits, progress (its total is the texts seen so far),
 * cancellation.
 * @returns The vectors of each window.
 * @throws {RangeError} If a limit is out of range.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, encodeWindows, trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const texts = ["red", "green", "blue"];
 * const windows = await Array.fromAsync(encodeWindows(encoder, texts, { windowTexts: 2 }));
 * assert.deepEqual(windows.map(({ from, count }) => [from, count]), [[0, 2], [2, 1]]);
 * ```
 */
export async function* encodeWindows(
  encoder: Encoder,
  texts: Iterable<string> | AsyncIterable<string>,
  options: EncodeTextsOptions = {},
): AsyncGenerator<EncodedWindow, void, undefined> {
  const { windowTexts = 8192, batchTokens = 4096, onProgress } = options;
  checkPrecision(options.precision ?? "float32");
  checkLimits({ windowTexts, batchTokens });
  let from = 0;
  for await (const window of windowsOf(texts, windowTexts)) {
    const total = from + window.length;
    const data = await encodeWindow(encoder, window, {
      ...options,
      batchTokens,
      onProgress: (done) => onProgress?.(from + done, total),
    });
    yield {
      from,
      data,
      count: window.length,
      dimension: data.length / window.length,
    };
    from = total;
  }
}

/** Vectors of the texts of one window, shape `[texts, D]`. */
async function encodeWindow(
  encoder: Encoder,
  texts: readonly string[],
  {
    maxLength = Infinity,
    prompt = "",
    precision,
    batchTokens,
    workers = usedWorkers(),
    signal,
    onProgress,
  }:
    & EncodeTextsOptions
    & { batchTokens: number },
): Promise<Float32Array> {
  signal?.throwIfAborted();
  const { ids } = encoder.tokenizer.encode(
    prompt ? texts.map((text) => prompt + text) : texts,
    { maxLength: lengthLimit(encoder, maxLength) },
  );
  const dimension = embeddingSize(encoder);
  const data = new Float32Array(texts.length * dimension);
  // Longest first, as a lack of memory then shows at once.
  const order = ids.map((_, i) => i)
    .sort((a, b) => ids[b]!.length - ids[a]!.length);
  const made = batchesOf(order, { ids, batchTokens });
  const several = workers !== undefined && workers.size > 1;
  let done = 0;
  for (let from = 0; from < made.length;) {
    signal?.throwIfAborted();
    const round = made.slice(from, from + (several ? workers.size : 1));
    const tokens = round.map((rows) => packTexts(rows.map((row) => ids[row]!)));
    const vectors = several
      ? await encoderLead(workers).embed(
        encoder,
        tokens.map((tokens, owner) => ({ tokens, owner })),
        { precision },
      )
      : [await vectorsOf(encoder, tokens[0]!, precision)];
    round.forEach((rows, b) =>
      rows.forEach((row, i) =>
        data.set(
          vectors[b]!.subarray(i * dimension, (i + 1) * dimension),
          row * dimension,
        )
      )
    );
    from += round.length;
    done += round.reduce((sum, rows) => sum + rows.length, 0);
    onProgress?.(done, order.length);
    // Lets timers, signals and the notebook's messages through.
    await new Promise((resume) => setTimeout(resume, 0));
  }
  return data;
}

/** Vectors of one batch. */
async function vectorsOf(
  encoder: Encoder,
  tokens: TokenBatch,
  precision: InferencePrecision | undefined,
): Promise<Float32Array> {
  const vectors = tf.tidy(() => embed(encoder, tokens, { precision }));
  const values = await vectors.data<"float32">();
  vectors.dispose();
  return values;
}

/** Rows in their order, in batches of so many tokens, padding counted. */
function batchesOf(
  order: readonly number[],
  { ids, batchTokens }: {
    ids: readonly (readonly number[])[];
    batchTokens: number;
  },
): number[][] {
  const made: number[][] = [];
  for (let from = 0; from < order.length;) {
    const longest = Math.max(1, ids[order[from]!]!.length);
    const size = Math.max(1, Math.floor(batchTokens / longest));
    made.push(order.slice(from, from + size));
    from += size;
  }
  return made;
}

/** Lists of so many texts each; the last may be shorter. */
async function* windowsOf(
  texts: Iterable<string> | AsyncIterable<string>,
  size: number,
): AsyncGenerator<string[]> {
  let window: string[] = [];
  for await (const text of texts) {
    window.push(text);
    if (window.length < size) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

function checkLimits(limits: Record<string, number>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 1)) {
      throw new RangeError(
        `Cannot encode texts: ${name} must be a number >= 1: got ${value}`,
      );
    }
  }
}

/** Length limits of the two sides, special tokens included, and how to compute. */
export interface LengthLimits {
  /** Maximum tokens per query. @default {as `textLimits()` says} */
  queryLength?: number | undefined;
  /** Maximum tokens per passage. @default {as `textLimits()` says} */
  passageLength?: number | undefined;
  /**
   * Put the model's own prompts before the texts. Leave it out where the texts
   * come with the prompts of their tasks. @default {false}
   */
  modelPrompts?: boolean;
  /** What products multiply, as `encodeTexts()` says. @default {"float32"} */
  computeType?: InferencePrecision | undefined;
}

/** A model as retrieval uses it: what encodes queries, and what encodes passages. */
export interface Towers {
  /** Encodes queries. */
  readonly query: Encoder;
  /** Encodes passages; the same where one model does both. */
  readonly passage: Encoder;
}

/**
 * An encoder as the function that search, mining and evaluation take.
 *
 * @param model The model, or one for queries and one for passages.
 * @param limits Length limits of the two sides; whether to use its prompts.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, encodeFunction, encodeTexts,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const encode = encodeFunction(encoder, { queryLength: 3, passageLength: 64 });
 * const long = ["red green blue"];
 * const query = await encode(long, { kind: "query" });
 * assert.deepEqual(query, await encodeTexts(encoder, long, { maxLength: 3 }));
 * const passage = await encode(long, { kind: "passage" });
 * assert.deepEqual(passage, await encodeTexts(encoder, long));
 * ```
 */
export function encodeFunction(
  model: Encoder | Towers,
  { modelPrompts = false, computeType, ...given }: LengthLimits = {},
): EncodeFunction {
  const towers = "query" in model ? model : { query: model, passage: model };
  const { queryLength, passageLength } = textLimits(towers, given);
  return async (texts, options = {}) => {
    const { kind = "passage" } = options;
    const encoder = towers[kind];
    const embeddings = await encodeTexts(encoder, texts, {
      ...options,
      ...computeType && { precision: computeType },
      maxLength: kind === "query" ? queryLength : passageLength,
      prompt: modelPrompts ? modelPrompt(encoder, kind) : "",
    });
    return encoder.modules.similarity === "cosine"
      ? ofLengthOne(embeddings)
      : embeddings;
  };
}

/** Vectors whose dot products are cosines; one of length 0 stays. */
function ofLengthOne(
  { data, count, dimension, ...rest }: Embeddings,
): Embeddings {
  const scaled = data.slice();
  for (let i = 0; i < count; i++) {
    const row = scaled.subarray(i * dimension, (i + 1) * dimension);
    const length = Math.hypot(...row) || 1;
    row.forEach((value, k) => row[k] = value / length);
  }
  return { ...rest, data: scaled, count, dimension };
}

/** Names of prompts for the passages' side, as sentence-transformers tries them. */
const PASSAGE_PROMPTS = ["document", "passage", "corpus"];

/**
 * The prompt that a model's own files have for one side, as
 * sentence-transformers' `encode_query` and `encode_document` choose it.
 *
 * @param encoder The model.
 * @param kind Which side.
 * @returns The prompt; empty if there is none.
 *
 * @example Usage
 * ```ts
 * import { modelPrompt } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const modules = {
 *   pooling: "mean" as const,
 *   normalize: true,
 *   prompts: { query: "query: ", passage: "passage: " },
 * };
 * assert.equal(modelPrompt({ modules }, "query"), "query: ");
 * assert.equal(modelPrompt({ modules }, "passage"), "passage: ");
 * ```
 */
export function modelPrompt(
  { modules }: Pick<Encoder, "modules">,
  kind: "query" | "passage",
): string {
  const { prompts = {}, defaultPromptName } = modules;
  const names = kind === "query" ? ["query"] : PASSAGE_PROMPTS;
  const name = names.find((name) => Object.hasOwn(prompts, name)) ??
    defaultPromptName;
  return name === undefined ? "" : own(prompts, name) ?? "";
}
