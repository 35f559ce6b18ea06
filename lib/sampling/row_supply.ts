/**
 * When sampling ends, besides by count (spec section 7): `"all-exhausted"` once
 * every task gave each of its rows at least once, `"first-exhausted"` once any
 * task did. Checked before each row, so a run can end inside a batch.
 */
export type StopRule = "never" | "all-exhausted" | "first-exhausted";

/** Where each task's rows stand; changed in place by {@linkcode takeRow}. */
export interface RowSupply {
  /** Next row of each task in its order, shape `[K]`. */
  next: number[];
  /** Whether each task was used up at least once, shape `[K]`. */
  done: boolean[];
  /** Rows drawn from each task so far, shape `[K]`. */
  drawn: number[];
}

/** A supply from which nothing was taken. */
export function freshSupply(domains: number): RowSupply {
  return {
    next: new Array<number>(domains).fill(0),
    done: new Array<boolean>(domains).fill(false),
    drawn: new Array<number>(domains).fill(0),
  };
}

/** Whether the rule ends sampling before the next row. */
export function isOver(supply: RowSupply, stop: StopRule): boolean {
  if (stop === "never") return false;
  return stop === "all-exhausted"
    ? supply.done.every((done) => done)
    : supply.done.some((done) => done);
}

/** Takes the next row of a task; after its last row a task starts over. */
export function takeRow(
  supply: RowSupply,
  sizes: readonly number[],
  domain: number,
): number {
  const row = supply.next[domain]!;
  supply.drawn[domain]! += 1;
  supply.next[domain] = row + 1;
  if (row + 1 === sizes[domain]) {
    supply.done[domain] = true;
    supply.next[domain] = 0;
  }
  return row;
}
