import assert from "node:assert/strict";
import { from } from "arquero";
import schema from "vega-lite/vega-lite-schema.json" with { type: "json" };
import {
  benchPlot,
  devPlot,
  duplicateHistogram,
  gainPlot,
  heatmapPlot,
  intervalPlot,
  lengthHistogram,
  lossPlot,
  measuresPlot,
  ndcgPlot,
  type PlotSpec,
  renderSvg,
  scalingPlot,
  weightsPlot,
  weightTrajectoryPlot,
} from "../../lib/report/mod.ts";
import { checkSchema } from "./_check_schema.ts";
import {
  HOSTILE,
  ndcgRows,
  resultRows,
  TASKS,
  weightSteps,
} from "./_sample_rows.ts";

const MANY = Array.from({ length: 34 }, (_, k) => `task-${k}`);

/** Every plot, with few and many lines, and with names meant to break it. */
function samples(tasks: readonly string[]): [string, PlotSpec][] {
  const losses = tasks.flatMap((task, k) =>
    [1, 2, 3].map((step) => ({
      step,
      task,
      arm: "uniform",
      loss: (k + 1) / step,
    }))
  );
  return [
    ["trajectory", weightTrajectoryPlot(weightSteps(tasks, 5))],
    ["weights", weightsPlot(resultRows(tasks))],
    [
      "weights only",
      weightsPlot(tasks.map((task, k) => ({ task, weight: k }))),
    ],
    [
      "measures",
      measuresPlot(tasks.map((task, k) => ({
        task,
        released: 100 + k,
        ratioOfMeans: 2 ** (k - 4),
        start: 0.1,
        end: 0.2,
      }))),
    ],
    ["ndcg", ndcgPlot(ndcgRows(tasks))],
    [
      "ndcg with intervals",
      ndcgPlot(
        ndcgRows(tasks).map((r) => ({ ...r, low: 0, high: r.ndcg && 1 }))
          .filter((r) => r.ndcg !== null),
      ),
    ],
    [
      "trajectory with seeds",
      weightTrajectoryPlot(
        [1, 2].flatMap((seed) =>
          weightSteps(tasks, 5).map((row) => ({ ...row, seed }))
        ),
      ),
    ],
    [
      "intervals",
      intervalPlot(tasks.map((name, k) => ({
        name,
        note: name,
        difference: k / 100,
        low: (k - 3) / 100,
        high: (k + 1) / 100,
      }))),
    ],
    [
      "heatmap",
      heatmapPlot(
        tasks.flatMap((task, k) =>
          tasks.slice(0, 8).map((arm, a) => ({ task, arm, value: k - a }))
        ),
      ),
    ],
    [
      "bench",
      benchPlot(tasks.map((work, k) => ({
        work,
        ours: 1 + k,
        peer: 2,
        ratio: 2 / (1 + k),
        target: 1,
        low: 1.9 / (1 + k),
        high: 2.1 / (1 + k),
        peerName: work,
      }))),
    ],
    ["loss", lossPlot(losses)],
    [
      "dev scores",
      devPlot(
        tasks.flatMap((task, k) =>
          [0, 1, 2].map((step) => ({ step, task, ndcg: step / (k + 4) }))
        ),
        { kept: 1 },
      ),
    ],
    [
      "dev scores of arms with seeds",
      devPlot(
        tasks.flatMap((arm, k) =>
          [1, 2].flatMap((seed) =>
            [0, 1].map((step) => ({ step, arm, seed, ndcg: seed / (k + 4) }))
          )
        ),
      ),
    ],
    [
      "gain",
      gainPlot(
        tasks.map((arm, k) => ({ arm, dataUsed: 1 / (k + 1), ndcg: k / 100 })),
      ),
    ],
    [
      "gain with intervals",
      gainPlot(tasks.map((arm) => ({
        arm,
        dataUsed: 1,
        ndcg: 0.5,
        low: 0.25,
        high: 0.75,
      }))),
    ],
    [
      "scaling",
      scalingPlot(
        tasks.flatMap((arm, k) =>
          [1e6, 1e8].map((size) => ({
            arm,
            size,
            quality: k / 100,
            low: 0,
            high: 1,
          }))
        ),
      ),
    ],
    [
      "lengths",
      lengthHistogram(
        tasks.flatMap((kind, k) => [{ kind, length: 3 ** (k % 7) }]),
        { limit: 20 },
      ),
    ],
    [
      "duplicates",
      duplicateHistogram(
        tasks.map((task, k) => ({ task, copies: k + 1, texts: 1 })),
      ),
    ],
  ];
}

