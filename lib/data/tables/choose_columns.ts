import { nearest } from "../../base/nearest_names.ts";
import type { TableColumns } from "./table_options.ts";

/** Which column holds what; absent = none does. */
export interface ChosenColumns {
  query: string;
  passage: string;
  title?: string;
  negatives: string[];
  score?: string;
  split?: string;
  queryId?: string;
  passageId?: string;
}

/** What columns are called in data sets, in lower case without `_`; best first. */
const NAMES = {
  query: [
    "query",
    "question",
    "anchor",
    "queries",
    "questions",
    "querytext",
    "searchquery",
    "sentence1",
    "text1",
    "claim",
    "q",
  ],
  passage: [
    "passage",
    "answer",
    "positive",
    "document",
    "pos",
    "doc",
    "positivepassages",
    "positives",
    "passages",
    "answers",
    "documents",
    "passagetext",
    "documenttext",
    "context",
    "response",
    "sentence2",
    "text2",
    "text",
    "content",
    "body",
    "a",
  ],
  title: ["title", "passagetitle", "doctitle", "documenttitle"],
  split: ["split", "subset", "partition"],
  queryId: ["queryid", "qid", "questionid"],
  passageId: [
    "passageid",
    "pid",
    "docid",
    "documentid",
    "corpusid",
    "answerid",
  ],
} as const;

/** What a column can be named for. */
const KEYS = [
  "query",
  "passage",
  "title",
  "negatives",
  "score",
  "split",
  "queryId",
  "passageId",
] as const;

const NEGATIVE = /^(hard)?neg(ative)?s?(passages?|docs?|documents?)?s?\d*$/;

/** Columns that may tell matches from misses. */
const SCORE =
  /^(score|label|labels|relevance|grade|similarity|similarityscore|isduplicate|gold|qrel|rating)$/;

/** Decides which column holds what: what the user says, else what names say. */
export function chooseColumns(
  source: string,
  columns: readonly string[],
  asked: TableColumns,
  others: readonly (string | undefined)[] = [],
): ChosenColumns {
  const taken = new Set<string>();
  for (const name of [...KEYS.flatMap((key) => asked[key]), ...others]) {
    if (typeof name !== "string") continue;
    checkColumn(source, columns, name);
    taken.add(name);
  }
  const guess = (key: keyof typeof NAMES) => {
    for (const name of NAMES[key]) {
      const found = columns.find((c) =>
        simplified(c) === name && !taken.has(c)
      );
      if (found === undefined) continue;
      taken.add(found);
      return found;
    }
  };
  const need = (key: "query" | "passage") => {
    const found = asked[key] ?? guess(key);
    if (found !== undefined) return found;
    throw new RangeError(
      `Cannot make a task of ${source}: no column is called like a ${key}; name one with ${key} (--${key}): the columns are ${
        listNames(columns)
      }`,
    );
  };
  const maybe = (key: "title" | "split" | "queryId" | "passageId") =>
    asked[key] === null ? undefined : asked[key] ?? guess(key);
  const chosen: ChosenColumns = {
    query: need("query"),
    passage: need("passage"),
    title: maybe("title"),
    split: maybe("split"),
    queryId: maybe("queryId"),
    passageId: maybe("passageId"),
    negatives: asked.negatives === null
      ? []
      : asked.negatives !== undefined
      ? [asked.negatives].flat()
      : columns.filter((c) => NEGATIVE.test(simplified(c)) && !taken.has(c)),
    score: asked.score ?? undefined,
  };
  const perhaps = columns.find((c) =>
    SCORE.test(simplified(c)) && !taken.has(c)
  );
  if (asked.score === undefined && perhaps !== undefined) {
    throw new RangeError(
      `Cannot make a task of ${source}: column ${
        JSON.stringify(perhaps)
      } may tell which rows match; say score: ${
        JSON.stringify(perhaps)
      }, or score: null if every row is a match (--score ${perhaps}, --score none)`,
    );
  }
  return chosen;
}

/** Throws if a table lacks a column, with the nearest name. */
export function checkColumn(
  source: string,
  columns: readonly string[],
  name: string,
): void {
  if (columns.includes(name)) return;
  throw new RangeError(
    `Cannot find column ${JSON.stringify(name)} in ${source}: ${
      columns.length === 0
        ? "it has no rows"
        : `the nearest is ${JSON.stringify(nearest(name, columns, 1)[0])} of ${
          listNames(columns)
        }`
    }`,
  );
}

function simplified(column: string): string {
  return column.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Names between quotes, at most twenty of them. */
function listNames(columns: readonly string[]): string {
  if (columns.length === 0) return "none";
  const shown = columns.slice(0, 20).map((name) => JSON.stringify(name));
  const more = columns.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
