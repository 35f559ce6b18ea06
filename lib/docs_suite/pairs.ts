import { type Declaration, paragraphs } from "./declarations.ts";
import { countWords, cutText, splitSentence } from "./prose.ts";
import { type Pair, QUERY_LIMIT } from "./recipe.ts";
import type { Sources } from "./sources.ts";

/** Declarations with what tells them from all others of the suite. */
export function keyed(
  source: string,
  declarations: readonly Declaration[],
): { key: string; d: Declaration }[] {
  return declarations.map((d) => ({
    key: `${source}:${[...d.container, d.name].join(".")}`,
    d,
  }));
}

/** What a declaration does, without its name; `undefined` if too little. */
export function description(d: Declaration): string | undefined {
  const first = paragraphs(d.doc, d.name)[0];
  if (first === undefined) return undefined;
  const [sentence] = splitSentence(first);
  const query = countWords(sentence) < 5 ? first : sentence;
  return countWords(query) < 5 ? undefined : cutText(query, QUERY_LIMIT);
}

/** A declaration as a passage, titled with what it is in. */
export function passage(d: Declaration): { title?: string; text: string } {
  const title = d.container.join(".");
  return title ? { title, text: d.signature } : { text: d.signature };
}

/** First sentences of documentation, with the declarations they are about. */
export function declarationPairs(
  source: string,
  declarations: readonly Declaration[],
): Pair[] {
  return keyed(source, declarations).flatMap(({ key, d }) => {
    const query = description(d);
    return query ? [{ key, query, ...passage(d) }] : [];
  });
}

/** One property for each description: that of the shortest definition name. */
export function describedOnce(properties: Sources["vega"]): Sources["vega"] {
  const best = new Map<string, Sources["vega"][number]>();
  for (const property of properties) {
    const other = best.get(property.description);
    if (!other || property.definition.length < other.definition.length) {
      best.set(property.description, property);
    }
  }
  return [...best.values()];
}
