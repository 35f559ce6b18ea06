import { shown } from "../../../base/shown.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";

/** Ids that go around a text. */
export interface Around {
  before: readonly number[];
  after: readonly number[];
}

const NOTHING: Around = { before: [], after: [] };

/** A piece of a template. */
export type Piece =
  | { Sequence: { id: string; type_id: number } }
  | { SpecialToken: { id: string; type_id: number } };

/**
 * The ids that a `post_processor` puts around one text.
 *
 * @param idOf Id of a token that the template doesn't give one.
 * @throws {Error} If it does something else as well, or is of a kind unknown
 * here.
 */
export function aroundOf(
  part: TokenizerPart | null,
  idOf: (token: string) => number | undefined,
): Around {
  switch (part?.type) {
    case undefined:
    case "ByteLevel":
      return NOTHING;
    case "BertProcessing":
    case "RobertaProcessing":
      return {
        before: [idOfPair(part, "cls")],
        after: [idOfPair(part, "sep")],
      };
    case "TemplateProcessing":
      return template(part, idOf);
    case "Sequence": {
      const all = (part.processors as TokenizerPart[])
        .map((processor) => aroundOf(processor, idOf));
      const acting = all.filter(({ before, after }) =>
        before.length + after.length > 0
      );
      if (acting.length > 1) {
        throw new Error("its post_processor puts tokens around a text twice");
      }
      return acting[0] ?? NOTHING;
    }
    default:
      throw new Error(`Unknown PostProcessor type: ${part!.type}`);
  }
}

/** Id of the token that `cls` or `sep` names. */
export function idOfPair(part: TokenizerPart, field: "cls" | "sep"): number {
  const [, id] = (part[field] ?? []) as unknown[];
  if (Number.isSafeInteger(id) && (id as number) >= 0) return id as number;
  throw new Error(`${field} of ${part.type} must be a token and its id`);
}

function template(
  part: TokenizerPart,
  idOf: (token: string) => number | undefined,
): Around {
  const pieces = part.single as Piece[];
  const at = pieces.findIndex((piece) => "Sequence" in piece);
  const ids = (some: readonly Piece[]) =>
    some.flatMap((piece) => {
      if ("Sequence" in piece) {
        throw new Error(
          "its post_processor must have one text in its template",
        );
      }
      return idsOfToken(part, piece.SpecialToken.id, idOf);
    });
  if (
    at === -1 ||
    (pieces[at] as { Sequence: { id: string } }).Sequence.id !== "A"
  ) {
    throw new Error("its post_processor must have the text in its template");
  }
  return { before: ids(pieces.slice(0, at)), after: ids(pieces.slice(at + 1)) };
}

/** Ids of a template's token: those that it gives, else the vocabulary's. */
export function idsOfToken(
  part: TokenizerPart,
  id: string,
  idOf: (token: string) => number | undefined,
): number[] {
  const tokens = (part.special_tokens ?? {}) as Record<
    string,
    { ids?: number[] } | undefined
  >;
  const given = Object.hasOwn(tokens, id) ? tokens[id]?.ids : undefined;
  const own = given ?? [idOf(id)];
  if (own.includes(undefined as never)) {
    throw new Error(
      `its post_processor uses a token that it lacks: ${shown(id)}`,
    );
  }
  return own as number[];
}
