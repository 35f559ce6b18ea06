/**
 * A stretch of a text on its way to tokens.
 *
 * `lead` is for `Metaspace` with `prepend_scheme` "first", which asks whether a
 * stretch stands where the raw text begins: that many units at its start come
 * from the raw text's first character. It is 0 where nobody will ask.
 */
export interface Stretch {
  text: string;
  lead: number;
}

/** A stretch, or the id of an added token that was found in the text. */
export type Part = Stretch | number;

/** From one place of a stretch to another. */
export function cut(
  { text, lead }: Stretch,
  start: number,
  end: number,
): Stretch {
  return {
    text: text.slice(start, end),
    lead: Math.max(0, Math.min(lead, end) - start),
  };
}

/** A stretch with a text before it; what is put there counts as its start. */
export function prepend(before: string, { text, lead }: Stretch): Stretch {
  return {
    text: before + text,
    lead: lead === 0 ? 0 : lead + before.length,
  };
}