Deno.test("the schema check finds faults", () => {
  const spec = weightsPlot([{ task: "a", weight: 1 }]);
  assert.equal(checkSchema(spec, schema), undefined);
  assert.notEqual(checkSchema({ ...spec, width: "wide" }, schema), undefined);
  assert.notEqual(checkSchema({ ...spec, layers: [] }, schema), undefined);
  assert.notEqual(
    checkSchema({ ...spec, config: { axis: { labelSize: 1 } } }, schema),
    undefined,
  );
});

for (
  const [kind, tasks] of [
    ["ten tasks", TASKS],
    ["one task", ["dom-prose"]],
    ["34 tasks", MANY],
    ["hostile names", HOSTILE],
  ] as const
) {
  Deno.test(`plots of ${kind} hold to the schema, compile without warnings and name every task`, async () => {
    for (const [name, spec] of samples(tasks)) {
      assert.equal(checkSchema(spec, schema), undefined, name);
      const warnings: string[] = [];
      const svg = await renderSvg(spec, { onWarning: (w) => warnings.push(w) });
      assert.deepEqual(warnings, [], name);
      assert.match(svg, /^<svg role="img" aria-label="[^"]+" /);
      const texts = svg.match(/(?<=<text[^>]*>)[^<]*/g)!.map(unescape).join(
        "\n",
      );
      // One plot adds the tasks up.
      for (const task of name === "duplicates" ? [] : tasks) {
        const shown = task.toWellFormed().replace(/\p{Cc}/gu, "\ufffd").trim();
        assert.ok(texts.includes(shown), `${name}: ${shown} is missing`);
      }
      // Nothing but drawing, and XML that parses: every tag is closed.
      assert.doesNotMatch(svg, /<(script|img|style|foreignObject|a)\b/i);
      assert.equal(balance(svg), 0, name);
      // A JSON round trip changes nothing: the plot is plain data.
      assert.deepEqual(JSON.parse(JSON.stringify(spec)), spec);
    }
  });
}

function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

function balance(xml: string): number {
  const open = xml.match(/<[a-z][^>]*[^/]>|<[a-z]>/gi)!.length;
  return open - xml.match(/<\/[a-z]+>/gi)!.length;
}

Deno.test("plots take Arquero tables and arrays alike", () => {
  const weights = resultRows(TASKS);
  assert.deepEqual(weightsPlot(from(weights)), weightsPlot(weights));
  const steps = weightSteps(TASKS, 3);
  assert.deepEqual(
    weightTrajectoryPlot(from(steps)),
    weightTrajectoryPlot(steps),
  );
});

Deno.test("devPlot() marks each line's best, has the mean, and tells who loses most", () => {
  const scores = { falls: [0.2, 0.6, 0.3], rises: [0.2, 0.3, 0.5] };
  const rows = Object.entries(scores).flatMap(([task, own]) =>
    own.map((ndcg, i) => ({ step: 10 * i, task, ndcg }))
  );
  const spec = devPlot(rows, { kept: 10 });
  assert.match(spec.title.text[0]!, /^falls loses 0\.300 after .* update 10$/);
  const means = spec.data.values.filter((p: { series: string }) =>
    p.series === "mean"
  );
  assert.deepEqual(
    means.map((p: { value: number }) => p.value),
    [0.2, 0.45, 0.4],
  );
  const dots = spec.layer.at(-1).data.values;
  assert.deepEqual(
    dots.map((p: { series: string; step: number }) => [p.series, p.step]),
    [["mean", 10], ["falls", 10], ["rises", 20]],
  );
  assert.equal(spec.layer[0].data.values[0].step, 10);
  const level = rows.map((row) => ({ ...row, ndcg: 0.5 }));
  assert.match(devPlot(level).title.text[0]!, /^All end within 0\.01/);
  assert.throws(() => devPlot([{ step: 0, ndcg: 1.5 }]), /ndcg/);
});

