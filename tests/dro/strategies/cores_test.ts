import assert from "node:assert/strict";
import fc from "fast-check";
import {
  aioliStep,
  dogeStep,
  infDdsStep,
  leaveOneOutWeights,
  randomMixture,
  regmixWeights,
  skillItWeights,
  skillsGraph,
} from "../../../lib/dro/mod.ts";
import { drawDirichlet } from "../../../lib/dro/strategies/dirichlet.ts";
import { ridge } from "../../../lib/dro/strategies/ridge.ts";
import { softmax } from "../../../lib/dro/strategies/softmax.ts";
import { createRng } from "../../../lib/sampling/mod.ts";

/** A sum of up to 8 weights is 1 but for rounding. */
function isSimplex(weights: readonly number[]): boolean {
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.every((w) => w >= 0) && Math.abs(total - 1) < 1e-12;
}

const score = fc.double({ min: -20, max: 20, noNaN: true });
// Whole numbers add up exactly in any order, so turning the tasks round leaves
// no more than the rounding of the weights themselves.
const whole = fc.integer({ min: -1000, max: 1000 });
const tasks = fc.integer({ min: 2, max: 8 });

Deno.test("drawDirichlet() has the mean and the variance of its law", () => {
  const rng = createRng(3, "test");
  // Shapes below and above 1 take different routes.
  const alphas = [0.3, 1.2, 4];
  const total = 5.5;
  const n = 20_000;
  const draws = Array.from({ length: n }, () => drawDirichlet(alphas, rng));
  alphas.forEach((alpha, k) => {
    const share = alpha / total;
    const variance = share * (1 - share) / (total + 1);
    const mean = draws.reduce((sum, d) => sum + d[k]!, 0) / n;
    const spread = draws.reduce((sum, d) => sum + (d[k]! - share) ** 2, 0) / n;
    // Four standard errors of the mean; the variance's own relative error is
    // below sqrt((kurtosis − 1) / n), and no kurtosis here reaches 20.
    assert.ok(Math.abs(mean - share) < 4 * Math.sqrt(variance / n), `${k}`);
    assert.ok(Math.abs(spread / variance - 1) < 4 * Math.sqrt(19 / n), `${k}`);
  });
});

Deno.test("random mixtures lie on the simplex and repeat with their seed", () => {
  fc.assert(fc.property(tasks, fc.nat(), (count, seed) => {
    const draw = () => randomMixture(count, createRng(seed, "test"));
    assert.ok(isSimplex(draw()));
    assert.deepEqual(draw(), draw());
  }));
  // A tiny concentration underflows unless taken in logarithms.
  assert.ok(isSimplex(drawDirichlet([1e-3, 1e-3], createRng(1, "test"))));
});

Deno.test("ridge() finds a map that it is given", () => {
  const rng = createRng(5, "test");
  const slopes = [2, -1, 0.5];
  const x = Array.from({ length: 40 }, () => slopes.map(() => rng.next()));
  const y = x.map((row) => 3 + row.reduce((s, v, j) => s + v * slopes[j]!, 0));
  const found = ridge(x, y, 1e-12);
  found.slopes.forEach((b, j) => assert.ok(Math.abs(b - slopes[j]!) < 1e-8));
  assert.ok(Math.abs(found.intercept - 3) < 1e-8);
  // A strong ridge flattens it to the mean.
  const flat = ridge(x, y, 1e9);
  assert.ok(flat.slopes.every((b) => Math.abs(b) < 1e-6));
});

Deno.test("RegMix finds the best mixture of a linear map, also with noise", () => {
  const rng = createRng(1, "test");
  // Each task's dev loss as a map of the weights; the mean falls with task 2.
  const map = [[0, 0.2, -0.6], [0.1, -0.3, -0.3], [0.3, 0, -0.5]];
  const tried = Array.from({ length: 12 }, () => {
    const weights = randomMixture(3, rng);
    const losses = map.map((row) =>
      2 + row.reduce((sum, b, k) => sum + b * weights[k]!, 0) +
      0.02 * (rng.next() - 0.5)
    );
    return { weights, losses };
  });
  const best = regmixWeights(tried, { rng: createRng(2, "test") });
  assert.ok(isSimplex(best));
  assert.ok(best[2]! > 0.95, `${best}`);
  assert.deepEqual(best, regmixWeights(tried, { rng: createRng(2, "test") }));
  // Turned round, the tasks' weights turn with them.
  const turned = regmixWeights(
    tried.map(({ weights, losses }) => ({
      weights: [weights[2]!, weights[0]!, weights[1]!],
      losses,
    })),
    { rng: createRng(2, "test") },
  );
  assert.ok(turned[0]! > 0.95);
});

