import { BERT_WORD, bertNormalize } from "./bert_text.ts";
import type { AddedTokenJson, TokenizerJson } from "./tokenizer_json.ts";

/** Ids of a text without the special tokens around it, at most `limit`. */
export type EncodeText = (text: string, limit: number) => number[];

/** Words remembered with their pieces; forgotten together when that many. */
const MAX_CACHE = 1 << 16;

/**
 * Encodes as BERT tokenizers do (any `BertNormalizer`, `BertPreTokenizer`,
 * `WordPiece`), remembering words, and stopping at the limit.
 *
 * @returns The function, or `null` if the tokenizer is of another kind.
 */
export function wordpieceEncoder(json: TokenizerJson): EncodeText | null {
  const normalize = bertNormalize(json.normalizer);
  if (
    normalize === null || json.pre_tokenizer?.type !== "BertPreTokenizer" ||
    json.model.type !== "WordPiece" ||
    json.added_tokens.some((t) => t.single_word || (t.normalized ?? !t.special))
  ) return null;

  const splitAdded = addedSplitter(json.added_tokens);
  const wordIds = wordSplitter(json);
  return (text, limit) => {
    const ids: number[] = [];
    for (const part of splitAdded(text)) {
      if (ids.length >= limit) break;
      if (typeof part === "number") ids.push(part);
      else {
        for (const [word] of normalize(part).matchAll(BERT_WORD)) {
          if (ids.length >= limit) break;
          for (const id of wordIds(word)) ids.push(id);
        }
      }
    }
    if (ids.length > limit) ids.length = limit;
    return ids;
  };
}

/** Cuts added tokens (as their ids) out of a raw text, the longest first. */
function addedSplitter(
  tokens: readonly AddedTokenJson[],
): (text: string) => (string | number)[] {
  const byContent = new Map(tokens.map((t) => [t.content, t]));
  const longestFirst = [...byContent.keys()].filter((c) => c !== "")
    .sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return (text) => [text];
  const pattern = new RegExp(
    longestFirst.map((c) => c.replace(/[^\p{L}\p{N}]/gu, escaped)).join("|"),
    "gu",
  );
  return (text) => {
    const parts: (string | number)[] = [];
    let done = 0;
    for (const match of text.matchAll(pattern)) {
      const token = byContent.get(match[0])!;
      // Blanks that a token takes along would only separate words here, so
      // lstrip and rstrip change nothing.
      if (match.index > done) parts.push(text.slice(done, match.index));
      parts.push(token.id);
      done = match.index + match[0].length;
    }
    if (done < text.length) parts.push(text.slice(done));
    return parts;
  };
}

/** A character as `\u{…}`, which means itself anywhere in a pattern. */
function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/** Greedy longest-match pieces of one word. */
function wordSplitter(
  json: TokenizerJson,
): (word: string) => readonly number[] {
  const model = json.model;
  const vocab = model.vocab as Record<string, number>;
  const prefix = (model.continuing_subword_prefix as string | undefined) ??
    "##";
  const maxChars = (model.max_input_chars_per_word as number | undefined) ??
    100;
  const unknown = [vocab[(model.unk_token as string | undefined) ?? "[UNK]"]!];
  const initial = new Map(Object.entries(vocab));
  const continuing = new Map<string, number>();
  let longest = 0;
  for (const [piece, id] of initial) {
    longest = Math.max(longest, piece.length);
    if (piece.startsWith(prefix)) {
      continuing.set(piece.slice(prefix.length), id);
    }
  }

  const split = (word: string): readonly number[] => {
    // Length in characters; a character is one or two units of the string.
    if (word.length > maxChars && [...word].length > maxChars) return unknown;
    const ids: number[] = [];
    for (let start = 0; start < word.length;) {
      const known = start === 0 ? initial : continuing;
      let end = Math.min(word.length, start + longest);
      let id: number | undefined;
      for (; end > start; end--) {
        id = known.get(word.slice(start, end));
        if (id !== undefined) break;
      }
      // One unknown piece makes the whole word unknown.
      if (id === undefined) return unknown;
      ids.push(id);
      start = end;
    }
    return ids;
  };

  const cache = new Map<string, readonly number[]>();
  return (word) => {
    let ids = cache.get(word);
    if (ids === undefined) {
      ids = split(word);
      if (cache.size >= MAX_CACHE) cache.clear();
      cache.set(word, ids);
    }
    return ids;
  };
}
