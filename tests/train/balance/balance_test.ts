import assert from "node:assert/strict";
import fc from "fast-check";
import {
  gradNormBalance,
  gradNormSlopes,
  type LossBalance,
  lossBalance,
  pcGradFactors,
  uncertaintyBalance,
  uncertaintySlope,
} from "../../../lib/train/mod.ts";
import type { Batch } from "../../../lib/sampling/mod.ts";
import { maxDifference, noise } from "../../_backends.ts";
import { fromFileUrl } from "../../_paths.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";
import { tempFolder } from "../../_temp_folder.ts";

/** A batch of which nothing but the tasks matters. */
function batchOf(domains: readonly number[], index = 0): Batch {
  return {
    index,
    examples: domains.map((domain) => ({ domain })),
  } as unknown as Batch;
}

/** Inner products of given gradients of each task's mean loss, from row weights. */
function productsOf(gradients: readonly (readonly number[])[], batch: Batch) {
  const domains = batch.examples.map((e) => e.domain);
  const count = (k: number) => domains.filter((d) => d === k).length;
  return (rows: readonly (readonly number[])[]) => {
    const all = rows.map((row) =>
      gradients[0]!.map((_, d) =>
        row.reduce((sum, w, i) =>
          // Each example of a task has the task's gradient.
          sum + w * gradients[domains[i]!]![d]!, 0)
      )
    );
    assert.ok(domains.every((k) => count(k) > 0));
    return Promise.resolve(
      all.map((a) => all.map((b) => a.reduce((s, x, d) => s + x * b[d]!, 0))),
    );
  };
}

Deno.test("slopes are those of finite differences", () => {
  fc.assert(fc.property(
    fc.double({ min: -2, max: 2, noNaN: true }),
    fc.double({ min: 0, max: 5, noNaN: true }),
    (s, loss) => {
      const value = (at: number) => Math.exp(-at) * loss + at / 2;
      const h = 1e-5;
      const expected = (value(s + h) - value(s - h)) / (2 * h);
      assert.ok(Math.abs(uncertaintySlope(s, loss) - expected) < 1e-7);
    },
  ));
  const tasks = [[1.2, 3, 0.8], [0.5, 1, 0.4], [1.3, 0.7, 1]].map(
    ([weight, norm, progress]) =>
      ({ weight, norm, progress }) as {
        weight: number;
        norm: number;
        progress: number;
      },
  );
  const mean = (values: number[]) =>
    values.reduce((a, b) => a + b) / values.length;
  const length = mean(tasks.map((t) => t.weight * t.norm));
  const progress = mean(tasks.map((t) => t.progress));
  const value = (k: number, weight: number) => {
    const { norm, progress: own } = tasks[k]!;
    return Math.abs(weight * norm - length * (own / progress) ** 1.5);
  };
  gradNormSlopes(tasks, 1.5).forEach((slope, k) => {
    const { weight } = tasks[k]!;
    const difference = (value(k, weight + 1e-6) - value(k, weight - 1e-6)) /
      2e-6;
    assert.ok(Math.abs(slope - difference) < 1e-6);
  });
});

Deno.test("uncertainty comes to rest at 1 / (2 loss), equal for equal tasks", async () => {
  const balance = uncertaintyBalance(3, { rate: 0.1 });
  const batch = batchOf([0, 0, 1, 2]);
  let weights: readonly number[] = [];
  for (let i = 0; i < 500; i++) {
    weights = await balance.weigh(
      Float32Array.of(1, 3, 2, 0.25),
      batch,
      undefined as never,
    );
  }
  // Mean losses 2, 2 and 1/4; a quarter of the batch each example.
  [1 / 4, 1 / 4, 1 / 4, 2].forEach((rest, i) =>
    assert.ok(Math.abs(weights[i]! - rest / 4) < 1e-6)
  );
});

Deno.test("GradNorm evens out the norms of gradients that stay", async () => {
  const gradients = [[4, 0], [0, 1], [0.5, 0.5]];
  const balance = gradNormBalance(3, { alpha: 0, rate: 0.02 });
  const batch = batchOf([0, 1, 2]);
  for (let i = 0; i < 600; i++) {
    const products = productsOf(gradients, batch);
    await balance.weigh(Float32Array.of(1, 1, 1), batch, products);
  }
  const { weights } = balance.state() as { weights: number[] };
  const norms = gradients.map((g, k) => weights[k]! * Math.hypot(...g));
  const middle = norms.reduce((a, b) => a + b) / 3;
  // A step is 0.02 relative to the mean norm: that is how far they swing.
  assert.ok(norms.every((n) => Math.abs(n / middle - 1) < 0.15), `${norms}`);
  const total = weights.reduce((a, b) => a + b);
  assert.ok(Math.abs(total - 3) < 1e-9);
});

Deno.test("GradNorm raises the task that learns slowly, and keeps equals equal", async () => {
  const batch = batchOf([0, 1]);
  const products = productsOf([[1, 0], [0, 1]], batch);
  const balance = gradNormBalance(2);
  const equal = gradNormBalance(2);
  for (let i = 0; i < 10; i++) {
    await balance.weigh(Float32Array.of(1, 1 / (i + 1)), batch, products);
    await equal.weigh(Float32Array.of(1, 1), batch, products);
  }
  const { weights: [slow, fast] } = balance.state() as { weights: number[] };
  assert.ok(slow! > 1 && fast! < 1);
  assert.deepEqual((equal.state() as { weights: number[] }).weights, [1, 1]);
});