Deno.test("weightsPlot() sorts by weight, and its line is the mean weight", () => {
  const spec = weightsPlot([
    { task: "low", weight: 0.125, size: 300 },
    { task: "high", weight: 0.625, size: 100 },
    { task: "b-tie", weight: 0.125, size: 200 },
    { task: "a-tie", weight: 0.125, size: 200 },
  ]);
  const tasks = ["high", "a-tie", "b-tie", "low"];
  assert.deepEqual(
    spec.data.values.map((row: { task: string }) => row.task),
    tasks,
  );
  assert.deepEqual(spec.layer[0].encoding.y.scale.domain, tasks);
  assert.deepEqual(
    spec.data.values.map((row: { share: number }) => row.share),
    [0.125, 0.25, 0.25, 0.375],
  );
  const rule = spec.layer.find((layer: { mark: { type: string } }) =>
    layer.mark.type === "rule"
  );
  assert.equal(rule.data.values[0].value, 0.25);
  assert.deepEqual(spec.title.text, [
    "high has the highest weight (0.625), low the lowest (0.125)",
  ]);
});

Deno.test("weightsPlot() leaves the sizes out where one is unknown", () => {
  const spec = weightsPlot([
    { task: "a", weight: 1, size: 3 },
    { task: "b", weight: 1, size: null },
  ]);
  assert.equal(JSON.stringify(spec).includes("share"), false);
  assert.deepEqual(spec.title.text, [
    "All 2 tasks have the same weight, 1.000",
  ]);
});

Deno.test("ndcgPlot() sorts by gain, and compares means over whole tasks only", () => {
  const spec = ndcgPlot([
    { task: "loses", arm: "reweighted", ndcg: 0.25 },
    { task: "loses", arm: "uniform", ndcg: 0.5 },
    { task: "gains", arm: "uniform", ndcg: 0.5 },
    { task: "gains", arm: "reweighted", ndcg: 0.875 },
    { task: "half", arm: "uniform", ndcg: 1 },
    { task: "half", arm: "reweighted", ndcg: null },
  ]);
  assert.deepEqual(spec.encoding.y.scale.domain, ["gains", "loses", "half"]);
  assert.equal(
    spec.title.text.join(" "),
    "Mean nDCG@10 over the 2 tasks with all arms: uniform 0.500, reweighted 0.563 (higher on 1 of 2 tasks)",
  );
  assert.deepEqual(
    spec.data.values.map((row: { difference: number }) => row.difference),
    [0, 0.375, 0, -0.25, 0],
  );
});

Deno.test("weightTrajectoryPlot() marks 1/K, colours what moved most, names all apart", () => {
  const spec = weightTrajectoryPlot(weightSteps(MANY, 4));
  const [rule, , lines, , labels] = spec.layer;
  assert.equal(rule.data.values[0].value, 1 / 34);
  const { domain, range } = lines.encoding.color.scale;
  const colored = domain.filter((_: string, i: number) =>
    range[i] !== "#767676"
  );
  assert.equal(colored.length, 6);
  assert.ok(colored.includes("task-33") && colored.includes("task-0"));
  // Labels keep 14 px apart and inside the plot area.
  const [low, high] = labels.encoding.y.scale.domain;
  const px = [...labels.data.values, ...rule.data.values]
    .map((row: { labelValue: number }) =>
      (row.labelValue - low) / (high - low) * spec.height
    )
    .sort((a, b) => a - b);
  assert.equal(px.length, 35);
  for (let i = 1; i < px.length; i++) {
    assert.ok(px[i]! - px[i - 1]! > 14 - 1e-9);
  }
  assert.ok(px[0]! > -1e-9 && px.at(-1)! < spec.height + 1e-9);
});

