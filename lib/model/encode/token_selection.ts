import type { Tensor2D } from "../../backend/mod.ts";
import {
  embedding,
  type Sequences,
  type Tape,
} from "../../backend/kernels/mod.ts";

/** Which token of each text is wanted, where one alone is. */
export type TokenPosition = "first" | "last";

/** One token of each text that has any. */
export interface SelectedTokens {
  /** Its row among the tokens, shape `[W]`, rising. */
  rows: Int32Array;
  /** Where these tokens lie when they alone are left: one a text, or none. */
  sequences: Sequences;
}

/** The first or the last token of each text. */
export function selectTokens(
  { offsets }: Sequences,
  position: TokenPosition,
): SelectedTokens {
  const left = new Int32Array(offsets.length);
  const rows: number[] = [];
  for (let i = 1; i < offsets.length; i++) {
    const [from, to] = [offsets[i - 1]!, offsets[i]!];
    if (from < to) rows.push(position === "first" ? from : to - 1);
    left[i] = rows.length;
  }
  return { rows: Int32Array.from(rows), sequences: { offsets: left } };
}

/** The selected rows `[W, D]` of the hidden states of all tokens. */
export function gatherTokens(
  x: Tensor2D,
  { rows }: SelectedTokens,
  tape: Tape | undefined,
): Tensor2D {
  return embedding(x, rows, { tape });
}
