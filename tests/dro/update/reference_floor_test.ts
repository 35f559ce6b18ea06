import assert from "node:assert/strict";
import fc from "fast-check";
import { measureLosses } from "../../../lib/dro/mod.ts";

const batch = fc.array(
  fc.record({
    loss: fc.double({ min: 0, max: 20, noNaN: true }),
    reference: fc.oneof(
      fc.double({ min: 0, max: 20, noNaN: true }),
      fc.double({ min: 0, max: 1e-3, noNaN: true }),
    ),
    domain: fc.nat(3),
  }),
  { minLength: 1, maxLength: 12 },
).map((rows) => ({
  losses: rows.map((row) => row.loss),
  referenceLosses: rows.map((row) => row.reference),
  domains: rows.map((row) => row.domain),
}));

Deno.test("floorAsAt measures a batch as one that repeats it up to that size", () => {
  fc.assert(fc.property(
    batch,
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom("released" as const, "relative-difference" as const),
    fc.constantFrom(1, 2, 0.5),
    (small, times, measure, pNorm) => {
      const repeated = <T>(list: T[]) =>
        Array.from({ length: times }, () => list).flat();
      const large = {
        losses: repeated(small.losses),
        referenceLosses: repeated(small.referenceLosses),
        domains: repeated(small.domains),
      };
      const options = { measure, pNorm };
      const size = small.losses.length * times;
      const wanted = measureLosses(large, 4, options).perDomain;
      const floorAsAt = size;
      const got = measureLosses(small, 4, { ...options, floorAsAt }).perDomain;
      got.forEach((value, k) =>
        assert.ok(
          Math.abs(value - wanted[k]!) <= 1e-9 * wanted[k]! ||
            // A loss just at the floor may fall on either side by rounding.
            nearFloor(small.referenceLosses, { size, pNorm }),
          `${value} ${wanted[k]}`,
        )
      );
    },
  ));
});

function nearFloor(
  references: number[],
  { size, pNorm }: { size: number; pNorm: number },
): boolean {
  const sum = references.reduce((all, r) => all + r ** pNorm, 0);
  const norm = (sum * size / references.length) ** (1 / pNorm);
  return norm < 1e-11 ||
    references.some((r) => Math.abs(r / norm - 1e-4) < 1e-12);
}

Deno.test("as at 512, an example under 5 % of the mean reference loss is damped", () => {
  // Of 32 examples: the mean is 1 but for one easy one of 4 % of it.
  const references = [0.04, ...new Array(31).fill(1)];
  const domains = references.map((_, i) => i === 0 ? 0 : 1);
  const observation = {
    losses: references.map(() => 1),
    referenceLosses: references,
    domains,
  };
  const pull = (options: object) => {
    const [easy, others] = measureLosses(observation, 2, options).perDomain;
    return easy! / others!;
  };
  assert.ok(Math.abs(pull({}) - 25) < 1e-9); // 1 / 0.04
  const damped = pull({ floorAsAt: 512 });
  assert.ok(damped < 0.01, `${damped}`);
  assert.ok(Math.abs(damped - pull({ referenceFloor: 1e-4 * 16 }) / 16) < 1e-4);
});

Deno.test("a floor that a measure doesn't have is refused, and floors out of range", () => {
  const observation = { losses: [1], referenceLosses: [1], domains: [0] };
  const cases: [object, RegExp][] = [
    [{ measure: "ratio-of-means", floorAsAt: 512 }, /no meaning for/],
    [{ pNorm: 0, floorAsAt: 512 }, /no meaning with pNorm 0/],
    [{ floorAsAt: 1.5 }, /floorAsAt must be an integer/],
    [{ referenceFloor: -1 }, /referenceFloor must be finite and > 0/],
    [{ referenceFloor: 0 }, /referenceFloor must be finite and > 0/],
    [{ referenceFloor: NaN }, /referenceFloor must be finite/],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => measureLosses(observation, 1, options), message);
  }
});