Deno.test("long lines are thinned: weights to points, losses to window means", () => {
  const weights = weightTrajectoryPlot(weightSteps(["a", "b"], 999), {
    maxPoints: 10,
  });
  const steps = weights.data.values
    .filter((row: { series: string }) => row.series === "a")
    .map((row: { step: number }) => row.step);
  assert.equal(steps.length, 10);
  assert.equal(steps[0], 0);
  assert.equal(steps.at(-1), 999);
  const losses = lossPlot(
    [1, 2, 3, 4, 5].map((step) => ({ step, loss: step })),
    { maxPoints: 3 },
  );
  assert.deepEqual(losses.data.values, [
    { series: "loss", step: 2, value: 1.5 },
    { series: "loss", step: 4, value: 3.5 },
    { series: "loss", step: 5, value: 5 },
  ]);
  assert.match(JSON.stringify(losses), /mean of 2 steps/);
});

Deno.test("lossPlot() makes a line of each arm and task, in order of steps", () => {
  const spec = lossPlot([
    { step: 2, arm: "uniform", task: "a", loss: 1 },
    { step: 1, arm: "uniform", task: "a", loss: 2 },
    { step: 1, arm: "uniform", task: "b", loss: null },
    { step: 2, arm: "uniform", task: "b", loss: 3 },
  ]);
  assert.deepEqual(spec.data.values, [
    { series: "uniform · a", step: 1, value: 2 },
    { series: "uniform · a", step: 2, value: 1 },
    { series: "uniform · b", step: 2, value: 3 },
  ]);
});

Deno.test("an arm has the same colour in every plot", () => {
  const arms = ["top", "uniform", "reweighted"];
  const colors = (spec: PlotSpec) => {
    const layer = spec.layer.find((
      one: { encoding: { color?: { scale?: unknown } } },
    ) => one.encoding.color?.scale !== undefined);
    const { domain, range } = layer.encoding.color.scale;
    return Object.fromEntries(
      arms.map((arm) => [arm, range[domain.indexOf(arm)]]),
    );
  };
  const wanted = {
    uniform: "#767676",
    top: "#0072b2",
    reweighted: "#d55e00",
  };
  const loss = arms.map((arm, i) => ({ arm, step: 1, loss: i }));
  const ndcg = arms.map((arm, i) => ({ arm, task: "a", ndcg: i / 4 }));
  const gain = arms.map((arm, i) => ({ arm, dataUsed: i / 4, ndcg: i / 4 }));
  assert.deepEqual(colors(lossPlot(loss)), wanted);
  assert.deepEqual(colors(ndcgPlot(ndcg)), wanted);
  assert.deepEqual(colors(gainPlot(gain)), wanted);
});

Deno.test("gainPlot() joins only arms with several points", () => {
  const one = [{ arm: "top", dataUsed: 0.75, ndcg: 0.5 }, {
    arm: "uniform",
    dataUsed: 1,
    ndcg: 0.25,
  }];
  const types = (spec: PlotSpec) =>
    spec.layer.map((l: { mark: { type: string } }) => l.mark.type);
  assert.deepEqual(types(gainPlot(one)), ["rule", "text", "point"]);
  assert.deepEqual(
    types(gainPlot([...one, { arm: "uniform", dataUsed: 0.5, ndcg: 0.2 }])),
    ["rule", "text", "line", "point"],
  );
  assert.deepEqual(
    gainPlot(one).title.text,
    ["Mean nDCG@10: uniform 0.250 (100% of the data), top 0.500 (75%)"],
  );
});

