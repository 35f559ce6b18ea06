import type { Tensor } from "./tensor_types.ts";

/** The operands that are present, and how to find what belongs to them. */
export function presentOf(operands: readonly (Tensor | undefined)[]): {
  /** Those that are present. */
  inputs: Tensor[];
  /** Of a list as long as `operands`, what belongs to these. */
  pick: <T>(values: readonly T[]) => T[];
} {
  return {
    inputs: operands.filter((tensor) => tensor !== undefined),
    pick: (values) => values.filter((_, i) => operands[i] !== undefined),
  };
}

/**
 * Which gradients a compiled kernel shall compute, bit i for `operands[i]`; those
 * that it shall not come back empty.
 *
 * @param operands What the kernel takes, also what is absent.
 * @param wanted For each that is present, whether its gradient is wanted.
 */
export function wantedBits(
  operands: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
): number {
  let next = 0;
  return operands.reduce(
    (bits, tensor, i) => tensor && wanted[next++] ? bits + 2 ** i : bits,
    0,
  );
}
