import assert from "node:assert/strict";
import fc from "fast-check";
import {
  learningVelocity,
  strategy,
  velocityMixture,
} from "../../../lib/dro/mod.ts";
import { syntheticContext } from "../strategies/_synthetic_context.ts";

const loss = fc.double({ min: 0, max: 20, noNaN: true });

Deno.test("a velocity lies in [0, 1] and falls with the loss", () => {
  fc.assert(fc.property(loss, loss, loss, loss, (a, b, initial, target) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)].map((at) =>
      learningVelocity(at, { initial, target })
    );
    assert.ok(0 <= low! && low! <= high! && high! <= 1);
  }));
  assert.equal(learningVelocity(3, { initial: 1, target: 1 }), 0);
});

Deno.test("Velocitune's weights are the paper's, by hand", () => {
  const mixture = velocityMixture({
    initial: [4, 4, 2],
    target: [0, 2, 1],
    every: 2,
  });
  mixture.observe({ losses: [3, 1], domains: [0, 0] }); // mean 2: V = 1/2
  assert.deepEqual(mixture.weights(), [1 / 3, 1 / 3, 1 / 3]);
  mixture.observe({ losses: [3.5], domains: [1] }); // V = 3/4
  // Task 2 wasn't drawn: it is where it was, V = 1.
  const grown = [0.5, 0.75, 1].map(Math.exp);
  const total = grown.reduce((a, b) => a + b);
  mixture.weights().forEach((w, k) =>
    assert.ok(Math.abs(w - grown[k]! / total) < 1e-12)
  );
});

Deno.test("Velocitune goes on from its state, and keeps equal tasks equal", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ task: fc.nat(2), loss }), { maxLength: 40 }),
    fc.nat(40),
    (list, at) => {
      const make = () =>
        velocityMixture({ initial: [9, 9, 9], target: [1, 1, 1], every: 3 });
      const [whole, begun, resumed] = [make(), make(), make()];
      const cut = Math.min(at, list.length);
      const see = (mixture: typeof whole) => (one: (typeof list)[0]) =>
        mixture.observe({ losses: [one.loss], domains: [one.task] });
      list.forEach(see(whole));
      list.slice(0, cut).forEach(see(begun));
      resumed.restore(JSON.parse(JSON.stringify(begun.state())));
      list.slice(cut).forEach(see(resumed));
      assert.deepEqual(resumed.weights(), whole.weights());
      const total = whole.weights().reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(total - 1) < 1e-9);
    },
  ));
  const equal = velocityMixture({ initial: [5, 5], target: [1, 1], every: 1 });
  for (let i = 0; i < 30; i++) {
    equal.observe({ losses: [3, 3], domains: [0, 1] });
  }
  assert.deepEqual(equal.weights(), [0.5, 0.5]);
});

Deno.test("Velocitune learns targets for its mixture within the budget", async () => {
  const context = syntheticContext({
    // Task 0 is learned by training on it, task 1 isn't learned at all.
    effects: [[0.05, 0], [0, 0]],
    proxySteps: 40,
  });
  const method = strategy("velocitune");
  const run = method.learn(context);
  let next = await run.next();
  while (!next.done) next = await run.next();
  assert.deepEqual(next.value, [0.5, 0.5]);
  const training = { sizes: [9, 9], steps: 40, kept: context.kept() };
  const mixture = method.online!(2, training);
  for (let i = 0; i < 40; i++) {
    mixture.observe({ losses: [10], domains: [0] });
    mixture.observe({ losses: [10], domains: [1] });
  }
  const [behind, still] = mixture.weights();
  assert.ok(behind! > 0.99 && still! < 0.01, "10 is all that task 1 can reach");
  assert.throws(() => method.online!(2, { sizes: [9, 9], steps: 4 }));
});

Deno.test("Velocitune refuses losses that aren't any", () => {
  const ends = { initial: [1, 1], target: [0, 0], every: 1 };
  assert.throws(
    () => velocityMixture({ ...ends, target: [0] }),
    /target must have 2 losses: got 1/,
  );
  assert.throws(
    () => velocityMixture({ ...ends, initial: [1, NaN] }),
    /initial\[1\] must be finite: got NaN/,
  );
  assert.throws(() => velocityMixture({ ...ends, every: 0 }), /every/);
});