Deno.test("RegMix averages what it keeps", () => {
  const tried = [[1, 0], [0, 1]].map((weights) => ({
    weights,
    losses: [weights[0]!, weights[0]!],
  }));
  const weights = (keep: number) =>
    regmixWeights(tried, { rng: createRng(1, "t"), simulations: 500, keep });
  // All kept: the mean of the law, which is symmetric; 4 standard errors.
  assert.ok(Math.abs(weights(500)[0]! - 0.5) < 4 * 0.5 / Math.sqrt(500));
  assert.ok(weights(1)[1]! >= weights(50)[1]!);
});

Deno.test("DoGE raises the aligned task and lowers the opposed one", () => {
  // Gradients in the plane: two alike, one across, one against.
  const gradients = [[1, 0.2], [1, -0.2], [0, 1], [-0.5, 0]];
  const products = gradients.map(([a, b]) =>
    gradients.map(([c, d]) => a! * c! + b! * d!)
  );
  let weights = [0.25, 0.25, 0.25, 0.25];
  for (let step = 0; step < 20; step++) {
    weights = dogeStep(weights, products, { eta: 0.1 });
  }
  assert.ok(weights[0]! > 0.25 && weights[1]! > 0.25);
  assert.ok(weights[3]! < weights[2]! && weights[3]! < 0.1);
  // With one target alone, the task that aligns with it wins.
  const forTask2 = dogeStep([0.25, 0.25, 0.25, 0.25], products, {
    eta: 1,
    targets: [2],
  });
  assert.equal(forTask2.indexOf(Math.max(...forTask2)), 2);
  assert.ok(forTask2[0]! > forTask2[1]!);
});

Deno.test("DoGE steps by hand", () => {
  // Row sums 4 and 2, over the larger: 1 and 1/2.
  const next = dogeStep([0.5, 0.5], [[3, 1], [1, 1]], { eta: Math.log(4) });
  assert.ok(Math.abs(next[0]! - 2 / 3) < 1e-12);
});

Deno.test("leave-one-out ranks a helpful, a neutral and a harmful task", () => {
  const without = [[9, 1.4, 1.2], [1, 9, 1], [0.9, 0.7, 9]];
  const [helpful, neutral, harmful] = leaveOneOutWeights([1, 1, 1], without);
  // Gains 0.3, 0, −0.2; the largest becomes 1.
  assert.ok(Math.abs(helpful! / neutral! - Math.E) < 1e-9);
  assert.ok(Math.abs(harmful! / neutral! - Math.exp(-2 / 3)) < 1e-9);
  const same = [[1, 1, 1], [1, 1, 1], [1, 1, 1]];
  for (const w of leaveOneOutWeights([1, 1, 1], same)) {
    assert.ok(Math.abs(w - 1 / 3) < 1e-12);
  }
});

Deno.test("Inf-DDS converges to the rewarded arm, through noise", () => {
  const rng = createRng(4, "test");
  let scores = [0, 0, 0, 0];
  for (let round = 0; round < 200; round++) {
    const rewards = [0, 0, 0.1, 0].map((r) => r + 0.1 * (rng.next() - 0.5));
    scores = infDdsStep(scores, rewards, { eta: 0.2 });
  }
  assert.ok(softmax(scores)[2]! > 0.9, `${softmax(scores)}`);
});

