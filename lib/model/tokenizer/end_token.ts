import type { TokenizerJson, TokenizerPart } from "./tokenizer_json.ts";

/**
 * A `tokenizer.json` whose post-processor puts a token after every text: what a
 * model that is read at its last token needs, and the tokenizers of most LLMs
 * don't do. The switch `add_eos_token` has no effect on those.
 *
 * @param json Content of a `tokenizer.json` that puts nothing after a text.
 * @param token The token's text.
 * @param id Its id.
 */
export function withEndToken(
  json: TokenizerJson,
  token: string,
  id: number,
): TokenizerJson {
  const part = json.post_processor;
  const parts = part?.type === "Sequence"
    ? part.processors as TokenizerPart[]
    : part
    ? [part]
    : [];
  const template = parts.find(({ type }) => type === "TemplateProcessing") ??
    TEXT_ALONE;
  const end = (piece: Piece) => ({
    SpecialToken: { id: token, type_id: typeOf(piece) },
  });
  const ended: TokenizerPart = {
    ...template,
    single: (template.single as Piece[]).flatMap((piece) =>
      "Sequence" in piece ? [piece, end(piece)] : [piece]
    ),
    pair: (template.pair as Piece[]).flatMap((piece) =>
      "Sequence" in piece ? [piece, end(piece)] : [piece]
    ),
    special_tokens: {
      ...template.special_tokens as Record<string, unknown>,
      [token]: { id: token, ids: [id], tokens: [token] },
    },
  };
  const others = parts.filter((other) => other !== template);
  return {
    ...json,
    post_processor: others.length === 0
      ? ended
      : { type: "Sequence", processors: [...others, ended] },
  };
}

/** A piece of a template. */
type Piece =
  | { Sequence: { id: string; type_id: number } }
  | { SpecialToken: { id: string; type_id: number } };

const typeOf = (piece: Piece): number =>
  "Sequence" in piece ? piece.Sequence.type_id : piece.SpecialToken.type_id;

const TEXT_ALONE: TokenizerPart = {
  type: "TemplateProcessing",
  single: [{ Sequence: { id: "A", type_id: 0 } }],
  pair: [
    { Sequence: { id: "A", type_id: 0 } },
    { Sequence: { id: "B", type_id: 1 } },
  ],
  special_tokens: {},
};
