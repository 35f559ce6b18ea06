import assert from "node:assert/strict";
import fc from "fast-check";
import { nativeHamming, useBackend } from "../../lib/backend/mod.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import { hammingDistances } from "../../lib/search/quantised/hamming.ts";

Deno.test({
  name: "compiled counts of bits that differ are those of JavaScript",
  ignore: !findInstallation(),
  fn: async () => {
    await useBackend("tensorflow", { native: true });
    const count = nativeHamming()!;
    const shapes = fc.record({
      queries: fc.integer({ min: 0, max: 5 }),
      rows: fc.integer({ min: 0, max: 1500 }),
      words: fc.integer({ min: 1, max: 9 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(shapes, ({ queries, rows, words, seed }) => {
        const bits = (count: number, seed: number) => {
          let state = seed;
          return Uint32Array.from({ length: count * words }, () => {
            state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 1;
            // Bits of all kinds of words, none and all among them.
            return state % 5 === 0 ? 0 : state % 5 === 1 ? -1 : state;
          });
        };
        const [a, b] = [bits(queries, seed), bits(rows, seed + 1)];
        const found = new Uint16Array(queries * rows + 1);
        const wanted = new Uint16Array(queries * rows + 1);
        count(a, b, words, found);
        hammingDistances(a, b, words, wanted);
        assert.deepEqual(found, wanted);
      }),
      { numRuns: 60 },
    );
    await useBackend("tensorflow", { native: false });
    assert.equal(nativeHamming(), undefined);
    await useBackend("tensorflow", { native: true });
  },
});
