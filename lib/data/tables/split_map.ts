import type { SplitName } from "../types.ts";
import { splitOf } from "./split_name.ts";

/** What becomes of the rows of a split: a split of the task, or they are left out. */
export type SplitTarget = SplitName | "none";

/** Says which split of the task a split of the data is. */
export class SplitMap {
  readonly #asked: ReadonlyMap<string, SplitTarget>;
  readonly #met = new Set<string>();

  /** @param asked What the user says: `name=split`. */
  constructor(asked: readonly string[] = []) {
    this.#asked = new Map(
      asked.map((text) => {
        const at = text.lastIndexOf("=");
        const target = text.slice(at + 1) as SplitTarget;
        return [text.slice(0, at), target] as const;
      }),
    );
  }

  /** The split that a name stands for; `undefined` if nobody says. */
  target(name: string): SplitTarget | undefined {
    this.#met.add(name);
    return this.#asked.get(name) ?? splitOf(name);
  }

  /** Throws if the user speaks of a split that isn't there. */
  checkMet(source: string): void {
    const stray = [...this.#asked.keys()].find((name) => !this.#met.has(name));
    if (stray === undefined) return;
    throw new RangeError(
      `Cannot make a task of ${source}: mapSplits (--map-splits) names split ${
        JSON.stringify(stray)
      }, which no row has: splits are ${
        [...this.#met].map((name) => JSON.stringify(name)).join(", ") || "none"
      }`,
    );
  }
}
