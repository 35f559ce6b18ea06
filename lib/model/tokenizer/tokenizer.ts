import { readBytes } from "../../base/files/open_file.ts";
import { join } from "node:path";
import { writeWhole } from "../../base/files/write_whole.ts";
import { readTextIfThere } from "../../base/files/read_text.ts";
import { shown } from "../../base/shown.ts";
import { printable } from "../../base/printable.ts";
import { cleanUp } from "./parts/decoders.ts";
import { withEndToken } from "./end_token.ts";
import { asTransformers } from "./as_transformers.ts";
import { checkTokenizerJson, parseObject } from "./check_json.ts";
import type { TokenizerJson, TokenizerPart } from "./tokenizer_json.ts";
import { defaultFiles, specialToken } from "./files.ts";
import { encodePairs } from "./encode_pairs.ts";
import { type Pipeline, pipelineOf } from "./pipeline.ts";

export type {
  AddedTokenJson,
  TokenizerJson,
  TokenizerPart,
} from "./tokenizer_json.ts";

/** Options for {@linkcode Tokenizer.encode}. */
export interface TokenizeOptions {
  /**
   * Most tokens of a text, special tokens included: a longer text is cut so
   * that its final special tokens still fit (spec section 3.5); at its start
   * where `truncation_side` of `tokenizer_config.json`, or the direction in
   * `tokenizer.json`, says left. What lengths and padding it stores is ignored.
   *
   * @default {Infinity}
   */
  maxLength?: number;
  /** Adds `[CLS]`, `[SEP]` or what the tokenizer has instead. @default {true} */
  specialTokens?: boolean;
}

/** Turns texts into token ids. */
export interface Tokenizer {
  /** Rows that the model's token table needs at least: largest id + 1. */
  readonly vocabSize: number;
  /** Id to fill up with; what it stands on is masked. */
  readonly padId: number;
  /**
   * Ids of each text, without padding; see {@linkcode padBatch}.
   *
   * @throws {RangeError} If `maxLength` doesn't hold the special tokens.
   */
  encode(
    texts: readonly string[],
    options?: TokenizeOptions,
  ): { ids: number[][] };
  /**
   * Ids and token types of pairs of texts, as cross-encoders take them. Of a pair that
   * is too long the longer text is cut, or both (`longest_first`).
   *
   * @throws {RangeError} If `maxLength` doesn't hold the special tokens, or the
   * tokenizer takes no pairs.
   */
  encodePairs(
    pairs: readonly (readonly [string, string])[],
    options?: Pick<TokenizeOptions, "maxLength">,
  ): { ids: number[][]; types: number[][] };
  /** Text of ids, without special tokens; not always the text encoded. */
  decode(ids: readonly number[]): string;
  /** Whether `tokenizer_config.json` asks for an end token (`add_eos_token`). */
  readonly endAsked: boolean;
  /**
   * A tokenizer that makes all letters small first, as sentence-transformers
   * does where `sentence_bert_config.json` says `do_lower_case`.
   */
  withLowercase(): Tokenizer;
  /**
   * A tokenizer that puts a token after every text, as reading a model at its
   * last token needs: this one if it does already, else one whose
   * post-processor adds the end token (`eos_token`). A text that is too long is
   * cut so that it still fits.
   *
   * @returns The tokenizer; `undefined` if there is no end token.
   */
  withEnd(): Tokenizer | undefined;
  /** Id of a token, `undefined` if the vocabulary lacks it. */
  tokenId(token: string): number | undefined;
  /**
   * Writes `tokenizer.json`, `tokenizer_config.json` and
   * `special_tokens_map.json`: byte for byte as loaded where they were loaded.
   */
  save(folder: string): Promise<void>;
  /** The content of `tokenizer.json`. */
  toJSON(): TokenizerJson;
}

/** Names of the files that a tokenizer has in a Hugging Face folder. */
const FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
] as const;

