import type { ClassNames } from "./class_names.ts";
import { gradeOf } from "./cells.ts";

/** Says which grade a label is. */
export class LabelMap {
  readonly #grades: ReadonlyMap<string, number | "none">;
  readonly #met = new Set<string>();
  readonly #names: ClassNames;

  /**
   * @param asked What the user says: `label=grade`, or `label=none`.
   * @param names Names of the classes, where labels are their numbers.
   */
  constructor(asked: readonly string[] = [], names: ClassNames = new Map()) {
    this.#names = names;
    this.#grades = new Map(
      asked.map((text) => {
        const at = text.lastIndexOf("=");
        const grade = text.slice(at + 1);
        return [
          text.slice(0, at),
          grade === "none" ? grade : Number(grade),
        ] as const;
      }),
    );
  }

  /** The grade of a cell; `"none"` if its row is to be left out. */
  grade(
    cell: unknown,
    place: { where: string; column: string; minScore: number | undefined },
  ): number | "none" {
    if (this.#grades.size === 0) return gradeOf(cell, place);
    const label = typeof cell === "string" ? cell.trim() : String(cell);
    const name = this.#names.get(label);
    const key = this.#grades.has(label) ? label : name ?? label;
    const grade = this.#grades.get(key);
    if (grade !== undefined) {
      this.#met.add(key);
      return grade;
    }
    throw new SyntaxError(
      `${place.where}: Cannot use the row: column ${
        JSON.stringify(place.column)
      } must hold a label that mapLabels (--map-labels) names: got ${
        JSON.stringify(label)
      }${name === undefined ? "" : ` (${name})`}; add ${
        JSON.stringify(`${key}=…`)
      } with its grade, or none to leave such rows out`,
    );
  }

  /** Throws if the user speaks of a label that isn't there. */
  checkMet(source: string): void {
    const stray = [...this.#grades.keys()].find((name) => !this.#met.has(name));
    if (stray === undefined) return;
    throw new RangeError(
      `Cannot make a task of ${source}: mapLabels (--map-labels) names label ${
        JSON.stringify(stray)
      }, which no row has: labels are ${
        [...this.#met].map((name) => JSON.stringify(name)).join(", ") || "none"
      }`,
    );
  }
}
