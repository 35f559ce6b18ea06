import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bootstrapInterval,
  hasAnswer,
  holm,
  pairedTTest,
  randomizationTest,
} from "../../lib/eval/mod.ts";
import {
  normalCdf,
  normalQuantile,
} from "../../lib/eval/significance/distributions.ts";
import { readShared, withShared } from "../_shared.ts";

const ALTERNATIVES = ["two-sided", "greater", "less"] as const;
const file = () => readShared("fixtures/eval/significance.json");

/** Equal to relative 1e-9 or absolute 1e-12, or both the same non-number. */
function close(got: number, wanted: number | string, where: string) {
  const value = Number(wanted);
  assert.ok(
    Object.is(got, value) ||
      Math.abs(got - value) <= Math.max(1e-9 * Math.abs(value), 1e-12),
    `${where}: ${got} ≠ ${wanted}`,
  );
}

withShared("pairedTTest() agrees with scipy", () => {
  for (const c of file().paired_t_test) {
    // There the variance is rounding noise.
    if (c.strictness === "informative") continue;
    for (const alternative of ALTERNATIVES) {
      const wanted = c[alternative];
      const got = pairedTTest(c.a, c.b, { alternative });
      const where = `${c.name} ${alternative}`;
      for (const key of ["t", "df", "p"] as const) {
        close(got[key], wanted[key], `${where} ${key}`);
      }
      close(got.meanDifference, c.mean_difference, where);
      wanted.ci95_mean_difference?.forEach((end: number, i: number) =>
        close(got.interval[i]!, end, `${where} interval`)
      );
    }
  }
});

withShared("randomizationTest() counts every assignment", () => {
  for (const c of file().randomisation_exact) {
    if (c.n > 20) continue;
    for (const alternative of ALTERNATIVES) {
      const key = alternative.replace("-", "_");
      const got = randomizationTest(c.a, c.b, { alternative, method: "exact" });
      assert.equal(got.count, Number(c[`count_${key}`]), c.name);
      close(got.p, c[`p_${key}`], c.name);
      assert.equal(got.total, Number(c.assignments));
    }
  }
});

withShared("randomizationTest() counts the drawn assignments", () => {
  for (const c of file().randomisation_monte_carlo) {
    for (const alternative of ["two-sided", "greater"] as const) {
      const signs = [...c.signs.join("")];
      const got = randomizationTest(c.a, c.b, {
        alternative,
        method: "monte-carlo",
        resamples: c.resamples,
        rng: { int: () => signs.shift() === "+" ? 0 : 1 },
      });
      const key = alternative.replace("-", "_");
      assert.equal(signs.length, 0);
      assert.equal(got.count, c[`count_${key}`], c.name);
      close(got.p, c[`p_${key}`], c.name);
    }
  }
});

withShared("bootstrapInterval() agrees with scipy", () => {
  for (const c of file().bootstrap) {
    const indices = Uint8Array.from(
      atob(c.indices_u8_base64),
      (x) => x.charCodeAt(0),
    );
    for (const [name, wanted] of Object.entries<number[]>(c.intervals)) {
      const [method, level] = name.split("_");
      let at = 0;
      const got = bootstrapInterval(c.data, {
        method: method as "BCa" | "percentile" | "basic",
        level: Number(level) / 100,
        resamples: c.resamples,
        rng: { int: () => indices[at++]! },
      });
      close(got.estimate, c.theta_hat, c.name);
      close(got.standardError, c.standard_error_ddof1, c.name);
      wanted.forEach((end, i) =>
        close(got.interval[i]!, end, `${c.name} ${name}`)
      );
    }
  }
});

withShared("holm() agrees with statsmodels", () => {
  for (const c of file().holm_bonferroni) {
    const got = holm(c.p);
    assert.equal(got.length, c.p.length);
    got.forEach((p, i) => close(p, c.holm_adjusted[i], c.name));
  }
});

withShared("hasAnswer() matches as DPR does", () => {
  const { cases } = readShared("fixtures/eval/mkqa_match.json");
  for (const c of cases) {
    assert.equal(hasAnswer(c.passage, c.answers), c.expected, c.id + c.kind);
  }
});

Deno.test("normalQuantile() undoes normalCdf()", () => {
  fc.assert(fc.property(fc.double({ min: -30, max: 5, noNaN: true }), (z) => {
    // Above 0, 1 - p holds p to 2^-53 of 1: so much less is known of z.
    const p = normalCdf(z);
    const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    const tolerance = z > 0 ? 2 ** -50 / density : 1e-12 * Math.max(1, -z);
    assert.ok(Math.abs(normalQuantile(p) - z) <= tolerance, `${z}`);
  }));
  // Φ(-4) by tables; both branches meet there.
  assert.ok(Math.abs(normalCdf(-4) / 3.167124183311986e-5 - 1) < 1e-12);
  assert.ok(Math.abs(normalCdf(-4) / normalCdf(-4 - 1e-12) - 1) < 1e-10);
});

Deno.test("swapping the systems mirrors the tests", () => {
  const pair = fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 20 }));
  fc.assert(
    fc.property(fc.array(pair, { minLength: 2, maxLength: 8 }), (pairs) => {
      const a = pairs.map(([x]) => x / 20);
      const b = pairs.map(([, y]) => y / 20);
      const one = randomizationTest(a, b, { alternative: "greater" });
      const other = randomizationTest(b, a, { alternative: "less" });
      assert.equal(one.p, other.p);
      assert.ok(one.p > 0 && one.p <= 1);
      const t = pairedTTest(a, b, { alternative: "greater" }).p;
      const u = pairedTTest(b, a, { alternative: "less" }).p;
      assert.ok(Object.is(t, u) || Math.abs(t - u) < 1e-12);
    }),
  );
});

Deno.test("the tests name what is wrong", () => {
  const fails = (act: () => unknown, message: string) =>
    assert.throws(act, { name: "RangeError", message });
  fails(
    () => pairedTTest([1], [1, 2]),
    "Cannot run the paired t-test: a and b must hold a value for each of the same queries: got 1 and 2 values",
  );
  fails(
    () => pairedTTest([1, NaN], [1, 2]),
    "Cannot run the paired t-test: values must be finite: got NaN and 2 at 1",
  );
  fails(
    () => pairedTTest([1, 2], [1, 2], { level: 95 }),
    "Cannot run the paired t-test: level must be between 0 and 1: got 95",
  );
  const many = Array.from({ length: 25 }, (_, i) => i);
  fails(
    () => randomizationTest(many, many),
    'Cannot run the randomisation test: rng must be given for method "monte-carlo" (25 queries): got none',
  );
  fails(
    () => randomizationTest(many, many, { method: "exact" }),
    'Cannot run the randomisation test: method "exact" takes at most 24 queries: got 25; use "monte-carlo"',
  );
  const rng = { int: () => 0 };
  fails(
    () => randomizationTest(many, many, { rng, resamples: 0 }),
    "Cannot run the randomisation test: resamples must be an integer of at least 1: got 0",
  );
  fails(
    () => bootstrapInterval([], { rng }),
    "Cannot compute the bootstrap interval: values must hold a number: got none",
  );
  fails(
    () => bootstrapInterval([1, Infinity], { rng }),
    "Cannot compute the bootstrap interval: values[1] must be finite: got Infinity",
  );
  fails(
    () => holm([0.5, 1.5]),
    "Cannot adjust p-values: pValues[1] must be in [0, 1]: got 1.5",
  );
});