/**
 * Loads the tokenizer of a Hugging Face folder: `tokenizer.json` and, where
 * they are there, `tokenizer_config.json` and `special_tokens_map.json`.
 *
 * @param folder Folder of a checkpoint.
 * @throws {Deno.errors.NotFound} If there is no `tokenizer.json`.
 * @throws {SyntaxError} If a file is malformed or of a kind we can't run.
 *
 * @example Usage
 * ```ts
 * import { createTokenizer, loadTokenizer, trainTokenizer } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await createTokenizer(trainTokenizer(["red green blue", "blue"])).save(folder);
 * const tokenizer = await loadTokenizer(folder);
 * const { ids } = tokenizer.encode(["blue red green"], { maxLength: 4 });
 * assert.equal(ids[0]!.length, 4);
 * ```
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const files = new Map<string, Uint8Array>();
  for (const name of FILES) {
    try {
      files.set(name, await readBytes(join(folder, name)));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const [main, config = {}, roles] = FILES.map((name) => {
    const bytes = files.get(name);
    return bytes && parseObject(bytes, join(folder, name));
  });
  if (main === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot load a tokenizer from ${folder}: it has no tokenizer.json (transformers writes one with save_pretrained() of a fast tokenizer)`,
    );
  }
  const path = join(folder, "tokenizer.json");
  const json = checkTokenizerJson(main, path);
  const settings = await readTextIfThere(join(folder, "config.json"));
  return buildTokenizer(json, {
    // The older file counts for folders without the newer list, as there.
    config: config.added_tokens_decoder ? config : { ...config, ...roles },
    model: settings === undefined ? undefined : parseObject(
      new TextEncoder().encode(settings),
      join(folder, "config.json"),
    ),
    path,
    files,
  });
}

/**
 * Makes a tokenizer from the content of a `tokenizer.json`, e.g. what
 * {@linkcode trainTokenizer} returns or {@linkcode Tokenizer.toJSON} gave.
 *
 * @param json Content of a `tokenizer.json`; keep it unchanged afterwards.
 * @throws {SyntaxError} If it is malformed or of a kind we can't run.
 *
 * @example Usage
 * ```ts
 * import { createTokenizer, trainTokenizer } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const tokenizer = createTokenizer(trainTokenizer(["to be or not to be"]));
 * const { ids } = tokenizer.encode(["be"]);
 * assert.equal(tokenizer.decode(ids[0]!), "be");
 * assert.equal(ids[0]![0], tokenizer.tokenId("[CLS]"));
 * ```
 */
export function createTokenizer(json: TokenizerJson): Tokenizer {
  const path = "tokenizer.json";
  const checked = checkTokenizerJson(json, path);
  const files = defaultFiles(checked);
  return buildTokenizer(checked, {
    config: files.config,
    path,
    files: files.bytes,
  });
}

/** What {@linkcode buildTokenizer} needs beside `tokenizer.json`. */
interface TokenizerSource {
  /** The content of `tokenizer_config.json`. */
  config: Record<string, unknown>;
  /** The content of the model's `config.json`. */
  model?: Record<string, unknown>;
  /** Makes all letters small before anything else. */
  lowercase?: boolean;
  /** For messages. */
  path: string;
  /** All files, as they are saved again. */
  files: ReadonlyMap<string, Uint8Array>;
}

