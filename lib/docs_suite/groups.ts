import { compareCodePoints } from "../base/compare_code_points.ts";

/**
 * Puts things that share a key into one group, and so do the things that these
 * share another key with (union–find).
 */
export class Groups {
  #parent = new Map<string, string>();

  /** Notes that these keys belong together. */
  join(keys: readonly string[]): void {
    const root = this.#root(keys[0]!);
    for (const key of keys) this.#parent.set(this.#root(key), root);
  }

  /** For each key the name of its group: the first of its keys. */
  names(): Map<string, string> {
    const first = new Map<string, string>();
    for (const key of this.#parent.keys()) {
      const root = this.#root(key);
      const best = first.get(root);
      if (best === undefined || compareCodePoints(key, best) < 0) {
        first.set(root, key);
      }
    }
    const names = new Map<string, string>();
    for (const key of this.#parent.keys()) {
      names.set(key, first.get(this.#root(key))!);
    }
    return names;
  }

  #root(key: string): string {
    let root = key;
    for (
      let up = this.#parent.get(root) ?? root;
      up !== root;
      up = this.#parent.get(root) ?? root
    ) root = up;
    // Shortens the way for the next time.
    for (let at = key; at !== root;) {
      const up = this.#parent.get(at) ?? root;
      this.#parent.set(at, root);
      at = up;
    }
    this.#parent.set(root, root);
    return root;
  }
}
