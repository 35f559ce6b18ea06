import { z } from "zod";
import { dirname } from "node:path";
import { makeFolder } from "../../base/files/make_folder.ts";
import { openLocked } from "../../base/files/lock_path.ts";
import { createHash, type Hash } from "node:crypto";
import { writeWhole } from "../../base/files/write_whole.ts";
import { encoderFingerprint } from "../weights/fingerprint.ts";
import { vectorFileHeader } from "./vector_file.ts";
import { type EncodeTextsOptions, encodeWindows } from "./encode_texts.ts";
import { embeddingSize, type Encoder } from "./encoder.ts";
import { jsonValue } from "../../base/json_value.ts";
import { readText } from "../../base/files/read_text.ts";

/** Options for {@linkcode encodeToFile}. */
export interface EncodeToFileOptions extends EncodeTextsOptions {
  /**
   * Whether to go on where an earlier call with the same model, options and
   * texts was interrupted. @default {true}
   */
  resume?: boolean;
}

/** What {@linkcode encodeToFile} wrote. */
export interface EncodedFile {
  /** The file. */
  path: string;
  /** Number of texts. */
  count: number;
  /** Length of each vector. */
  dimension: number;
  /** Texts that an earlier, interrupted call had encoded already. */
  resumed: number;
}

/** How far a file has come; kept beside it. */
const progress = z.object({
  /** Model and options. */
  key: z.string(),
  /** After each window: texts on disk so far, and the hash of all of them. */
  windows: z.array(z.object({ done: z.int().min(0), texts: z.string() })),
});

type Progress = z.infer<typeof progress>;

/**
 * Encodes texts straight to a file of float32 vectors, in the order of the
 * texts: only a window of them is in memory. The file appears under its name
 * only when whole. An interrupted call (an abort, a crash) leaves what it has in
 * `<path>.part`; the same call again goes on from there (where the texts have
 * changed since, from the first window that differs).
 *
 * @param encoder The model.
 * @param texts The texts, e.g. read from a file one by one.
 * @param path File to write; its ending says how: `.npy` for NumPy, or
 * `.safetensors`, with one tensor `embeddings`.
 * @param options Limits, progress, cancellation, resumption.
 * @returns What was written.
 * @throws {RangeError} If the ending is another one, or an option out of range.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, encodeTexts, encodeToFile,
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
 * const path = `${await Deno.makeTempDir()}/vectors.npy`;
 * const { count, dimension } = await encodeToFile(encoder, ["red", "green blue"], path);
 * assert.deepEqual([count, dimension], [2, 8]);
 * const values = new Float32Array((await Deno.readFile(path)).buffer.slice(-4 * 2 * 8));
 * assert.deepEqual(values, (await encodeTexts(encoder, ["red", "green blue"])).data);
 * ```
 */
export async function encodeToFile(
  encoder: Encoder,
  texts: Iterable<string> | AsyncIterable<string>,
  path: string,
  { resume = true, ...options }: EncodeToFileOptions = {},
): Promise<EncodedFile> {
  const dimension = embeddingSize(encoder);
  const header = (count: number) => vectorFileHeader(path, [count, dimension]);
  const start = header(0).length;
  const part = `${path}.part`;
  const floats = (options.precision ?? "float32") === "float32";
  const key = hashOf(JSON.stringify([
    await encoderFingerprint(encoder),
    options.maxLength ?? null,
    options.prompt ?? "",
    start,
    ...floats ? [] : [options.precision],
  ]));
  await makeFolder(dirname(path));
  using file = await openLocked(part);
  if (!file) {
    throw new RangeError(
      `Cannot write ${path}: another process is writing it; wait until it has finished, or name another file`,
    );
  }
  const before = resume ? await progressOf(part) : undefined;
  const { size } = await file.stat();
  const { rest, hash, windows } = await continued(
    texts,
    before?.key === key
      // Stopped when the file had its name already, it is another, empty one.
      ? before.windows.filter(({ done }) =>
        start + 4 * dimension * done <= size
      )
      : [],
  );
  const resumed = windows.at(-1)?.done ?? 0;
  let count = resumed;
  await file.truncate(start + 4 * dimension * resumed);
  await file.seek(0, Deno.SeekMode.End);
  const encoded = encodeWindows(encoder, hashed(rest, hash), {
    ...options,
    onProgress: (done, total) =>
      options.onProgress?.(resumed + done, resumed + total),
  });
  for await (const { data, count: more } of encoded) {
    await writeAll(file, new Uint8Array(data.buffer));
    await file.syncData();
    count += more;
    windows.push({ done: count, texts: hash.copy().digest("hex") });
    const soFar: Progress = { key, windows };
    await writeWhole(`${part}.json`, JSON.stringify(soFar));
  }
  await file.seek(0, Deno.SeekMode.Start);
  await writeAll(file, header(count));
  await file.syncData();
  await Deno.rename(part, path);
  await Deno.remove(`${part}.json`).catch(() => {});
  return { path, count, dimension, resumed };
}

/**
 * Passes over the windows that are done, as far as their texts are the same.
 * One window at a time is held: where it differs, it is encoded again.
 */
async function continued(
  texts: Iterable<string> | AsyncIterable<string>,
  done: Progress["windows"],
): Promise<{
  rest: AsyncIterable<string>;
  hash: Hash;
  windows: Progress["windows"];
}> {
  const source = iterate(texts);
  let hash = createHash("sha256");
  let from = 0;
  for (const [i, window] of done.entries()) {
    const held: string[] = [];
    const next = hash.copy();
    while (held.length < window.done - from) {
      const { value, done } = await source.next();
      if (done) break;
      held.push(value);
      addToHash(next, value);
    }
    if (next.copy().digest("hex") !== window.texts) {
      return { rest: joined(held, source), hash, windows: done.slice(0, i) };
    }
    hash = next;
    from = window.done;
  }
  return { rest: source, hash, windows: [...done] };
}

async function* iterate(
  texts: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<string, undefined> {
  yield* texts;
}

async function* joined(
  first: readonly string[],
  rest: AsyncIterable<string>,
): AsyncGenerator<string> {
  yield* first;
  yield* rest;
}

/** The texts, each added to the hash as it passes. */
async function* hashed(
  texts: AsyncIterable<string>,
  hash: Hash,
): AsyncGenerator<string> {
  for await (const text of texts) {
    addToHash(hash, text);
    yield text;
  }
}

/** Adds a text to a hash; its length keeps two texts from passing for one. */
function addToHash(hash: Hash, text: string): void {
  hash.update(`${text.length}:`).update(text);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function progressOf(part: string): Promise<Progress | undefined> {
  try {
    return progress.parse(
      jsonValue(await readText(`${part}.json`, "none")),
    );
  } catch {
    // None, or one that was cut off: begin anew.
    return undefined;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await file.write(bytes.subarray(sent));
  }
}