Deno.test("every option of a plot changes it", () => {
  const rows = [{ task: "a", weight: 1 }];
  const spec = weightsPlot(rows, {
    title: "T",
    subtitle: "S",
    width: 300,
    height: 99,
  });
  assert.deepEqual(spec.title, { text: ["T"], subtitle: ["S"] });
  assert.equal(spec.width, 300);
  assert.equal(spec.height, 99);
  assert.throws(
    () => weightsPlot(rows, { width: 0 }),
    {
      name: "RangeError",
      message:
        "Cannot plot weights: width must be a number of px above 0: got 0",
    },
  );
});

Deno.test("plots refuse rows they can't draw", () => {
  assert.throws(
    () => weightsPlot([]),
    /Cannot plot weights: there are no rows/,
  );
  assert.throws(
    () => weightsPlot([{ task: "a", weight: 1 }, { task: "a", weight: 2 }]),
    /task "a" appears twice/,
  );
  assert.throws(() => weightsPlot([{ task: "a", weight: NaN }]), /got NaN/);
  assert.throws(
    () => weightTrajectoryPlot([{ task: "a", step: 1 } as never]),
    /row 0: "weight" is missing/,
  );
  assert.throws(
    () => weightTrajectoryPlot(weightSteps(["a"], 1), { maxPoints: 1 }),
    /maxPoints must be a whole number of at least 2: got 1/,
  );
  assert.throws(
    () => ndcgPlot([{ task: "a", arm: "b", ndcg: 1.5 }]),
    /\[0, 1\].*got 1.5/,
  );
  assert.throws(
    () => ndcgPlot([{ task: "a", arm: "b", ndcg: null }]),
    /every value is unknown/,
  );
  assert.throws(
    () =>
      ndcgPlot([{ task: "a", arm: "b", ndcg: 1 }, {
        task: "a",
        arm: "b",
        ndcg: 1,
      }]),
    /row 1: task "a" has arm "b" twice/,
  );
  assert.throws(() => lossPlot([{ step: 1, loss: null }]), /no row has a loss/);
  assert.throws(
    () => gainPlot([{ arm: "a", dataUsed: 70, ndcg: 0.5 }]),
    /got 70/,
  );
});

Deno.test("measuresPlot() holds each measure against its median task", () => {
  const spec = measuresPlot([
    { task: "b", released: 100, ratioOfMeans: 3 },
    { task: "a", released: 300, ratioOfMeans: 1 },
    { task: "c", released: 50, ratioOfMeans: 2 },
    { task: "never drawn", released: null, ratioOfMeans: null },
  ]);
  assert.deepEqual(
    spec.data.values.map((v: { task: string; relative: number }) => [
      v.task,
      v.relative,
    ]),
    [["a", 3], ["a", 0.5], ["b", 1], ["b", 1.5], ["c", 0.5], ["c", 1]],
  );
  assert.match(spec.title.text.join(" "), /disagree on 2 of 3 tasks/);
});

Deno.test("measuresPlot() never says that measures agree whose amounts differ", () => {
  const title = (rows: [number, number][]) =>
    measuresPlot(rows.map(([released, ratioOfMeans], k) => ({
      task: `t${k}`,
      released,
      ratioOfMeans,
      start: 0.5,
      end: k ? 0.9 : 0.1,
    }))).title.text.join(" ");
  assert.equal(
    title([[1, 1], [2, 2], [6, 30]]),
    "Both measures put the same tasks of 3 above the median, but by different amounts: up to a factor of 5.0 (t2)",
  );
  for (
    const rows of [[[1, 10], [2, 20]], [[1, 1]], [[1, 1], [2, 2], [6, 30]]]
  ) {
    assert.doesNotMatch(title(rows as [number, number][]), /\bagree/);
  }
});

