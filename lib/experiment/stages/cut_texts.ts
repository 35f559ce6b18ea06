import { passageText, queryText, type Suite } from "../../data/mod.ts";
import type { Encoder } from "../../model/mod.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import { lengthLine, type LengthReasons } from "../../model/mod.ts";

/** Lengths that held, and what they cut: `lengths` in a record. */
export interface TextLengths {
  /** Maximum tokens of a query. */
  query: number;
  /** Maximum tokens of a passage. */
  passage: number;
  /** By task name, the shares of its queries and of its passages that were longer. */
  cut: Record<string, BothSides>;
  /** By task name, the mean tokens of its queries and passages, after the cut. */
  tokens: Record<string, BothSides>;
}

/** A number for a task's queries, and one for its passages. */
export interface BothSides {
  /** Of the queries. */
  queries: number;
  /** Of the passages. */
  passages: number;
}

/** Texts of a side of a task that are looked at, evenly spaced. */
export const MOST_TEXTS = 1000;

/**
 * Counts the texts that are longer than the lengths of a run let in.
 *
 * @param encoder Whose tokenizer, and whose own limit.
 * @param suite The tasks.
 * @param options Lengths and prompts.
 */
export function cutTexts(
  { tokenizer, maxLength }: Pick<Encoder, "tokenizer" | "maxLength">,
  suite: Suite,
  { queryLength, passageLength, prompts }: Pick<
    SettledOptions,
    "queryLength" | "passageLength" | "prompts"
  >,
): TextLengths {
  const query = Math.min(queryLength, maxLength);
  const passage = Math.min(passageLength, maxLength);
  const count = (texts: string[], limit: number) => {
    const lengths = tokenizer.encode(texts).ids.map(({ length }) => length);
    const sum = lengths.reduce((sum, n) => sum + Math.min(n, limit), 0);
    const longer = lengths.filter((length) => length > limit).length;
    const most = Math.max(1, lengths.length);
    return { cut: longer / most, tokens: sum / most };
  };
  const counted = suite.tasks.map((task) => {
    const prompt = prompts === "task" ? task.prompt : "";
    const queries = spaced(task.queries).map(({ text }) =>
      queryText(prompt, text)
    );
    const passages = spaced(task.corpus).map((each) => passageText(each));
    return {
      name: task.name,
      queries: count(queries, query),
      passages: count(passages, passage),
    };
  });
  const byTask = (of: "cut" | "tokens") =>
    Object.fromEntries(
      counted.map(({ name, queries, passages }) => [name, {
        queries: queries[of],
        passages: passages[of],
      }]),
    );
  return { query, passage, cut: byTask("cut"), tokens: byTask("tokens") };
}

/** At most so many values, evenly spaced. */
function spaced<T>(map: ReadonlyMap<string, T>): T[] {
  const step = Math.max(1, map.size / MOST_TEXTS);
  const values: T[] = [];
  let i = 0;
  for (const value of map.values()) {
    if (i++ >= values.length * step) values.push(value);
  }
  return values;
}

/** Sentences on the lengths and on what they cut. */
export function lengthLines(
  { query, passage, cut }: Omit<TextLengths, "tokens">,
  reasons: LengthReasons,
): [string, string] {
  const limits = { queryLength: query, passageLength: passage };
  return [lengthLine(limits, reasons), cutSentence(cut)];
}

/** Tasks that a sentence names. */
const NAMED = 5;

function cutSentence(cut: TextLengths["cut"]): string {
  const most = ({ queries, passages }: TextLengths["cut"][string]) =>
    Math.max(queries, passages);
  const tasks = Object.entries(cut).filter(([, shares]) => most(shares) > 0)
    .sort(([, a], [, b]) => most(b) - most(a));
  if (tasks.length === 0) return "cut: none";
  const named = tasks.slice(0, NAMED).map(([task, { queries, passages }]) =>
    `${task} ${
      [
        queries > 0 ? `${percent(queries)} of the queries` : "",
        passages > 0 ? `${percent(passages)} of the passages` : "",
      ].filter((part) => part !== "").join(" and ")
    }`
  );
  const more = tasks.length - named.length;
  return `cut: ${named.join(", ")}${
    more > 0 ? `, and less in ${more} more task${more > 1 ? "s" : ""}` : ""
  }`;
}

/** Of a share that isn't 0. */
function percent(share: number): string {
  return share < 0.01 ? "under 1 %" : `${Math.round(100 * share)} %`;
}