const gradients = fc.array(
  fc.array(fc.double({ min: -3, max: 3, noNaN: true }), {
    minLength: 3,
    maxLength: 3,
  }),
  { minLength: 1, maxLength: 4 },
);

Deno.test("PCGrad leaves no conflict of two, and changes nothing without one", () => {
  fc.assert(fc.property(gradients, (all) => {
    const dot = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, x, d) => sum + x * b[d]!, 0);
    const products = all.map((a) => all.map((b) => dot(a, b)));
    const orders = all.map((_, i) => all.flatMap((_, j) => j === i ? [] : [j]));
    const factors = pcGradFactors(products, orders);
    if (products.flat().every((p) => p >= 0)) {
      assert.ok(factors.every((f) => f === 1));
    }
    if (all.length !== 2) return;
    const update = all[0]!.map((_, d) =>
      all.reduce((sum, g, k) => sum + factors[k]! * g[d]!, 0)
    );
    for (const own of all) assert.ok(dot(update, own) > -1e-6);
  }));
});

Deno.test("a balance goes on from its state as if never stopped", async () => {
  for (const name of ["uncertainty", "gradnorm", "pcgrad"] as const) {
    const make = () => lossBalance(name, { tasks: 3, seed: 7 });
    const run = async (balance: LossBalance, from: number, to: number) => {
      const seen: (readonly number[])[] = [];
      for (let i = from; i < to; i++) {
        const domains = [[0, 1, 1], [2, 0, 1], [1, 2, 2]][i % 3]!;
        const batch = batchOf(domains, i);
        const losses = Float32Array.from(noise(3, i + 1), Math.abs);
        const products = productsOf([[1, 0], [-1, 1], [0.2, -2]], batch);
        seen.push(await balance.weigh(losses, batch, products));
      }
      return seen;
    };
    const whole = await run(make(), 0, 9);
    const begun = make();
    await run(begun, 0, 4);
    const resumed = make();
    resumed.restore(JSON.parse(JSON.stringify(begun.state())));
    assert.deepEqual(await run(resumed, 4, 9), whole.slice(4), name);
  }
});

Deno.test("what isn't a rate or a strength is refused", () => {
  assert.throws(() => uncertaintyBalance(2, { rate: 0 }), /rate must be/);
  assert.throws(() => gradNormBalance(2, { rate: NaN }), /rate must be/);
  assert.throws(() => gradNormBalance(2, { alpha: -1 }), /alpha must be/);
});

Deno.test({
  name: "all three do what PyTorch's autograd gives",
  ignore: WITHOUT_TORCH,
  async fn() {
    const matrix = (rows: number, columns: number, seed: number) =>
      Array.from(
        { length: rows },
        (_, r) => [...noise(columns, seed * 50 + r)],
      );
    const cases = [1, 2, 3].map((c) => ({
      p: [...noise(6, c)],
      a: [1, 2, 3].map((k) => matrix(4, 6, 10 * c + k)),
      b: [1, 2, 3].map((k) => [...noise(4, 100 * c + k)]),
      logVariances: [0.3, -0.2, 1],
      weights: [0.7, 1.4, 0.9],
      first: [1, 2, 0.5],
      alpha: 1.5,
      orders: [[2, 1], [0, 2], [1, 0]],
    }));
    const folder = await tempFolder();
    const [input, output] = [`${folder}/in.json`, `${folder}/out.json`];
    await Deno.writeTextFile(input, JSON.stringify(cases));
    const { success, stderr } = await new Deno.Command(TORCH_PYTHON, {
      args: [
        fromFileUrl(new URL("_balance_cases.py", import.meta.url)),
        input,
        output,
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const found = JSON.parse(await Deno.readTextFile(output));
    await Deno.remove(folder, { recursive: true });
    let conflicts = 0;
    cases.forEach((given, c) => {
      const { losses, gradients, uncertainty, gradNorm, pcGrad } = found[c];
      const products = gradients.map((a: number[]) =>
        gradients.map((b: number[]) =>
          a.reduce((sum, x, d) => sum + x * b[d]!, 0)
        )
      );
      conflicts += products.flat().filter((p: number) => p < 0).length;
      const combined = (factors: number[]) =>
        given.p.map((_, d) =>
          factors.reduce((sum, f, k) => sum + f * gradients[k][d], 0)
        );
      const near = (a: number[], b: number[]) =>
        assert.ok(maxDifference(a, b) < 1e-10, `${a} for ${b}`);
      near(
        given.logVariances.map((s, k) => uncertaintySlope(s, losses[k])),
        uncertainty.slopes,
      );
      near(
        combined(given.logVariances.map((s) => Math.exp(-s))),
        uncertainty.model,
      );
      near(
        gradNormSlopes(
          given.weights.map((weight, k) => ({
            weight,
            norm: Math.sqrt(products[k][k]),
            progress: losses[k] / given.first[k]!,
          })),
          given.alpha,
        ),
        gradNorm.slopes,
      );
      near(combined(pcGradFactors(products, given.orders)), pcGrad.update);
    });
    assert.ok(conflicts > 0, "no gradients conflict");
  },
});
