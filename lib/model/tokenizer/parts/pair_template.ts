import { shown } from "../../../base/shown.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";
import { idOfPair, idsOfToken, type Piece } from "./post_processor.ts";

/** A place in a pair of texts: one of the two, or tokens of the template. */
export interface PairPiece {
  /** Which text; absent: tokens. */
  text?: 0 | 1;
  /** The tokens. */
  ids: readonly number[];
  /** Token type of what stands there. */
  type: number;
}

/** A pair whose texts stand side by side, with nothing between. */
const BARE: PairPiece[] = [
  { text: 0, ids: [], type: 0 },
  { text: 1, ids: [], type: 0 },
];

/**
 * What a `post_processor` makes of a pair of texts.
 *
 * @param part The post-processor.
 * @param idOf Id of a token that the template doesn't give one.
 * @throws {Error} If it is of a kind unknown here, or has no template for pairs.
 */
export function pairTemplate(
  part: TokenizerPart | null,
  idOf: (token: string) => number | undefined,
): PairPiece[] {
  switch (part?.type) {
    case undefined:
    case "ByteLevel":
      return BARE;
    case "BertProcessing":
      return pieces(part, { between: 1, second: 1 });
    case "RobertaProcessing":
      return pieces(part, { between: 2, second: 0 });
    case "TemplateProcessing":
      return template(part, idOf);
    case "Sequence": {
      const all = (part.processors as TokenizerPart[])
        .map((processor) => pairTemplate(processor, idOf));
      return all.find((pieces) => pieces !== BARE) ?? BARE;
    }
    default:
      throw new Error(`Unknown PostProcessor type: ${part!.type}`);
  }
}

/** `[CLS] A [SEP] B [SEP]`, with one separator between the texts or two. */
function pieces(
  part: TokenizerPart,
  { between, second }: { between: number; second: number },
): PairPiece[] {
  const [cls, sep] = [idOfPair(part, "cls"), idOfPair(part, "sep")];
  return [
    { ids: [cls], type: 0 },
    { text: 0, ids: [], type: 0 },
    { ids: Array<number>(between).fill(sep), type: 0 },
    { text: 1, ids: [], type: second },
    { ids: [sep], type: second },
  ];
}

function template(
  part: TokenizerPart,
  idOf: (token: string) => number | undefined,
): PairPiece[] {
  const made = ((part.pair ?? []) as Piece[]).map((piece): PairPiece => {
    if ("SpecialToken" in piece) {
      const { id, type_id: type } = piece.SpecialToken;
      return { ids: idsOfToken(part, id, idOf), type };
    }
    const { id, type_id: type } = piece.Sequence;
    if (id !== "A" && id !== "B") {
      throw new Error(`its post_processor knows no text ${shown(id)}`);
    }
    return { text: id === "A" ? 0 : 1, ids: [], type };
  });
  const texts = made.flatMap(({ text }) => text ?? []);
  if (texts.toSorted().join() === "0,1") return made;
  throw new Error("its post_processor must have both texts in its pair");
}

/**
 * How much of each text of a pair is kept, where both are too long: of the longer one
 * as much as the shorter leaves room for, or of both the half (`longest_first`).
 *
 * @param lengths Tokens of the two texts.
 * @param room Tokens that both may have.
 */
export function cutPair(
  [a, b]: readonly [number, number],
  room: number,
): [number, number] {
  if (a + b <= room) return [a, b];
  const [short, long] = a <= b ? [a, b] : [b, a];
  let [kept, rest] = [
    short,
    short > room ? short : Math.max(short, room - short),
  ];
  if (kept + rest > room) {
    kept = Math.floor(room / 2);
    rest = kept + room % 2;
  }
  rest = Math.min(rest, long);
  return a <= b ? [kept, rest] : [rest, kept];
}