Deno.test("weightTrajectoryPlot() of several seeds: means, and bands from least to largest", () => {
  const spec = weightTrajectoryPlot([
    { seed: 1, step: 0, task: "a", weight: 0.5 },
    { seed: 1, step: 0, task: "b", weight: 0.5 },
    { seed: 1, step: 1, task: "a", weight: 0.75 },
    { seed: 1, step: 1, task: "b", weight: 0.25 },
    { seed: 2, step: 0, task: "a", weight: 0.5 },
    { seed: 2, step: 0, task: "b", weight: 0.5 },
    { seed: 2, step: 1, task: "a", weight: 0.5 },
    { seed: 2, step: 1, task: "b", weight: 0.5 },
  ]);
  assert.deepEqual(
    spec.data.values.filter((v: { series: string }) => v.series === "a"),
    [
      { series: "a", step: 0, value: 0.5, low: 0.5, high: 0.5 },
      { series: "a", step: 1, value: 0.625, low: 0.5, high: 0.75 },
    ],
  );
  assert.ok(spec.layer.some((l: { name?: string }) => l.name === "bands"));
  assert.match(spec.title.subtitle.join(" "), /means of 2 seeds/);
  // One seed has no band.
  const one = weightTrajectoryPlot(
    weightSteps(["a", "b"], 2).map((row) => ({ ...row, seed: 7 })),
  );
  assert.ok(!one.layer.some((l: { name?: string }) => l.name === "bands"));
});

Deno.test("intervalPlot() sorts, and counts only intervals that leave 0 out", () => {
  const spec = intervalPlot([
    { name: "loss", difference: -0.2, low: -0.3, high: -0.1 },
    { name: "nothing", difference: 0.1, low: -0.1, high: 0.3 },
    { name: "gain", difference: 0.2, low: 0.1, high: 0.3, note: "p 0.01" },
  ], { baseline: "base" });
  assert.equal(
    spec.title.text.join(" "),
    "1 of 3 above base, 1 below, 1 not to be told from it",
  );
  assert.deepEqual(
    spec.data.values.map((v: { name: string; label: string }) => v.label),
    ["+0.2000 · p 0.01", "+0.1000", "−0.2000"],
  );
  assert.deepEqual(
    intervalPlot([{ name: "a", difference: 0, low: -1, high: 1 }]).title.text,
    ["None of 1 can be told from uniform: every interval holds 0"],
  );
});

Deno.test("heatmapPlot() orders columns by their mean and adds it as a line", () => {
  const rows = [
    { task: "t", arm: "worse", value: -0.5 },
    { task: "u", arm: "worse", value: 0 },
    { task: "t", arm: "better", value: 0.25 },
    { task: "u", arm: "better", value: null },
  ];
  const spec = heatmapPlot(rows);
  assert.deepEqual(spec.encoding.x.scale.domain, ["better", "worse"]);
  assert.deepEqual(spec.encoding.y.scale.domain, ["t", "u", "mean"]);
  const labels = (plot: PlotSpec) =>
    plot.data.values.map((v: { label: string }) => v.label);
  assert.deepEqual(labels(spec), [
    "−0.500",
    "±0.000",
    "+0.250",
    "+0.250",
    "−0.250",
  ]);
  assert.deepEqual(
    labels(heatmapPlot([rows[2]!], { digits: 1 })),
    ["0.3"],
  );
  const bare = heatmapPlot(rows, { mean: false });
  assert.equal(bare.title.text.join(" "), "Largest: t in better (0.250)");
  assert.deepEqual(bare.encoding.y.scale.domain, ["t", "u"]);
  assert.throws(() => heatmapPlot([rows[0]!, rows[0]!]), /"worse" twice/);
  assert.throws(() => heatmapPlot([rows[3]!]), /every value is unknown/);
});

