import { escapeHtml } from "../escape.ts";

/** A term that a page explains where it stands. */
export interface ReportTerm {
  /** The term. */
  term: string;
  /** What it means, in a sentence or two. */
  meaning: string;
  /** Other words that it goes by, e.g. its plural. */
  forms?: readonly string[];
}

/**
 * The terms that a text uses, in the order given. Of a term within another, such
 * as `loss` in `excess loss`, the longer one counts.
 */
export function termsIn(
  text: string,
  terms: readonly ReportTerm[],
): ReportTerm[] {
  const forms = terms.flatMap((term) =>
    [term.term, ...term.forms ?? []].map((form) => ({ form, term }))
  ).sort((a, b) => b.form.length - a.form.length);
  const used = new Set<ReportTerm>();
  let rest = text;
  for (const { form, term } of forms) {
    const without = rest.replace(wholeWord(form), "\n");
    if (without !== rest) used.add(term);
    rest = without;
  }
  return terms.filter((term) => used.has(term));
}

function wholeWord(form: string): RegExp {
  const exact = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const part = "[\\p{L}\\p{N}_@/-]";
  // A letter alone, such as p, isn't the same in capitals.
  const flags = form.length < 3 ? "gu" : "giu";
  return new RegExp(`(?<!${part})${exact}(?!${part})`, flags);
}

/** The terms of a text, to be unfolded; nothing if it has none. */
export function termsOf(text: string, terms: readonly ReportTerm[]): string {
  const found = termsIn(text, terms);
  if (found.length === 0) return "";
  const names = found.map(({ term }) => escapeHtml(term)).join(", ");
  const entries = found.map(({ term, meaning }) =>
    `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(meaning)}</dd>`
  );
  return `<details class="terms">
<summary>Terms: ${names}</summary>
<dl>
${entries.join("\n")}
</dl>
</details>
`;
}
