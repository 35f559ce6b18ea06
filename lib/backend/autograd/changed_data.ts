import type { Variable } from "../tensors/tensor_types.ts";

/** How often numbers were changed where they lie, by what holds them. */
const changes = new WeakMap<object, number>();

/** Notes that a variable's numbers were changed where they lie. */
export function noteChange({ dataId }: Variable): void {
  changes.set(dataId, (changes.get(dataId) ?? 0) + 1);
}

/** What the numbers of a variable are: another object or count where they changed. */
export interface DataVersion {
  /** What holds them. */
  data: object;
  /** How often they were changed there. */
  count: number;
}

/**
 * Tells whether a variable's numbers are still those of before, without looking at
 * them: updates, assignments and copies are seen.
 *
 * @param variable The variable.
 */
export function dataVersion({ dataId }: Variable): DataVersion {
  return { data: dataId, count: changes.get(dataId) ?? 0 };
}
