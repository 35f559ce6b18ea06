import { nativeHammingCall } from "../native_state.ts";

/**
 * Counts the bits in which queries differ from rows: of both, `words` 32-bit words
 * each, to counts of shape `[Q, P]`.
 */
export type CountBits = (
  queries: Uint32Array,
  rows: Uint32Array,
  words: number,
  out: Uint16Array,
) => void;

/**
 * Compiled search among bits, for `QuantisedIndex`.
 *
 * @returns What counts; nothing where kernels aren't compiled: the search can as well.
 *
 * @example Usage
 * ```ts
 * import { nativeHamming, useBackend } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * assert.equal(nativeHamming(), undefined);
 * ```
 */
export function nativeHamming(): CountBits | undefined {
  const call = nativeHammingCall();
  return call && ((queries, rows, words, out) =>
    call(
      queries as Uint32Array<ArrayBuffer>,
      rows as Uint32Array<ArrayBuffer>,
      out as Uint16Array<ArrayBuffer>,
      queries.length / words,
      rows.length / words,
      words,
    ));
}
