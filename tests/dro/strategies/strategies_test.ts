import assert from "node:assert/strict";
import {
  meanWeights,
  selectTop,
  STRATEGIES,
  type Strategy,
  strategy,
  type StrategyProgress,
} from "../../../lib/dro/mod.ts";
import { syntheticContext, type SyntheticWorld } from "./_synthetic_context.ts";

/** Task 0 helps all, task 1 itself, task 2 nobody, task 3 harms the others. */
const EFFECTS = [
  [0.02, 0.02, 0.02, 0.02],
  [0, 0.01, 0, 0],
  [0, 0, 0.001, 0],
  [-0.01, -0.01, -0.01, 0.002],
];
const LOSSES = { proxy: [3, 1, 1, 1], reference: [1, 1, 1, 1] };

async function learned(
  method: Strategy,
  world: Partial<SyntheticWorld> = {},
) {
  const context = syntheticContext({
    effects: EFFECTS,
    proxySteps: 300,
    losses: LOSSES,
    ...world,
  });
  const events: StrategyProgress[] = [];
  const run = method.learn(context);
  while (true) {
    const next = await run.next();
    if (next.done) return { weights: next.value, context, events };
    events.push(next.value);
  }
}

/** Arguments of the strategies that need one. */
const WITH: Record<string, string> = {
  manual: "manual-4/3/2/1",
  "tdro-as-at": "tdro-as-at-512",
  recipe: "recipe-gte",
};

/** Every strategy, as its name alone gives it. */
const ALL = Object.keys(STRATEGIES).map((name) => strategy(WITH[name] ?? name));

Deno.test("every strategy says what it is and keeps to its budget", async () => {
  for (const method of ALL) {
    const told = [method.source, method.formula, method.cost, method.failsWhen];
    assert.ok(told.every((text) => text.length > 0), method.name);
    const { weights, context, events } = await learned(method);
    const total = weights.reduce((a, b) => a + b, 0);
    assert.equal(weights.length, 4, method.name);
    assert.ok(weights.every((w) => w >= 0) && Math.abs(total - 1) < 1e-9);
    // The context throws when a strategy spends more than there is.
    assert.equal(context.spent() === 0, method.cost === "0", method.name);
    if (method.cost !== "0") {
      assert.ok(context.spent() > 0.85 * 300, `${method.name} wastes budget`);
      assert.equal(events.at(-1)!.done, context.spent(), method.name);
    }
    assert.equal(context.open(), 0, `${method.name} leaves proxies behind`);
  }
});

Deno.test("the same seed gives the same weights", async () => {
  for (const method of ALL) {
    const [a, b] = [await learned(method), await learned(method)];
    assert.deepEqual(a.weights, b.weights, method.name);
  }
  const other = await learned(strategy("regmix"), { seed: 2 });
  const { weights } = await learned(strategy("regmix"));
  assert.notDeepEqual(other.weights, weights);
});

Deno.test("those that measure find the task that helps the others", async () => {
  for (const name of ["doge", "regmix", "leave-one-out", "inf-dds"]) {
    const { weights } = await learned(strategy(name));
    assert.equal(weights.indexOf(Math.max(...weights)), 0, name);
    // RegMix holds back all but the best ones alike.
    if (name !== "regmix") {
      assert.equal(weights.indexOf(Math.min(...weights)), 3, name);
    }
    assert.ok(weights[0]! > 0.3 && weights[3]! < 0.25, `${name}: ${weights}`);
  }
});

Deno.test("those that go by the loss give weight to the task that lags", async () => {
  for (const name of ["tdro", "tdro-ratio-of-means", "doremi", "group-dro"]) {
    const { weights } = await learned(strategy(name));
    assert.equal(weights.indexOf(Math.max(...weights)), 0, name);
  }
});

Deno.test("tDRO's step size makes up for a short run", async () => {
  const tdro = strategy("tdro");
  const eta = async (proxySteps: number) =>
    (await learned(tdro, { proxySteps })).context.update!.eta!;
  assert.equal(await eta(4000 / 3), 20 / 1000); // the released run
  assert.equal(await eta(400 / 3), 20 / 100);
  assert.equal(await eta(40 / 3), 0.25);
});

