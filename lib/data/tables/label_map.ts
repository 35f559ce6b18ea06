import { gradeOf } from "./cells.ts";

/** Says which grade a label is. */
export class LabelMap {
  readonly #grades: ReadonlyMap<string, number | "none">;
  readonly #met = new Set<string>();

  /** @param asked What the user says: `label=grade`, or `label=none`. */
  constructor(asked: readonly string[] = []) {
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
    const grade = this.#grades.get(label);
    if (grade !== undefined) {
      this.#met.add(label);
      return grade;
    }
    throw new SyntaxError(
      `${place.where}: Cannot use the row: column ${
        JSON.stringify(place.column)
      } must hold a label that mapLabels (--map-labels) names: got ${
        JSON.stringify(label)
      }; add ${
        JSON.stringify(`${label}=…`)
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
