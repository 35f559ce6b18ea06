import { nearest } from "../../base/nearest_names.ts";
import {
  isLabelName,
  isNegativeName,
  NAMES,
  simplified,
} from "./column_names.ts";
import type { TakenColumns } from "./import_record.ts";
import type { Table } from "./table.ts";
import type { TableColumns } from "./table_options.ts";

/** Which column holds what; absent = none does. */
export type ChosenColumns = Omit<TakenColumns, "task">;

/** What a column can be named for. */
export const COLUMN_KEYS = [
  "query",
  "passage",
  "title",
  "negatives",
  "score",
  "split",
  "queryId",
  "passageId",
] as const satisfies (keyof ChosenColumns)[];

/** Decides which column holds what: what the user says, else what names say. */
export function chooseColumns(
  { source, columns, classes }: Pick<Table, "source" | "columns" | "classes">,
  asked: TableColumns,
  others: readonly (string | undefined)[] = [],
): ChosenColumns {
  const taken = new Set<string>();
  for (const name of [...COLUMN_KEYS.flatMap((key) => asked[key]), ...others]) {
    if (typeof name !== "string") continue;
    if (name === asked.score && isWithin(name, columns)) continue;
    checkColumn(source, columns, name);
    taken.add(name);
  }
  const guess = (key: keyof typeof NAMES) => {
    const found = guessColumn(key, columns.filter((c) => !taken.has(c)));
    if (found.length > 1) throw twoReadings(source, key, found);
    if (found[0] !== undefined) taken.add(found[0]);
    return found[0];
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
      : columns.filter((c) => isNegativeName(c) && !taken.has(c)),
    score: asked.score ?? undefined,
    support: columns.find((c) =>
      simplified(c) === "supportingfacts" && !taken.has(c)
    ),
  };
  const { score, passage } = chosen;
  if (score !== undefined && isWithin(score, columns)) {
    // A key of the passages, or nothing.
    if (!isWithin(score, [passage])) checkColumn(source, columns, score);
  }
  const perhaps = columns.find((c) =>
    isLabelName(c) && !taken.has(c) && !chosen.negatives.includes(c) &&
    !OF_PASSAGES.test(simplified(c))
  );
  if (asked.score === undefined && perhaps !== undefined) {
    throw mayBeLabel(source, perhaps, [
      ...classes?.get(perhaps)?.values() ?? [],
    ]);
  }
  return chosen;
}

/** Scores of each passage of a list, as of a teacher: no judgment of the row. */
const OF_PASSAGES =
  /^(hard|mined|bm25)?(pos|neg|positive|negative)[\p{L}\p{N}]*(score|label)s?$/u;

/** Whether a name is no column, but that of a key in a column: `passages.score`. */
function isWithin(name: string, columns: readonly string[]): boolean {
  return !columns.includes(name) &&
    columns.some((column) => name.startsWith(`${column}.`));
}

/** What to answer when a column may say which rows match. */
export function mayBeLabel(
  source: string,
  column: string,
  values: readonly string[] = [],
): RangeError {
  const words = values.filter((value) =>
    !/^([+-]?\d+|true|false)$/i.test(value)
  );
  const flag = shellWord(column);
  return new RangeError(
    `Cannot make a task of ${source}: column ${JSON.stringify(column)}${
      values.length > 0 ? ` (${values.map(shellWord).join(", ")})` : ""
    } may tell which rows match; say score: ${
      JSON.stringify(column)
    }, or score: null if every row is a match (--score ${flag}, --score none)${
      words.length > 0
        ? `; words get grades by mapLabels (--map-labels ${
          shellWord(`${words[0]}=1`)
        })`
        : ""
    }`,
  );
}

/** Columns that may hold what is wanted: the best, or several that are as good. */
function guessColumn(
  key: keyof typeof NAMES,
  columns: readonly string[],
): string[] {
  for (const group of NAMES[key] as readonly (readonly string[])[]) {
    const found = columns.filter((c) => group.includes(simplified(c)));
    if (found.length > 0) return found;
  }
  return [];
}

function twoReadings(
  source: string,
  key: keyof typeof NAMES,
  found: readonly string[],
): RangeError {
  const flag = key.replace("Id", "-id");
  return new RangeError(
    `Cannot make a task of ${source}: columns ${
      listNames(found)
    } may all hold the ${WORDS[key]}; name one with ${key} (--${flag} ${
      found.map(shellWord).join(` or --${flag} `)
    }${["query", "passage"].includes(key) ? "" : ` or --${flag} none`})`,
  );
}

/** What a column holds, in words. */
const WORDS: Record<keyof typeof NAMES, string> = {
  query: "queries",
  passage: "passages",
  title: "titles",
  split: "splits",
  queryId: "query ids",
  passageId: "passage ids",
};

/** A text as one writes it behind a flag. */
export function shellWord(text: string): string {
  return /^[\w.,=-]+$/.test(text) ? text : JSON.stringify(text);
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

/** Names between quotes, at most twenty of them. */
function listNames(columns: readonly string[]): string {
  if (columns.length === 0) return "none";
  const shown = columns.slice(0, 20).map((name) => JSON.stringify(name));
  const more = columns.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
