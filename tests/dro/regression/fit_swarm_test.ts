import assert from "node:assert/strict";
import { fitSwarm, randomMixture, type Swarm } from "../../../lib/dro/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";

/** Runs of a world in which task 2 is worth most, and task 0 harms. */
function world(options: { keep?: number[]; runs?: number } = {}): Swarm {
  const rng = createRng(1, "world");
  const domains = ["a", "b", "c"];
  return {
    domains,
    metrics: ["x", "y"],
    runs: Array.from({ length: options.runs ?? 30 }, (_, i) => {
      let ratios = randomMixture(3, rng);
      if (options.keep) {
        const [a, b] = options.keep;
        const together = ratios[0]! + ratios[1]!;
        ratios = [
          together * a! / (a! + b!),
          together * b! / (a! + b!),
          ratios[2]!,
        ];
      }
      const [a, , c] = ratios as [number, number, number];
      return {
        run: `${i}`,
        name: `run ${i}`,
        ratios,
        metrics: [0.2 + Math.exp(-1 - c), 0.1 + Math.exp(0.5 * a - c)],
      };
    }),
  };
}

Deno.test("a swarm's weights go where its metrics are small", () => {
  const { weights, metrics, runs, warnings } = fitSwarm(world());
  assert.equal(runs, 30);
  assert.deepEqual(warnings, []);
  assert.ok(weights[2]! > weights[1]! && weights[1]! > weights[0]!);
  for (const { error, spread } of metrics) assert.ok(error < 0.05 * spread);
  // A stronger prior keeps it nearer.
  const near = fitSwarm(world(), { kl: 10 });
  assert.ok(near.weights[2]! < weights[2]! && near.weights[2]! > 1 / 3);
});

Deno.test("kept tasks keep their shares, and runs with others are told of", () => {
  const keep = new Map([["a", 1], ["b", 3]]);
  const { weights, warnings } = fitSwarm(world({ keep: [1, 3] }), { keep });
  assert.deepEqual(warnings, []);
  assert.ok(Math.abs(weights[1]! / weights[0]! - 3) < 1e-9);
  assert.ok(weights[2]! > 1 / 3);
  const free = fitSwarm(world(), { keep });
  assert.match(
    free.warnings[0]!,
    /of 30 runs divided the kept tasks otherwise/,
  );
});

Deno.test("few runs, missing metrics and noise are told of", () => {
  const few = world({ runs: 4 });
  few.runs[0]!.metrics[0] = NaN;
  const { warnings, runs } = fitSwarm(few);
  assert.equal(runs, 3);
  assert.match(warnings[0]!, /1 of 4 runs lack a metric/);
  assert.match(warnings[1]!, /3 runs are few for 3 tasks/);
  const rng = createRng(2, "noise");
  const noise = world();
  for (const run of noise.runs) run.metrics = [rng.next(), rng.next()];
  assert.match(fitSwarm(noise).warnings[0]!, /explain next to nothing/);
});
