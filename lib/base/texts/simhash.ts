import { createHash } from "node:crypto";

/**
 * The SimHash of a text, as the reference computes it (spec section 17.1):
 * texts that share most of their windows of four characters get values that
 * differ in few bits. Case, blanks, punctuation and combining marks don't
 * count; a text without a letter or digit has the value of the empty one.
 *
 * @param text Any text.
 * @returns 64 bits.
 *
 * @example Usage
 * ```ts
 * import { hammingDistance, simhash } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const value = simhash("What is the capital of France?");
 * assert.equal(value, 0x075a23121b18c879n);
 * assert.equal(hammingDistance(value, simhash("what is the CAPITAL of france")), 0);
 * ```
 */
export function simhash(text: string): bigint {
  return simhasher()(text);
}

/**
 * {@linkcode simhash} for many texts: windows repeat, and an MD5 costs about
 * as much as fifty look-ups.
 *
 * @returns What gives a text's SimHash, and keeps those of windows.
 *
 * @example Usage
 * ```ts
 * import { simhash, simhasher } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const hashOf = simhasher();
 * assert.equal(hashOf("a text"), simhash("a text"));
 * ```
 */
export function simhasher(): (text: string) => bigint {
  const hashes = new Map<string, Hash>();
  const hashOf = (window: string): Hash => {
    let hash = hashes.get(window);
    if (hash === undefined) {
      if (hashes.size >= MOST_KEPT) hashes.clear();
      hash = windowHash(window);
      hashes.set(window, hash);
    }
    return hash;
  };
  return (text) => combine(text, hashOf);
}

function combine(text: string, hashOf: (window: string) => Hash): bigint {
  const windows = new Map<string, number>();
  const characters = [...letters(text)];
  const last = Math.max(0, characters.length - WINDOW);
  for (let i = 0; i <= last; i++) {
    const window = characters.slice(i, i + WINDOW).join("");
    windows.set(window, (windows.get(window) ?? 0) + 1);
  }
  const weights = new Float64Array(64); // of the windows with this bit set
  for (const [window, weight] of windows) {
    const { high, low } = hashOf(window);
    for (let bit = 0; bit < 32; bit++) {
      if (low >>> bit & 1) weights[bit]! += weight;
      if (high >>> bit & 1) weights[bit + 32]! += weight;
    }
  }
  const half = (last + 1) / 2;
  let value = 0n;
  // More than half, not half: the reference's threshold is strict.
  weights.forEach((weight, bit) => {
    if (weight > half) value |= 1n << BigInt(bit);
  });
  return value;
}

/**
 * In how many bits two values differ.
 *
 * @param a 64 bits.
 * @param b 64 bits.
 * @returns From 0 to 64.
 *
 * @example Usage
 * ```ts
 * import { hammingDistance } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.equal(hammingDistance(0b1100n, 0b1010n), 2);
 * ```
 */
export function hammingDistance(a: bigint, b: bigint): number {
  const bits = a ^ b;
  return ones(Number(bits & 0xffffffffn)) + ones(Number(bits >> 32n));
}

/** Code points of a window. */
const WINDOW = 4;

/**
 * Lower case first, then what Python's `\w` is but for `_`: a letter whose
 * small form has a combining mark (İ) leaves the mark behind.
 */
function letters(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

/** The last 8 bytes of the MD5, big-endian. */
interface Hash {
  high: number;
  low: number;
}

/** Windows whose hashes are kept: some 30 MB. */
const MOST_KEPT = 1 << 18;

function windowHash(window: string): Hash {
  const bytes = createHash("md5").update(window).digest();
  return { high: bytes.readUInt32BE(8), low: bytes.readUInt32BE(12) };
}

/** Number of bits set in 32. */
export function ones(bits: number): number {
  bits -= bits >>> 1 & 0x55555555;
  bits = (bits & 0x33333333) + (bits >>> 2 & 0x33333333);
  return Math.imul(bits + (bits >>> 4) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