Deno.test("lengthHistogram() loses no text, whatever the bins", () => {
  for (const kinds of [["a"], ["a", "b"]]) {
    const rows = kinds.flatMap((kind, k) =>
      Array.from({ length: 50 }, (_, i) => ({ kind, length: i ** (1 + k) }))
    );
    for (const options of [{}, { bins: 5 }, { limit: 1000 }]) {
      const { values } = lengthHistogram(rows, options).data;
      for (const kind of kinds) {
        const own = values.filter((v: { arm: string }) => v.arm === kind);
        const sum = (field: "count" | "share") =>
          own.reduce(
            (all: number, v: Record<string, number>) => all + v[field]!,
            0,
          );
        assert.equal(sum("count"), 50);
        assert.ok(Math.abs(sum("share") - 1) < 1e-12);
        // Bins touch and none is empty of width.
        for (let i = 1; i < own.length; i++) {
          assert.equal(own[i].from, own[i - 1].to);
        }
      }
    }
  }
  assert.throws(
    () => lengthHistogram([{ length: 1 }], { limit: 0 }),
    /limit must be a number above 0: got 0/,
  );
  assert.throws(
    () => lengthHistogram([{ length: 1 }], { bins: 1 }),
    /bins must be a whole number from 2 to 500: got 1/,
  );
});

Deno.test("duplicateHistogram() counts what is superfluous", () => {
  const spec = duplicateHistogram([
    { task: "a", copies: 1, texts: 60 },
    { task: "b", copies: 2, texts: 5 },
    { task: "b", copies: 30, texts: 1 },
  ]);
  // 60 + 10 + 30 texts, of which 66 differ.
  assert.equal(
    spec.title.text.join(" "),
    "34% of 100 texts are copies of another; most in b (85%)",
  );
  assert.deepEqual(
    spec.data.values.map((v: { bar: string; texts: number }) => [
      v.bar,
      v.texts,
    ]),
    [["1", 60], ["2", 5], ["10 or more", 1]],
  );
});

Deno.test("scalingPlot() takes a logarithm only over more than a factor of ten", () => {
  const scale = (sizes: number[]) =>
    scalingPlot(sizes.map((size) => ({ size, quality: 0.5 })))
      .layer.at(-1).encoding.x.scale.type;
  assert.equal(scale([1, 10]), undefined);
  assert.equal(scale([1, 11]), "log");
  assert.equal(scale([0, 11]), undefined);
});

Deno.test("benchPlot() judges by the target, or by the peer where there is none", () => {
  const spec = benchPlot([
    { work: "a", ratio: 1.5, target: 2 },
    { work: "b", ratio: 0.5, target: 0.4 },
    { work: "c", ratio: 1 },
    { work: "d", ratio: 0.99 },
  ], { peer: "P" });
  assert.deepEqual(
    spec.data.values.map((v: { met: boolean }) => v.met),
    [false, true, true, false],
  );
  assert.match(
    spec.title.text.join(" "),
    /^2 of 4 .*; ×0\.928 in the geometric mean$/,
  );
  assert.throws(() => benchPlot([{ work: "a", ratio: 0 }]), /"ratio" must be/);
  assert.throws(
    () => benchPlot([{ work: "a", ratio: 1, low: 2, high: 1 }]),
    /two ends of an interval.*got 2 and 1/,
  );
});

Deno.test("measuresPlot() takes a logarithm only where values are far apart", () => {
  const scale = (released: number[]) =>
    measuresPlot(released.map((value, k) => ({
      task: `t${k}`,
      released: value,
      ratioOfMeans: 1,
    }))).layer[2].encoding.x.scale.type;
  assert.equal(scale([1, 2, 4]), undefined);
  assert.equal(scale([0.01, 1, 4]), "log");
  assert.equal(scale([0, 1, 40]), undefined);
  assert.equal(scale([0, 0, 0]), undefined);
});

Deno.test("measuresPlot() names rows that it can't draw", () => {
  const row = { task: "a", released: 1, ratioOfMeans: 1 };
  for (
    const [rows, pattern] of [
      [[row, row], /task "a" appears twice/],
      [[{ ...row, released: -1 }], /"released" must be/],
      [
        [{ task: "a", released: null, ratioOfMeans: null }],
        /every value is unknown/,
      ],
    ] as const
  ) {
    assert.throws(() => measuresPlot(rows), pattern);
  }
});
