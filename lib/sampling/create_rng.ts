import { murmur3 } from "./murmur3.ts";
import type { Rng, RngState } from "./types.ts";

/**
 * Makes a seeded generator. One seed serves a whole run: each use names its
 * purpose and gets a stream of its own, so that drawing more often for one
 * purpose doesn't shift the draws of another.
 *
 * The generator is xoshiro128** 1.1 (Blackman and Vigna, period 2^128 − 1),
 * its state the MurmurHash3 of seed and purpose. All arithmetic is on 32-bit
 * integers, so the draws are the same on every platform.
 *
 * @param seed Any safe integer.
 * @param purpose What the draws are for, e.g. `"task"`.
 * @returns A generator; calling its methods moves it on.
 * @throws {RangeError} If the seed isn't a safe integer.
 *
 * @example Usage
 * ```ts
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const rng = createRng(1, "example");
 * const again = createRng(1, "example");
 * assert.equal(rng.next(), again.next());
 * assert.notEqual(rng.next(), createRng(1, "another").next());
 * assert.ok([0, 1, 2].includes(rng.int(3)));
 * ```
 */
export function createRng(seed: number, purpose: string): Rng {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(
      `Cannot create a generator: seed must be a safe integer: got ${seed}`,
    );
  }
  // A seed has no spaces, so no two pairs give the same bytes.
  const bytes = new TextEncoder().encode(`${seed} ${purpose}`);
  const words = [1, 2, 3, 4].map((salt) => murmur3(bytes, salt));
  return generator([words[0]!, words[1]!, words[2]!, words[3]!]);
}

/**
 * Goes on from a state that {@linkcode Rng.state} gave, e.g. one read from a
 * checkpoint.
 *
 * @param state Four integers in [0, 2^32), not all 0.
 * @returns A generator that draws what the first one would have drawn next.
 * @throws {RangeError} If the state is not of that form.
 *
 * @example Usage
 * ```ts
 * import { createRng, restoreRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const rng = createRng(7, "example");
 * rng.next();
 * const copy = restoreRng(JSON.parse(JSON.stringify(rng.state())));
 * assert.equal(copy.next(), rng.next());
 * ```
 */
export function restoreRng(state: RngState): Rng {
  const valid = Array.isArray(state) && state.length === 4 &&
    state.every((word) => Number.isInteger(word) && word >>> 0 === word) &&
    state.some((word) => word !== 0);
  if (!valid) {
    throw new RangeError(
      `Cannot restore a generator: state must be 4 integers in [0, 2^32), not all 0: got ${
        JSON.stringify(state)
      }`,
    );
  }
  return generator(state);
}

function generator(state: RngState): Rng {
  let [a, b, c, d] = state;
  // Four zero words are the one state the recurrence can't leave.
  if ((a | b | c | d) === 0) a = 1;

  function word(): number {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  }

  return {
    next(): number {
      // 27 and 26 high bits make the 53 that a float64 in [0, 1) can hold.
      return ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000;
    },
    int(n: number): number {
      if (!Number.isInteger(n) || n < 1 || n > 0x100000000) {
        throw new RangeError(
          `Cannot draw an integer: n must be an integer in [1, 2^32]: got ${n}`,
        );
      }
      // Words past the last whole multiple of n would favour small results.
      const limit = 0x100000000 - (0x100000000 % n);
      let drawn = word();
      while (drawn >= limit) drawn = word();
      return drawn % n;
    },
    state(): RngState {
      return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
    },
  };
}