Deno.test("steps stay on the simplex and heed the order of the tasks", () => {
  fc.assert(fc.property(
    tasks.chain((k) =>
      fc.record({
        scores: fc.array(score, { minLength: k, maxLength: k }),
        values: fc.array(whole, { minLength: k, maxLength: k }),
        rows: fc.array(fc.array(whole, { minLength: k, maxLength: k }), {
          minLength: k,
          maxLength: k,
        }),
        eta: fc.double({ min: 0, max: 3, noNaN: true }),
      })
    ),
    ({ scores, values, rows, eta }) => {
      const turn = <T>(list: readonly T[]) => [...list.slice(1), list[0]!];
      const close = (a: readonly number[], b: readonly number[]) =>
        a.every((x, k) => Math.abs(x - b[k]!) < 1e-9);
      const weights = softmax(scores);
      const runs: [number[], number[]][] = [
        [
          dogeStep(weights, rows, { eta }),
          dogeStep(turn(weights), turn(rows).map(turn), { eta }),
        ],
        [
          softmax(infDdsStep(scores, values, { eta })),
          softmax(infDdsStep(turn(scores), turn(values), { eta })),
        ],
        [
          leaveOneOutWeights(values, rows),
          leaveOneOutWeights(turn(values), turn(rows).map(turn)),
        ],
      ];
      for (const [straight, turned] of runs) {
        assert.ok(isSimplex(straight), `${straight}`);
        assert.ok(close(turn(straight), turned), `${straight} ${turned}`);
      }
    },
  ));
});

Deno.test("the cores name what is wrong", () => {
  const rng = createRng(1, "test");
  const wrong: [() => unknown, RegExp][] = [
    [() => dogeStep([1, 1], [[1]], { eta: 1 }), /must be a square/],
    [() => dogeStep([1], [[1]], { eta: NaN }), /eta must be finite/],
    [() => dogeStep([1], [[1]], { eta: 1, targets: [1] }), /targets.*got 1/],
    [() => dogeStep([1], [[NaN]], { eta: 1 }), /products\[0\].*NaN/],
    [() => dogeStep([0], [[1]], { eta: 1 }), /not all 0/],
    [() => infDdsStep([0], [1, 2], { eta: 1 }), /got 1 and 2/],
    [() => infDdsStep([0], [Infinity], { eta: 1 }), /rewards\[0\]/],
    [() => infDdsStep([0], [1], { eta: -1 }), /eta must be/],
    [() => leaveOneOutWeights([1], [[1]]), /at least 2 tasks/],
    [() => leaveOneOutWeights([1, 1], [[1, 1]]), /must be a square/],
    [() => regmixWeights([], { rng }), /at least 2 runs/],
    [
      () =>
        regmixWeights([
          { weights: [1, 0], losses: [1, 1] },
          { weights: [1], losses: [1] },
        ], { rng }),
      /a weight and a loss for each/,
    ],
    [() => drawDirichlet([0], rng), /concentrations must be > 0: got 0/],
  ];
  for (const [call, message] of wrong) {
    assert.throws(call, { name: "RangeError", message });
  }
});

Deno.test("aioliStep() is the published update, by hand", () => {
  const falls = [[0.3, -0.1], [0.1, 0.2]]; // shifted by 0.1: 0.4 0 / 0.2 0.3
  const [a, b] = aioliStep([0.25, 0.75], falls, { eta: 2 });
  const wanted = Math.log(0.25 / 0.75) + 2 * (0.6 - 0.3) / 0.9;
  assert.ok(Math.abs(Math.log(a! / b!) - wanted) < 1e-12);
  assert.ok(Math.abs(a! + b! - 1) < 1e-12);
  assert.deepEqual(aioliStep([1, 3], [[0, 0], [0, 0]], { eta: 9 }), [
    0.25,
    0.75,
  ]);
  assert.deepEqual(aioliStep([0, 1], falls, { eta: 1 }), [0, 1]);
  assert.throws(() => aioliStep([1, 1], [[1]], { eta: 1 }), /square/);
  assert.throws(() => aioliStep([1, 1], falls, { eta: -1 }), /eta/);
  assert.throws(() => aioliStep([0, 0], falls, { eta: 1 }), /not all 0/);
});

Deno.test("Skill-It's graph and weights, by hand", () => {
  const graph = skillsGraph([2, 1, 4], [[1, 1, 5], [2, 0.5, 3], [2, 2, 2]]);
  assert.deepEqual(graph, [[0.5, 0, 0], [0, 0.5, 0.25], [0, 0, 0.5]]);
  const weights = skillItWeights(graph, [2, 4, 8], { eta: 1 });
  const logs = [1, 2 + 2, 4];
  weights.forEach((w, k) =>
    assert.ok(
      Math.abs(Math.log(w / weights[0]!) - (logs[k]! - logs[0]!)) < 1e-12,
    )
  );
  assert.throws(() => skillsGraph([1], [[1], [1]]), /square/);
  assert.throws(() => skillItWeights(graph, [1, 2, NaN], { eta: 1 }), /finite/);
});
