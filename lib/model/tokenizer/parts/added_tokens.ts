import { cut, type Part, type Stretch } from "./stretch.ts";
import type { AddedTokenJson } from "../tokenizer_json.ts";
import { Trie } from "./trie.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { BLANK, WORD } from "./unicode_sets.ts";

/**
 * The added tokens with the ids that they get: the vocabulary's where it has
 * the token, else the next free ones in their order. What the file says beside
 * them isn't asked for, as the reference doesn't.
 *
 * @param size Entries of the vocabulary.
 */
export function numbered(
  tokens: readonly AddedTokenJson[],
  vocabulary: Vocabulary,
  size: number,
): AddedTokenJson[] {
  const byId = new Map<number, AddedTokenJson>();
  const ids = new Map<string, number>();
  let next = size;
  for (const token of tokens) {
    const { content } = token;
    if (content === "") continue;
    const id = ids.get(content) ?? vocabulary.get(content) ?? next++;
    ids.set(content, id);
    byId.set(id, { ...token, id });
  }
  return [...byId.values()];
}

/** Cuts added tokens out of a stretch. */
export type SplitAdded = (stretch: Stretch) => Iterable<Part>;

const ENDS_WITH_WORD = new RegExp(`[${WORD}]$`, "v");
const STARTS_WITH_WORD = new RegExp(`^[${WORD}]`, "v");
const BLANKS_AT_START = new RegExp(`^[${BLANK}]*`, "v");
const BLANK_AT_END = new RegExp(`[${BLANK}]$`, "v");

/**
 * The function that finds these tokens, of two at one place the longer.
 *
 * @param tokens Their texts as they stand in the text that is searched.
 */
export function addedSplitter(
  tokens: ReadonlyMap<string, AddedTokenJson>,
): SplitAdded {
  const list = [...tokens.values()];
  if (list.length === 0) return (stretch) => [stretch];
  const trie = new Trie();
  [...tokens.keys()].forEach((text, i) => trie.add(text, i));
  const starts = new Set(Array.from(tokens.keys(), (text) => text[0]!));
  const start = new RegExp(`[${Array.from(starts, unit).join("")}]`, "g");
  return function* (stretch) {
    const { text } = stretch;
    let done = 0;
    for (const found of matches(text, { trie, start })) {
      const token = list[found.number]!;
      if (token.single_word && !standsAlone(text, found)) continue;
      let { at, end } = found;
      if (token.lstrip) at = Math.max(done, blanksBefore(text, at));
      if (token.rstrip) {
        end += BLANKS_AT_START.exec(text.slice(end))![0].length;
      }
      if (done < at) yield cut(stretch, done, at);
      yield token.id;
      done = end;
    }
    if (done < text.length) yield cut(stretch, done, text.length);
  };
}

/** A unit of a text in a class of a pattern without flags. */
function unit(text: string): string {
  return `\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

interface Found {
  at: number;
  end: number;
  number: number;
}

function* matches(
  text: string,
  { trie, start }: { trie: Trie; start: RegExp },
): Generator<Found> {
  for (let from = 0;;) {
    start.lastIndex = from;
    const at = start.exec(text)?.index;
    if (at === undefined) return;
    let found: Found | undefined;
    trie.each(text, at, (end, number) => found = { at, end, number });
    if (found) yield found;
    from = found?.end ?? at + 1;
  }
}

function standsAlone(text: string, { at, end }: Found): boolean {
  // Two units hold the one character that matters.
  return !ENDS_WITH_WORD.test(text.slice(Math.max(0, at - 2), at)) &&
    !STARTS_WITH_WORD.test(text.slice(end, end + 2));
}

function blanksBefore(text: string, at: number): number {
  while (at > 0 && BLANK_AT_END.test(text[at - 1]!)) at--;
  return at;
}
