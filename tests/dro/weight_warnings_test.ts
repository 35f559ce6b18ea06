import assert from "node:assert/strict";
import { weightWarnings } from "../../lib/dro/weight_warnings.ts";

const kinds = (...args: Parameters<typeof weightWarnings>) =>
  weightWarnings(...args).map((warning) => warning.kind);

Deno.test("one-hot weights are worth too few tasks", () => {
  const nearly = [0.97, 0.01, 0.01, 0.01];
  const [warning] = weightWarnings({ weights: nearly });
  assert.equal(warning!.kind, "one-hot");
  // exp of −(.97 ln .97 + .03 ln .01) = 1.18; the limit 1 + .1 · 3.
  assert.ok(Math.abs(warning!.value - 1.1825) < 1e-4, `${warning!.value}`);
  assert.equal(warning!.limit, 1.3);
  assert.deepEqual(kinds({ weights: nearly }, { minEffectiveShare: 0.05 }), []);
  assert.deepEqual(kinds({ weights: [0.25, 0.25, 0.25, 0.25] }), []);
  assert.deepEqual(kinds({ weights: [1] }), []);
});

Deno.test("weights that still move aren't settled", () => {
  const drift = (rate: number) =>
    Array.from({ length: 21 }, (_, t) => [0.3 + rate * t, 0.7 - rate * t]);
  const weights = [0.5, 0.5];
  // A tenth of 21 updates is 2: a change of 2 · .03.
  const [warning] = weightWarnings({ weights, history: drift(0.03) });
  assert.equal(warning!.kind, "not-settled");
  assert.ok(Math.abs(warning!.value - 0.06) < 1e-12);
  assert.deepEqual(kinds({ weights, history: drift(0.02) }), []);
  assert.deepEqual(kinds({ weights, history: [[0.1, 0.9]] }), []);
});

Deno.test("a reference loss near zero is named with its task", () => {
  const weights = [0.5, 0.3, 0.2];
  const names = ["nq", "quora", "xsum"];
  const [warning, more] = weightWarnings({
    weights,
    names,
    referenceMeans: [1, 0.01, NaN],
  });
  assert.equal(warning!.kind, "reference-near-zero");
  assert.equal(warning!.domain, 1);
  assert.match(warning!.message, /the reference loss of "quora" is 0\.01/);
  assert.equal(more, undefined);
  assert.equal(kinds({ weights, referenceMeans: [0, 0, 0] }).length, 3);
  assert.deepEqual(kinds({ weights, referenceMeans: [1, 2, 0.5] }), []);
});

Deno.test("weights that rank the tasks by the reference's loss say little", () => {
  const weights = Array.from({ length: 8 }, (_, k) => 8 + k);
  const referenceMeans = weights.map((_, k) => 1 + k);
  const lossMeans = referenceMeans.map((loss) => 1.05 * loss);
  const [warning] = weightWarnings({ weights, referenceMeans, lossMeans });
  assert.equal(warning!.kind, "follows-reference");
  assert.equal(warning!.value, 1);
  assert.match(warning!.message, /loses only 1\.05 times/);

  const lagging = referenceMeans.map((loss) => 1.1 * loss);
  assert.deepEqual(
    kinds({ weights, referenceMeans, lossMeans: lagging }),
    [],
  );
  const turned = { weights: weights.toReversed(), referenceMeans, lossMeans };
  assert.deepEqual(kinds(turned), []);
  // Seven ranks agree by chance too easily; one that was never drawn has no rank.
  const seven = [NaN, ...referenceMeans.slice(1)];
  assert.deepEqual(kinds({ weights, referenceMeans: seven, lossMeans }), []);
});

Deno.test("passes over a small task are counted with normalised weights", () => {
  const report = { weights: [1, 3], sizes: [10, 1000], examples: 1000 };
  const [warning] = weightWarnings(report);
  assert.equal(warning!.kind, "many-passes");
  assert.equal(warning!.value, 25);
  assert.equal(warning!.domain, 0);
  assert.deepEqual(kinds(report, { maxPasses: 25 }), []);
});

Deno.test("messages are one line without a full stop", () => {
  const warnings = weightWarnings({
    weights: [0.999, 0.001],
    history: [[0.5, 0.5], [0.999, 0.001]],
    referenceMeans: [1, 0.001],
    sizes: [1, 1],
    examples: 100,
  });
  assert.equal(new Set(warnings.map((warning) => warning.kind)).size, 4);
  for (const { message } of warnings) assert.match(message, /^[^\n]*[^.\n]$/);
});
