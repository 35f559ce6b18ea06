import { shown } from "../../../base/shown.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";
import type { Vocabulary, WordIds } from "./vocabulary.ts";

/** Greedy longest-match pieces of a word; one unknown piece makes it unknown. */
export function wordpiece(
  model: TokenizerPart,
  vocabulary: Vocabulary,
): WordIds {
  const prefix = (model.continuing_subword_prefix as string | undefined) ??
    "##";
  const maxChars = (model.max_input_chars_per_word as number | undefined) ??
    100;
  const unknown = [unknownId(model, vocabulary, "[UNK]")];
  const continuing = new Map<string, number>();
  let longest = 0;
  for (const [piece, id] of vocabulary) {
    longest = Math.max(longest, piece.length);
    if (piece.startsWith(prefix)) {
      continuing.set(piece.slice(prefix.length), id);
    }
  }
  return (word) => {
    // Length in characters; a character is one or two units of the string.
    if (word.length > maxChars && [...word].length > maxChars) return unknown;
    const ids: number[] = [];
    for (let start = 0; start < word.length;) {
      const known = start === 0 ? vocabulary : continuing;
      let end = Math.min(word.length, start + longest);
      let id: number | undefined;
      for (; end > start; end--) {
        id = known.get(word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return unknown;
      ids.push(id);
      start = end;
    }
    return ids;
  };
}

/** Words that are in the vocabulary as a whole, or unknown. */
export function wordLevel(
  model: TokenizerPart,
  vocabulary: Vocabulary,
): WordIds {
  const unknown = [unknownId(model, vocabulary, "<unk>")];
  return (word) => {
    const id = vocabulary.get(word);
    return id === undefined ? unknown : [id];
  };
}

function unknownId(
  model: TokenizerPart,
  vocabulary: Vocabulary,
  usual: string,
): number {
  const token = (model.unk_token as string | null | undefined) ?? usual;
  const id = vocabulary.get(token);
  if (id !== undefined) return id;
  throw new Error(`model.vocab lacks the unknown token ${shown(token)}`);
}