function buildTokenizer(
  file: TokenizerJson,
  source: TokenizerSource,
): Tokenizer {
  const { config, path, files } = source;
  let [json, pipeline]: [TokenizerJson, Pipeline?] = [file, undefined];
  try {
    json = asTransformers(file, source);
    if (source.lowercase) json = lowercased(json);
    pipeline = tried(json, config);
  } catch (error) {
    throw new SyntaxError(
      `Cannot load a tokenizer from ${path}: ${
        (error as Error).constructor === Error
          ? printable((error as Error).message)
          // The engine's words for a field that isn't there help nobody.
          : `${culprit(json, config)} lacks a field, or has one of another type`
      }`,
    );
  }
  const { around, idOf } = pipeline;
  return {
    vocabSize: pipeline.largestId + 1,
    padId: padIdOf(idOf, config, path),
    endAsked: config.add_eos_token === true,
    encode(texts, { maxLength = Infinity, specialTokens = true } = {}) {
      const { before, after } = specialTokens
        ? around
        : { before: [], after: [] };
      const room = maxLength - before.length - after.length;
      if (!(room >= 0) || maxLength === 0) {
        throw new RangeError(
          `Cannot tokenize: maxLength must be at least ${
            Math.max(1, before.length + after.length)
          }, the number of special tokens: got ${maxLength}`,
        );
      }
      return {
        ids: texts.map((text) => [
          ...before,
          ...pipeline.encode(text, room),
          ...after,
        ]),
      };
    },
    encodePairs: (pairs, options) => encodePairs(pipeline, pairs, options),
    decode(ids) {
      const text = pipeline.decode(ids);
      return config.clean_up_tokenization_spaces ? cleanUp(text) : text;
    },
    withLowercase: () => buildTokenizer(file, { ...source, lowercase: true }),
    withEnd() {
      if (around.after.length > 0) return this;
      const token = specialToken(config.eos_token);
      const id = token === undefined ? undefined : idOf(token);
      if (token === undefined || id === undefined) return undefined;
      const changed = withEndToken(file, token, id);
      const settings = { ...config, add_eos_token: true };
      const bytes = new Map([
        ...files,
        ["tokenizer.json", jsonBytes(changed)],
        ["tokenizer_config.json", jsonBytes(settings)],
      ]);
      return buildTokenizer(changed, {
        ...source,
        config: settings,
        files: bytes,
      });
    },
    tokenId: idOf,
    async save(folder) {
      for (const [name, bytes] of files) {
        await writeWhole(join(folder, name), bytes);
      }
    },
    toJSON: () => json,
  };
}

/** Has some of everything that a part may look at. */
const TRIAL = "The 2 cafés, 日本 \u{1F600} [don't]";

/** All parts, tried: some look at their fields when they have a text. */
function tried(
  json: TokenizerJson,
  config: Record<string, unknown>,
): Pipeline {
  const pipeline = pipelineOf(json, { keeps: sideKept(json, config) });
  pipeline.decode([...pipeline.encode(TRIAL, Infinity), 0]);
  return pipeline;
}

/** The part without which the rest would do; else the model. */
function culprit(
  json: TokenizerJson,
  config: Record<string, unknown>,
): string {
  const parts = ["normalizer", "pre_tokenizer", "post_processor", "decoder"];
  const found = parts.find((part) => {
    try {
      tried({ ...json, [part]: null }, config);
      return true;
    } catch {
      return false;
    }
  });
  return found ?? "the model";
}

/** Which end of a text that is too long is kept. */
function sideKept(
  { truncation }: TokenizerJson,
  { truncation_side }: Record<string, unknown>,
): "start" | "end" {
  const { direction } = (truncation ?? {}) as { direction?: unknown };
  const cut = truncation_side ?? direction ?? "right";
  if (cut === "left" || cut === "Left") return "end";
  if (cut === "right" || cut === "Right") return "start";
  throw new Error(`truncation_side must be left or right: got ${shown(cut)}`);
}

/** With small letters before all else, unless the normalizer makes them. */
function lowercased(json: TokenizerJson): TokenizerJson {
  const part = json.normalizer;
  const steps = part?.type === "Sequence"
    ? part.normalizers as TokenizerPart[]
    : part
    ? [part]
    : [];
  const lower = { type: "Lowercase" };
  return steps.some(({ type }) => type === "Lowercase") ? json : {
    ...json,
    normalizer: { type: "Sequence", normalizers: [lower, ...steps] },
  };
}

function jsonBytes(json: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}

function padIdOf(
  idOf: Pipeline["idOf"],
  config: Record<string, unknown>,
  path: string,
): number {
  // Without a padding token any token serves, as the mask hides it; the end
  // token is what others take.
  const candidates = [
    specialToken(config.pad_token),
    "[PAD]",
    "<pad>",
    specialToken(config.eos_token),
    specialToken(config.unk_token),
  ];
  for (const token of candidates) {
    const id = token === undefined ? undefined : idOf(token);
    if (id !== undefined) return id;
  }
  throw new SyntaxError(
    `Cannot load a tokenizer from ${path}: it has no padding token; name one as pad_token in tokenizer_config.json`,
  );
}
