import type { Tensor } from "../tensors/tensor_types.ts";

/** The inputs among `given` that are there, and how to find what belongs to them. */
export function givenOf(given: readonly (Tensor | undefined)[]): {
  /** Those that are there. */
  inputs: Tensor[];
  /** Of a list as long as `given`, what belongs to these. */
  pick: <T>(values: readonly T[]) => T[];
} {
  return {
    inputs: given.filter((tensor) => tensor !== undefined),
    pick: (values) => values.filter((_, i) => given[i] !== undefined),
  };
}

/**
 * Which gradients a compiled kernel shall compute, bit i for `given[i]`; those
 * that it shall not come back empty.
 *
 * @param given What the kernel takes, also what is absent.
 * @param wanted For each that is there, whether its gradient is wanted.
 */
export function wantedBits(
  given: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
): number {
  let next = 0;
  return given.reduce(
    (bits, tensor, i) => tensor && wanted[next++] ? bits + 2 ** i : bits,
    0,
  );
}
