import { own } from "../../base/own.ts";
import { isAboutName } from "./column_names.ts";
import type { UnusedColumn } from "./import_record.ts";

/** Most values that a column of labels has. */
const FEW = 10;
/** Longest label. */
const LONGEST = 40;

/** What the rows so far have in a column. */
interface Seen {
  filled: number;
  /** `undefined` when there are too many, or others than plain ones. */
  values: Set<string> | undefined;
}

/** Looks at the columns that aren't used: one may tell which rows match. */
export class ColumnWatch {
  readonly #seen: Map<string, Seen>;

  constructor(columns: readonly string[]) {
    this.#seen = new Map(
      columns.map((name) => [
        name,
        { filled: 0, values: new Set<string>() },
      ]),
    );
  }

  /** Takes in a row. */
  add(cells: Record<string, unknown>): void {
    for (const [name, seen] of this.#seen) {
      const cell = own(cells, name);
      if (cell === null || cell === undefined || cell === "") continue;
      seen.filled++;
      if (seen.values === undefined) continue;
      const value = plain(cell);
      if (value === undefined) seen.values = undefined;
      else {
        seen.values.add(value);
        if (seen.values.size > FEW) seen.values = undefined;
      }
    }
  }

  /** The columns, with what they hold. */
  columns(): UnusedColumn[] {
    return [...this.#seen].map(([column, { filled, values }]) => ({
      column,
      filled,
      ...values !== undefined && values.size > 0 &&
        { values: [...values].sort() },
    }));
  }

  /**
   * The first column that may hold judgments: two to ten different values, each of
   * which appears twice on average, under a name that speaks of nothing else.
   */
  perhapsLabel(): UnusedColumn | undefined {
    return this.columns().find(({ column, filled = 0, values = [] }) =>
      values.length >= 2 && 2 * values.length <= filled &&
      !isAboutName(column)
    );
  }
}

/** A short text, a number or a boolean, as a text. */
function plain(cell: unknown): string | undefined {
  if (typeof cell === "object" || typeof cell === "function") return undefined;
  const text = String(cell).trim();
  return text.length > LONGEST ? undefined : text;
}
