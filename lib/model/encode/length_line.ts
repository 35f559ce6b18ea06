import type { TextLimits } from "./text_limits.ts";

/** What a model takes, and what was asked for. */
export interface LengthReasons {
  /** Maximum tokens of the model; infinite for one that is made for these lengths. */
  maxLength: number;
  /** Whether the length of passages was left to the model. */
  open: boolean;
}

/** A sentence on the lengths that hold, for whoever reads what a command prints. */
export function lengthLine(
  { queryLength, passageLength }: TextLimits,
  { maxLength, open }: LengthReasons,
): string {
  const why = maxLength <= passageLength
    ? ", all that the model takes"
    : open && maxLength < Infinity
    ? `; the model takes ${maxLength}, by --passage-length ${maxLength}`
    : "";
  return `lengths: queries are cut at ${queryLength} tokens, passages at ${passageLength}${why}`;
}
