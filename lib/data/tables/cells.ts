import {
  nestedFlag,
  nestedItems,
  nestedText,
  unevenList,
} from "./nested_passages.ts";
/** A passage as a cell gives it. */
export interface CellPassage {
  id?: string;
  title?: string;
  text: string;
  /** Whether the cell itself says that it answers, or that it doesn't. */
  selected?: boolean;
  /** The object that it comes from. */
  object?: Record<string, unknown>;
}

/** The text of a cell; `undefined` if there is none. */
export function textOf(
  cell: unknown,
  where: string,
  column: string,
): string | undefined {
  if (cell === null || cell === undefined) return undefined;
  if (typeof cell === "number" || typeof cell === "bigint") return `${cell}`;
  if (typeof cell !== "string") {
    throw wrong(cell, { where, column, wanted: "a text" });
  }
  const text = cell.trim();
  if (!text.isWellFormed()) {
    const wanted = "a text without lone surrogates";
    throw wrong(cell, { where, column, wanted });
  }
  return text === "" ? undefined : text;
}

/** Keys of an id in an object that is a passage: BEIR's, Tevatron's, DPR's. */
const IDS = ["_id", "docid", "doc_id", "passage_id", "psg_id", "pid"];

/**
 * The passages of a cell: a text, an object with `text`, or several of them, as lists
 * of objects or objects of lists have them.
 */
export function passagesOf(
  cell: unknown,
  where: string,
  column: string,
): CellPassage[] {
  if (typeof cell !== "object" || cell === null) {
    const text = textOf(cell, where, column);
    return text === undefined ? [] : [{ text }];
  }
  const uneven = unevenList(cell);
  const items = nestedItems(cell);
  if (items) {
    if (uneven !== undefined) {
      const wanted = `lists that are as long as that of the texts, as ${
        JSON.stringify(uneven)
      } isn't`;
      throw wrong(cell, { where, column, wanted });
    }
    return items.flatMap((item) => passagesOf(item, where, column));
  }
  const object = cell as Record<string, unknown>;
  const found = nestedText(object);
  const flag = nestedFlag(object);
  const id = IDS.map((name) => object[name]).find((value) => value != null);
  if (found === undefined) {
    const wanted = "a text or an object with text";
    throw wrong(cell, { where, column, wanted });
  }
  const text = textOf(found.value, where, `${column}.${found.key}`);
  if (text === undefined) return [];
  const title = textOf(object.title, where, `${column}.title`);
  const key = textOf(id, where, `${column}.docid`);
  const passage: CellPassage = { id: key, title, text, object };
  if (flag === undefined || flag.value == null) return [passage];
  const place = { where, column: `${column}.${flag.key}`, minScore: undefined };
  return [{ ...passage, selected: gradeOf(flag.value, place) > 0 }];
}

/** The grade that a cell gives: an integer, yes or no, or a score and its bound. */
export function gradeOf(
  cell: unknown,
  { where, column, minScore }: {
    where: string;
    column: string;
    minScore: number | undefined;
  },
): number {
  const word = typeof cell === "string" ? cell.trim().toLowerCase() : cell;
  if (word === true || word === "true" || word === "yes") return 1;
  if (word === false || word === "false" || word === "no") return 0;
  const score = typeof word === "number" || typeof word === "bigint" ||
      (typeof word === "string" && word !== "")
    ? Number(word)
    : NaN;
  if (!Number.isFinite(score)) {
    const wanted =
      "a grade, a score, true or false, unless mapLabels (--map-labels) gives labels grades";
    throw wrong(cell, { where, column, wanted });
  }
  if (minScore !== undefined) return score >= minScore ? 1 : 0;
  if ((score | 0) === score) return score;
  throw wrong(cell, {
    where,
    column,
    wanted:
      "an integer unless minScore (--min-score) says which scores match, or mapLabels (--map-labels) gives grades",
  });
}

function wrong(
  cell: unknown,
  { where, column, wanted }: { where: string; column: string; wanted: string },
): SyntaxError {
  const text = JSON.stringify(
    cell,
    (_, value) => typeof value === "bigint" ? `${value}` : value,
  ) ?? String(cell);
  return new SyntaxError(
    `${where}: Cannot use the row: column ${
      JSON.stringify(column)
    } must hold ${wanted}: got ${
      text.length > 60 ? `${text.slice(0, 57)}...` : text
    }`,
  );
}
