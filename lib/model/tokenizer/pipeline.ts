import {
  addedSplitter,
  numbered,
  type SplitAdded,
} from "./parts/added_tokens.ts";
import { chunksOf, goesByChunks } from "./parts/chunks.ts";
import { type Decode, decoderOf } from "./parts/decoders.ts";
import { modelOf } from "./parts/models.ts";
import { type Normalizer, normalizerOf } from "./parts/normalizers.ts";
import { type Around, aroundOf } from "./parts/post_processor.ts";
import { type PairPiece, pairTemplate } from "./parts/pair_template.ts";
import {
  asksForStart,
  type PreTokenizer,
  preTokenizerOf,
} from "./parts/pre_tokenizers.ts";
import type { Part, Stretch } from "./parts/stretch.ts";
import type { AddedTokenJson, TokenizerJson } from "./tokenizer_json.ts";
import type { Vocabulary, WordIds } from "./parts/vocabulary.ts";

/** All of a `tokenizer.json` as functions. */
export interface Pipeline {
  /** Ids of a text without the special tokens around it, at most `limit`. */
  encode(text: string, limit: number): number[];
  /** The text of ids, without special tokens. */
  decode(ids: readonly number[]): string;
  /** Ids that go around a text. */
  around: Around;
  /** What stands around two texts; throws where the tokenizer takes none. */
  pair(): PairPiece[];
  /** Id of a token, of the added ones first. */
  idOf(token: string): number | undefined;
  /** Largest id. */
  largestId: number;
}

/** Options for {@linkcode pipelineOf}. */
export interface PipelineOptions {
  /** Which end of a text that is too long is kept. @default {"start"} */
  keeps?: "start" | "end";
}

/**
 * Builds the functions of a `tokenizer.json` that do what Hugging Face's
 * library in Rust does, id for id.
 *
 * Why this is not left to that library or to the one in JavaScript: the first
 * comes as 67 MB of binaries for 13 systems, needs `--allow-ffi` and does half
 * as many ids a second; the second gives other ids in most of the parts.
 *
 * @throws {Error} If a part isn't known to do the same here.
 */
export function pipelineOf(
  json: TokenizerJson,
  { keeps = "start" }: PipelineOptions = {},
): Pipeline {
  const model = modelOf(json.model);
  const added = numbered(json.added_tokens, model.vocabulary, model.size);
  const addedIds = new Map(added.map(({ content, id }) => [content, id]));
  const idOf = (token: string) =>
    addedIds.get(token) ?? model.vocabulary.get(token);
  const normalize = normalizerOf(json.normalizer);
  const cleaned = byText(
    added.filter(isNormalized),
    (text) => normalize({ text, lead: 0 }).text,
  );
  const ids = [...model.vocabulary.values(), ...addedIds.values()];
  const encode = encoderOf({
    rawAdded: addedSplitter(
      byText(added.filter((token) => !isNormalized(token)), (text) => text),
    ),
    normalize,
    cleanAdded: addedSplitter(cleaned),
    pre: json.pre_tokenizer && preTokenizerOf(json.pre_tokenizer),
    tracks: asksForStart(json.pre_tokenizer),
    byChunks: goesByChunks(json.normalizer, json.pre_tokenizer) &&
      ![...cleaned.keys()].some((text) => /\s/u.test(text)),
    wordIds: model.wordIds,
    pieces: model.pieces ?? ((word) => [word]),
  });
  return {
    encode: keeps === "start" ? encode : (text, limit) => {
      const whole = encode(text, Infinity);
      return whole.slice(Math.max(0, whole.length - limit));
    },
    decode: decodingOf(json, {
      added,
      vocabulary: model.vocabulary,
      cleaned,
    }),
    around: aroundOf(json.post_processor, idOf),
    pair: () => pairTemplate(json.post_processor, idOf),
    idOf,
    largestId: ids.reduce((largest, id) => Math.max(largest, id), -1),
  };
}

/** Whether a token is looked for in the clean text. */
function isNormalized({ normalized, special }: AddedTokenJson): boolean {
  return normalized ?? !special;
}

function byText(
  tokens: readonly AddedTokenJson[],
  textOf: (content: string) => string,
): Map<string, AddedTokenJson> {
  const map = new Map<string, AddedTokenJson>();
  for (const token of tokens) {
    const text = textOf(token.content);
    if (text === "") {
      throw new Error(
        `the added token ${
          JSON.stringify(token.content)
        } is nothing once normalized`,
      );
    }
    if (map.has(text)) {
      throw new Error(
        `two added tokens are the same once normalized: ${
          JSON.stringify(text)
        }`,
      );
    }
    map.set(text, token);
  }
  return map;
}

/** What {@linkcode encoderOf} puts together. */
interface Parts {
  rawAdded: SplitAdded;
  normalize: Normalizer;
  cleanAdded: SplitAdded;
  pre: PreTokenizer | null;
  tracks: boolean;
  byChunks: boolean;
  wordIds: WordIds;
  pieces: (word: string) => Iterable<string>;
}

function encoderOf(
  { rawAdded, normalize, cleanAdded, pre, ...parts }: Parts,
): Pipeline["encode"] {
  const { tracks, byChunks, wordIds, pieces } = parts;
  const words = pre?.words;
  /** Adds a clean stretch's ids; whether there is room for more. */
  const addStretch = (stretch: Stretch, ids: number[], limit: number) => {
    const add = (word: string) => {
      for (const id of wordIds(word)) ids.push(id);
      return ids.length < limit;
    };
    if (words) {
      for (const [word] of stretch.text.matchAll(words)) {
        if (!add(word)) return;
      }
    } else {
      for (const { text } of pre?.split(stretch) ?? [stretch]) {
        for (const piece of pieces(text)) if (!add(piece)) return;
      }
    }
  };
  return (text, limit) => {
    const ids: number[] = [];
    for (const part of clean(text)) {
      if (ids.length >= limit) break;
      if (typeof part === "number") ids.push(part);
      else if (part.text !== "") addStretch(part, ids, limit);
    }
    if (ids.length > limit) ids.length = limit;
    return ids;
  };

  function* clean(text: string): Generator<Part> {
    // Half a character becomes what it becomes wherever strings are UTF-8.
    const raw = text.isWellFormed() ? text : text.toWellFormed();
    const lead = !tracks ? 0 : raw.codePointAt(0)! > 0xffff ? 2 : 1;
    for (const part of rawAdded({ text: raw, lead })) {
      if (typeof part === "number") yield part;
      else {
        for (const chunk of byChunks ? chunksOf(part) : [part]) {
          if (chunk.text !== "") yield* cleanAdded(normalize(chunk));
        }
      }
    }
  }
}

function decodingOf(
  json: TokenizerJson,
  { added, cleaned, vocabulary }: {
    added: readonly AddedTokenJson[];
    cleaned: ReadonlyMap<string, AddedTokenJson>;
    vocabulary: Vocabulary;
  },
): Pipeline["decode"] {
  const tokens = new Map<number, string>();
  for (const [token, id] of vocabulary) tokens.set(id, token);
  for (const { id, content } of added) tokens.set(id, content);
  for (const [text, { id }] of cleaned) tokens.set(id, text);
  const special = new Set(
    added.filter((token) => token.special).map(({ content }) => content),
  );
  const decode: Decode = json.decoder
    ? decoderOf(json.decoder)
    : (some) => [some.join(" ")];
  return (ids) => {
    const own = ids.map((id) => tokens.get(id))
      .filter((token) =>
        token !== undefined && !special.has(token)
      ) as string[];
    return own.length === 0 ? "" : decode(own).join("");
  };
}
