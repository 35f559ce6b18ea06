import type { LossObservation } from "../update/measure_losses.ts";

/** The losses of a micro-batch as a log keeps them; plain JSON. */
export interface PackedLosses {
  /** Proxy loss of each example, shape `[B]`. */
  losses: number[];
  /** Reference loss of each example, shape `[B]`; `null` without a reference. */
  references: number[] | null;
  /** Domain id of each example, shape `[B]`. */
  domains: number[];
}

/**
 * Writes float32 losses with as few digits as give them back: about half of
 * what JSON takes otherwise. {@linkcode unpackLosses} restores every bit.
 *
 * @param observation Losses of a micro-batch, all of them float32 values, as a
 * model gives them; others are rounded to float32.
 * @returns Short numbers.
 *
 * @example Usage
 * ```ts
 * import { packLosses, unpackLosses } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const losses = new Float32Array([0.1]); // 0.10000000149011612
 * const packed = packLosses({ losses, domains: [0] });
 * assert.equal(JSON.stringify(packed.losses), "[0.1]");
 * assert.equal(unpackLosses(packed).losses[0], losses[0]);
 * ```
 */
export function packLosses(observation: LossObservation): PackedLosses {
  const { losses, referenceLosses, domains } = observation;
  return {
    losses: Array.from(losses, shortest),
    references: referenceLosses ? Array.from(referenceLosses, shortest) : null,
    domains: Array.from(domains),
  };
}

/**
 * Gives back what {@linkcode packLosses} packed.
 *
 * @param packed Short numbers.
 * @returns The losses, bit for bit.
 *
 * @example Usage
 * ```ts
 * import { unpackLosses } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const { losses } = unpackLosses({ losses: [0.1], references: null, domains: [0] });
 * assert.equal(losses[0], Math.fround(0.1));
 * ```
 */
export function unpackLosses(packed: PackedLosses): LossObservation {
  return {
    losses: packed.losses.map(Math.fround),
    referenceLosses: packed.references?.map(Math.fround) ?? null,
    domains: packed.domains,
  };
}

/** The shortest decimal that rounds to the same float32; 9 digits always do. */
function shortest(value: number): number {
  const wanted = Math.fround(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(wanted.toPrecision(digits));
    if (Math.fround(short) === wanted) return short;
  }
  return Number(wanted.toPrecision(9));
}
