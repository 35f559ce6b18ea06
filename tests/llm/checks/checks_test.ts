import assert from "node:assert/strict";
import {
  separability,
  similarityHistogram,
  textChecks,
} from "../../../lib/llm/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";

const rng = () => createRng(3, "checks");
const WORDS = "red blue green lamp house river bird stone song wall".split(" ");

/** Lines of words drawn at random, with some put before them. */
function lines(count: number, seed: number, before = ""): string[] {
  const draw = createRng(seed, "lines");
  return Array.from({ length: count }, () =>
    before +
    Array.from({ length: 12 }, () => WORDS[draw.int(WORDS.length)]).join(" "));
}

Deno.test("texts of one source aren't told apart, of two they are", () => {
  // The standard error of an area for 150 against 150 texts is 0.033.
  const same = separability(lines(150, 1), lines(150, 2), { rng: rng() });
  assert.ok(Math.abs(same - 0.5) < 0.1, `${same}`);
  const other = separability(lines(150, 1), lines(150, 2, "certainly "), {
    rng: rng(),
  });
  assert.ok(other > 0.99, `${other}`);
  // Some of them alone: half of the pairs are told for sure, the others by chance.
  const half = [...lines(75, 2, "certainly "), ...lines(75, 4)];
  const some = separability(lines(150, 1), half, { rng: rng() });
  assert.ok(Math.abs(some - 0.75) < 0.1, `${some}`);
  assert.ok(Number.isNaN(separability(["a"], ["b"], { rng: rng() })));
});

Deno.test("lengths are compared", () => {
  const real = lines(20, 1);
  const same = textChecks(real, real, { rng: rng() });
  assert.deepEqual([same.lengthRatio, same.lengthGap], [1, 0]);
  const twice = real.map((text) => `${text} ${text}`);
  const { lengthRatio, lengthGap } = textChecks(real, twice, { rng: rng() });
  assert.ok(Math.abs(lengthRatio - 2) < 0.1);
  assert.equal(lengthGap, 1);
  // Half of them as long: by hand, the distributions differ by a half.
  const half = textChecks(real, [...real.slice(0, 10), ...twice.slice(0, 10)], {
    rng: rng(),
  });
  assert.ok(Math.abs(half.lengthGap - 0.5) < 1e-12);
});

Deno.test("the histogram has its borders below", () => {
  const counts = similarityHistogram([
    ...[0, 0.25, 0.5, 0.74, 0.75, 0.95, 2],
    NaN,
    -1,
  ]);
  assert.deepEqual(Object.values(counts), [2, 1, 2, 1, 2]);
});
