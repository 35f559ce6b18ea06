import { normaliseText } from "../base/texts/normalise_text.ts";

const TAG = /<\/?(?:a|b|br|code|em|i|li|ol|p|pre|strong|ul)\b[^>]*>/gi;

/**
 * Markdown of a documentation comment as plain text in one line.
 *
 * @param markdown The text.
 * @param name A name to take out, so that the text can't be matched to its
 * declaration by the name alone: wherever it is marked as code, called, or
 * unlike a plain word (`readFile`). The word "aspect" in running text stays.
 */
export function plainText(markdown: string, name?: string): string {
  const rendered = markdown
    .replace(/\{@(?:link|linkcode|linkplain|code)\s+([^}]*)\}/g, linkText)
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1");
  const masked = name === undefined ? rendered : withoutName(rendered, name);
  return masked
    // Outside code marks a tag is markup, inside it is what is spoken of.
    .split("`").map((part, i) => i % 2 ? part : part.replace(TAG, " ")).join("")
    .replace(/\*\*|__(?=\S)|(?<=\S)__/g, "")
    .replace(/^\s*(?:[-*]|#+|>)\s+/gm, "")
    .replace(/\s+([.,;:])/g, "$1")
    .replace(/\s+/g, " ")
    .replace(/^[\s.,;:–-]+/, "")
    .trim();
}

function withoutName(markdown: string, name: string): string {
  if (!markdown.includes(name)) return markdown; // No form could match.
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const call = "\\([^()`]*\\)";
  const path = `(?:[\\w$]+\\.)*${escaped}`;
  const forms = [
    "`+" + `${path}(?:${call})?` + "`+",
    `(?<![\\w$.])${path}${call}`,
  ];
  if (!/^\p{L}\p{Ll}*$/u.test(name)) {
    forms.push(`(?<![\\w$.])${path}(?![\\w$])`);
  }
  return markdown.replace(
    new RegExp(`(?:\\*\\*|__)?(?:${forms.join("|")})(?:\\*\\*|__)?`, "g"),
    " ",
  );
}

function linkText(_: string, inside: string): string {
  const [, target, label] =
    /^(\S+?)(?:\s*\|\s*|\s+|$)(.*)$/s.exec(inside.trim()) ??
      [, inside, ""];
  return label || target!;
}

/** First sentence of a plain text, and the rest. */
export function splitSentence(text: string): [first: string, rest: string] {
  // A full stop ends a sentence if a space and a capital follow.
  const end = /[.!?](?=\s+["'(]?\p{Lu})/u.exec(
    text.replace(/\b(e\.g|i\.e|etc|vs|cf)\./g, (m) => m.replaceAll(".", "·")),
  );
  return end
    ? [text.slice(0, end.index + 1), text.slice(end.index + 1).trim()]
    : [text, ""];
}

/** The text, cut at a space if it is longer than the limit. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cut = text.lastIndexOf(" ", limit);
  return text.slice(0, cut > limit / 2 ? cut : limit).trimEnd();
}

/** Number of words. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** The words of an identifier: `axisLabelAngle` → `axis label angle`. */
export function identifierWords(name: string): string {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, "$1 $2")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .toLowerCase();
}

/** Words that two texts have in common, as a share of the words of both. */
export function sharedWords(a: string, b: string): number {
  const words = (text: string) => new Set(normaliseText(text).split(" "));
  const x = words(a), y = words(b);
  return x.intersection(y).size / x.union(y).size;
}