Deno.test("a budget too small for a strategy is named", async () => {
  for (const method of ALL.filter(({ cost }) => cost !== "0")) {
    const cost = method.name === "group-dro" ? 0.5 : 1;
    await assert.rejects(learned(method, { proxySteps: cost }), {
      name: "RangeError",
      message: /^Cannot learn weights by .* budget of/,
    }, method.name);
  }
});

Deno.test("strategy() reads arguments and suggests names", () => {
  assert.equal(strategy("temperature").name, "temperature-5");
  for (const name of ["temperature-2.5", "manual-2/1/0"]) {
    assert.equal(strategy(name).name, name);
  }
  for (
    const [name, message] of [
      ["temperature-0", /number T > 0: got "0"/],
      ["manual", /manual-0\.5\/0\.3\/0\.2: got ""/],
      ["manual-1//2", /got "1\/\/2"/],
      ["dorem", /did you mean doremi\?/],
      ["leave-one-uot", /did you mean leave-one-out\?/],
      ["toString", /there is none named "toString"; the names are uniform,/],
      ["uniform-2", /did you mean uniform\?/],
    ] as const
  ) assert.throws(() => strategy(name), { name: "RangeError", message });
});

Deno.test("-top-N keeps the heaviest tasks of any strategy, each alike", async () => {
  for (const name of ["manual-4/1/3/2-top-50", "regmix-top-75"]) {
    const method = strategy(name);
    assert.equal(method.name, name);
    const { weights, context } = await learned(method);
    const whole = await learned(strategy(name.replace(/-top-.*/, "")));
    const kept = weights.flatMap((w, k) => w > 0 ? [k] : []);
    assert.deepEqual(
      kept,
      selectTop(whole.weights, Number(name.split("-").at(-1))).sort(),
    );
    assert.ok(kept.every((k) => weights[k] === 1 / kept.length));
    assert.equal(context.spent(), whole.context.spent());
  }
  await assert.rejects(
    learned(strategy("tdro-top-20")),
    /tdro-top-20: 20 % of 4 tasks is not one task/,
  );
  assert.throws(() => strategy("tdro-top-0"), /in \(0, 100\]: got 0/);
  assert.throws(() => strategy("dorem-top-70"), /did you mean doremi\?/);
});

Deno.test("manual weights must fit the tasks", async () => {
  const { weights } = await learned(strategy("manual-2/1/1/0"));
  assert.deepEqual(weights, [0.5, 0.25, 0.25, 0]);
  await assert.rejects(learned(strategy("manual-1/1")), /got 2/);
});

Deno.test("the mean of several runs of a strategy shares its budget", async () => {
  const method = strategy("tdro-mean-3-top-50");
  assert.equal(method.name, "tdro-mean-3-top-50");
  const { weights } = await learned(method);
  assert.deepEqual(weights.filter((w) => w > 0), [0.5, 0.5]);

  const parts = [0, 1, 2].map((i) =>
    syntheticContext({
      effects: EFFECTS,
      losses: LOSSES,
      proxySteps: 100,
      seed: 1 + i,
    })
  );
  const each: number[][] = [];
  for (const context of parts) {
    const run = strategy("tdro").learn(context);
    let next = await run.next();
    while (!next.done) next = await run.next();
    each.push(next.value);
  }
  const mean = await learned(strategy("tdro-mean-3"));
  assert.deepEqual(mean.weights, meanWeights(each));
  assert.ok(mean.events.every(({ done }) => done <= 300));

  assert.throws(() => strategy("uniform-mean-2"), /learns nothing/);
  assert.throws(() => strategy("tdro-mean-1"), /integer >= 2/);
  assert.throws(() => strategy("tdro-as-at"), /must have an integer N >= 1/);
  assert.throws(() => strategy("tdro-as-at-x"), /must have an integer N >= 1/);
});
