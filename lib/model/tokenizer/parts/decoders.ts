import { lettersToText } from "./byte_letters.ts";
import { patternSpans } from "./pattern.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";

/** Tokens on their way to a text. */
export type Decode = (tokens: readonly string[]) => readonly string[];

/**
 * The function of a `decoder`.
 *
 * @throws {Error} If it, or one in it, is of a kind unknown here.
 */
export function decoderOf(part: TokenizerPart): Decode {
  switch (part.type) {
    case "Sequence": {
      const steps = (part.decoders as TokenizerPart[]).map(decoderOf);
      return (tokens) => steps.reduce((done, step) => step(done), tokens);
    }
    case "ByteLevel":
      return (tokens) => [lettersToText(tokens)];
    case "WordPiece":
      return wordpieceDecoder(part);
    case "BPEDecoder": {
      const suffix = (part.suffix as string | undefined) ?? "</w>";
      return (tokens) =>
        tokens.map((token, i) =>
          token.replaceAll(suffix, i === tokens.length - 1 ? "" : " ")
        );
    }
    case "Metaspace":
      return metaspaceDecoder(part);
    case "ByteFallback":
      return bytesToText;
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "Strip":
      return stripDecoder(part);
    case "Replace": {
      const find = patternSpans(part.pattern);
      return (tokens) =>
        tokens.map((token) =>
          Array.from(
            find(token),
            ([start, end, matched]) =>
              matched ? part.content : token.slice(start, end),
          ).join("")
        );
    }
    case "CTC":
      return ctcDecoder(part);
    default:
      throw new Error(`Unknown Decoder type: ${part.type}`);
  }
}

/** Blanks that writing English by words leaves over. */
const CLEANED: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** A text without the blanks before English punctuation. */
export function cleanUp(text: string): string {
  return CLEANED.reduce((done, [from, to]) => done.replaceAll(from, to), text);
}

function wordpieceDecoder(part: TokenizerPart): Decode {
  const prefix = (part.prefix as string | undefined) ?? "##";
  const cleans = (part.cleanup as boolean | undefined) ?? true;
  return (tokens) =>
    tokens.map((token, i) => {
      const joined = i === 0
        ? token
        : token.startsWith(prefix)
        ? token.slice(prefix.length)
        : ` ${token}`;
      return cleans ? cleanUp(joined) : joined;
    });
}

function metaspaceDecoder(part: TokenizerPart): Decode {
  const mark = part.replacement as string;
  const first = (part.prepend_scheme ?? "always") === "never" ? " " : "";
  return (tokens) =>
    tokens.map((token, i) => token.replaceAll(mark, i === 0 ? first : " "));
}

const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;

function bytesToText(tokens: readonly string[]): string[] {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) out.push(...textOf(bytes));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = BYTE.exec(token);
    if (byte) bytes.push(parseInt(byte[1]!, 16));
    else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of bytes, or a mark for each where they are none. */
function textOf(bytes: readonly number[]): string[] {
  try {
    return [strict.decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => "\uFFFD");
  }
}

function stripDecoder(part: TokenizerPart): Decode {
  const { content, start = 0, stop = 0 } = part as {
    content?: string;
    start?: number;
    stop?: number;
  };
  return (tokens) =>
    tokens.map((token) => {
      const letters = [...token];
      let [from, to] = [0, letters.length];
      while (from < start && letters[from] === content) from++;
      while (
        letters.length - to < stop && to > from && letters[to - 1] === content
      ) to--;
      return letters.slice(from, to).join("");
    });
}

function ctcDecoder(part: TokenizerPart): Decode {
  const pad = (part.pad_token as string | undefined) ?? "<pad>";
  const between = (part.word_delimiter_token as string | undefined) ?? "|";
  const cleans = (part.cleanup as boolean | undefined) ?? true;
  return (tokens) =>
    tokens.filter((token, i) => i === 0 || token !== tokens[i - 1])
      .map((token) => token.replaceAll(pad, ""))
      .map((token) => cleans ? cleanUp(token).replaceAll(between, " ") : token)
      .filter((token) => token !== "");
}
