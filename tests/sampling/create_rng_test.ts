import fc from "fast-check";
import assert from "node:assert/strict";
import { murmur3 } from "../../lib/sampling/murmur3.ts";
import { createRng, restoreRng } from "../../lib/sampling/create_rng.ts";
import { shuffled } from "../../lib/base/shuffled.ts";
import { fits } from "./_chi_square.ts";

Deno.test("murmur3() gives the published values", () => {
  const of = (text: string, seed: number) =>
    murmur3(new TextEncoder().encode(text), seed);
  // The vectors in common use for MurmurHash3_x86_32; lengths 0 to 43 cover
  // every tail.
  assert.equal(of("", 0), 0);
  assert.equal(of("", 1), 0x514e28b7);
  assert.equal(of("", 0xffffffff), 0x81f16f39);
  assert.equal(of("test", 0), 0xba6bd213);
  assert.equal(of("test", 0x9747b28c), 0x704b81dc);
  assert.equal(of("Hello, world!", 0), 0xc0363e43);
  assert.equal(of("Hello, world!", 0x9747b28c), 0x24884cba);
  assert.equal(
    of("The quick brown fox jumps over the lazy dog", 0),
    0x2e4ff723,
  );
  assert.equal(of("aa", 0x9747b28c), 0x5d211726);
  assert.equal(of("aaa", 0x9747b28c), 0x283e0130);
});

Deno.test("the generator is xoshiro128** 1.1", () => {
  // Words of the authors' C program from the state 1, 2, 3, 4.
  const words = [
    11520,
    0,
    5927040,
    70819200,
    2031721883,
    1637235492,
    1287239034,
    3734860849,
    3729100597,
    4258142804,
  ];
  const rng = restoreRng([1, 2, 3, 4]);
  for (const word of words) assert.equal(rng.int(2 ** 32), word);
  const floats = restoreRng([1, 2, 3, 4]);
  for (let i = 0; i < words.length; i += 2) {
    const bits = BigInt(words[i]!) >> 5n << 26n | BigInt(words[i + 1]!) >> 6n;
    assert.equal(floats.next(), Number(bits) / 2 ** 53);
  }
});

Deno.test("a seed and a purpose always give these draws", () => {
  // Worked out by a Python program from the same two definitions. A change
  // here changes every run of every user.
  const rng = createRng(42, "sampling/task");
  assert.deepEqual(rng.state(), [484146541, 1871827255, 790236249, 3474266189]);
  assert.deepEqual([rng.next(), rng.next(), rng.int(1000)], [
    0.31596888665993417,
    0.49600715874284695,
    206,
  ]);
});

Deno.test("seeds and purposes each give another stream", () => {
  const first = (seed: number, purpose: string) =>
    createRng(seed, purpose).state().join();
  const all = [
    first(1, "a"),
    first(2, "a"),
    first(1, "b"),
    first(-1, "a"),
    first(11, "a"),
    first(1, "1 a"),
    first(2 ** 40, "a"),
    first(1, ""),
  ];
  assert.equal(new Set(all).size, all.length);
});

Deno.test("a restored generator goes on where the other stood", () => {
  fc.assert(fc.property(fc.integer(), fc.nat(50), (seed, draws) => {
    const rng = createRng(seed, "test");
    for (let i = 0; i < draws; i++) rng.next();
    const copy = restoreRng(JSON.parse(JSON.stringify(rng.state())));
    for (let i = 0; i < 10; i++) assert.equal(copy.next(), rng.next());
    assert.deepEqual(copy.state(), rng.state());
  }));
});

Deno.test("next() is uniform in [0, 1), also in its low bits", () => {
  const rng = createRng(1, "uniform");
  const high = new Array<number>(64).fill(0);
  const low = new Array<number>(64).fill(0);
  const pairs = new Array<number>(64).fill(0);
  let before = 0;
  for (let i = 0; i < 100_000; i++) {
    const draw = rng.next();
    assert.ok(draw >= 0 && draw < 1);
    high[Math.floor(draw * 64)]! += 1;
    low[Number(BigInt(draw * 2 ** 53) & 63n)]! += 1;
    pairs[Math.floor(before * 8) * 8 + Math.floor(draw * 8)]! += 1;
    before = draw;
  }
  const even = new Array<number>(64).fill(1);
  for (const counts of [high, low, pairs]) {
    const { statistic, bound } = fits(counts, even);
    assert.ok(statistic < bound, `${statistic} of ${bound}`);
  }
});

Deno.test("int() has no bias where a remainder would have one", () => {
  // 3 · 2^30 leaves a third of the words over: a plain remainder would draw
  // the lowest third of the range twice as often.
  const rng = createRng(2, "int");
  const n = 3 * 2 ** 30;
  const counts = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) {
    counts[Math.floor(rng.int(n) / 2 ** 30)]! += 1;
  }
  const { statistic, bound } = fits(counts, [1, 1, 1]);
  assert.ok(statistic < bound, `${statistic} of ${bound}`);
  for (const n of [1, 2, 7, 2 ** 32]) {
    const drawn = rng.int(n);
    assert.ok(Number.isInteger(drawn) && drawn >= 0 && drawn < n);
  }
});

Deno.test("shuffled() gives each order equally often", () => {
  const rng = createRng(3, "shuffle");
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = shuffled([0, 1, 2, 3], rng).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  const { statistic, bound } = fits(
    [...counts.values()],
    new Array(24).fill(1),
  );
  assert.ok(statistic < bound, `${statistic} of ${bound}`);
});

Deno.test("generators reject what they can't use", () => {
  assert.throws(
    () => createRng(0.5, "x"),
    /^RangeError: Cannot create a generator: seed must be a safe integer: got 0\.5$/,
  );
  assert.throws(() => createRng(NaN, "x"), /got NaN/);
  for (
    const state of [[0, 0, 0, 0], [1, 2, 3], [1, 2, 3, -1], [1, 2, 3, 0.5]]
  ) {
    assert.throws(
      () => restoreRng(state as unknown as [number, number, number, number]),
      /^RangeError: Cannot restore a generator/,
    );
  }
  const rng = createRng(1, "x");
  for (const n of [0, -1, 1.5, NaN, 2 ** 33]) {
    assert.throws(() => rng.int(n), /n must be an integer in \[1, 2\^32\]/);
  }
});
