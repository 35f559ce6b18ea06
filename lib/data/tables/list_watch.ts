import { own } from "../../base/own.ts";

/** A list of texts as Python or JSON writes it. */
const LIST = /^\s*\[\s*(?:u?'.*'|".*")\s*,?\s*\]\s*$/s;

/** Looks whether a column of texts holds lists that were written as texts. */
export class ListWatch {
  /** Column → the first list; `undefined`: none, or texts beside it. */
  readonly #seen: Map<string, string | undefined>;

  constructor(columns: readonly string[]) {
    this.#seen = new Map(columns.map((name) => [name, undefined]));
  }

  /** Takes in a row. */
  add(cells: Record<string, unknown>): void {
    for (const [name, first] of this.#seen) {
      const cell = own(cells, name);
      if (cell === null || cell === undefined || cell === "") continue;
      if (typeof cell !== "string" || !LIST.test(cell)) this.#seen.delete(name);
      else if (first === undefined) this.#seen.set(name, cell);
    }
  }

  /** Throws if all texts of a column are lists. */
  check(source: string): void {
    const found = [...this.#seen].find(([, first]) => first !== undefined);
    if (!found) return;
    const [name, first] = found;
    throw new RangeError(
      `Cannot make a task of ${source}: column ${
        JSON.stringify(name)
      } holds lists that are written as texts (${
        first!.length > 60 ? `${first!.slice(0, 57)}...` : first
      }); save the table as JSON lines or parquet, where lists are lists`,
    );
  }
}
