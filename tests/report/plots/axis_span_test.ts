import assert from "node:assert/strict";
import fc from "fast-check";
import {
  gainPlot,
  heatmapPlot,
  intervalPlot,
  lossPlot,
  ndcgPlot,
  type PlotSpec,
  scalingPlot,
} from "../../../lib/report/mod.ts";
import { axisSpan } from "../../../lib/report/plots/marks/axis_span.ts";

Deno.test("axisSpan() holds every value, spans the least, and stays in bounds", () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(
    fc.array(score, { minLength: 1 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    (values, least) => {
      const { domain: [low, high], note } = axisSpan(values, {
        least,
        within: [0, 1],
      });
      // An ulp of 1 either way, as ends are sums.
      const ulp = 2 ** -52;
      assert.ok(low >= 0 && high <= 1);
      assert.ok(low <= Math.min(...values) + ulp);
      assert.ok(high >= Math.max(...values) - ulp);
      assert.ok(high - low >= least - 1e-9 - ulp);
      if (note === undefined) {
        assert.deepEqual([low, high], [
          Math.min(...values),
          Math.max(...values),
        ]);
      }
    },
  ));
});

Deno.test("axisSpan() leaves as much room below as above, where there is room", () => {
  const span = (...values: number[]) =>
    axisSpan(values, { least: 0.5, within: [0, 1] }).domain;
  assert.deepEqual(span(0.5), [0.25, 0.75]);
  assert.deepEqual(span(0), [0, 0.5]);
  assert.deepEqual(span(1), [0.5, 1]);
  assert.deepEqual(span(0.125, 0.75), [0.125, 0.75]);
});

/** Span of the one explicit domain in a channel. */
function spanOf(spec: PlotSpec, channel: "x" | "y"): number {
  const [low, high] = spec.layer
    .map((layer: PlotSpec) => layer.encoding[channel]?.scale?.domain)
    .find((domain: unknown) => Array.isArray(domain));
  return high - low;
}

Deno.test("a difference of 0.0006 is small in every plot of scores, and said so", () => {
  const arms = [["uniform", 0.4567], ["tdro", 0.4573]] as const;
  const about = (value: number) => ({ low: value - 1e-4, high: value + 1e-4 });
  const scores: [PlotSpec, "x" | "y", number][] = [
    [ndcgPlot(arms.map(([arm, ndcg]) => ({ task: "a", arm, ndcg }))), "x", 0.1],
    [
      ndcgPlot(
        arms.map(([arm, ndcg]) => ({ task: "a", arm, ndcg, ...about(ndcg) })),
      ),
      "x",
      0.1,
    ],
    [
      gainPlot(arms.map(([arm, ndcg]) => ({ arm, dataUsed: 1, ndcg }))),
      "y",
      0.1,
    ],
    [
      scalingPlot(arms.map(([arm, quality]) => ({ arm, size: 1, quality }))),
      "y",
      0.1,
    ],
    [
      intervalPlot([{ name: "tdro", difference: 6e-4, low: 0, high: 1e-3 }]),
      "x",
      0.05,
    ],
  ];
  for (const [spec, channel, least] of scores) {
    assert.ok(Math.abs(spanOf(spec, channel) - least) < 1e-12);
    assert.match(
      spec.title.subtitle.join(" "),
      new RegExp(`axis spans ${least} at least`),
    );
  }
  const [cells] = heatmapPlot([
    { task: "a", arm: "b", value: 6e-4 },
    { task: "a", arm: "c", value: -6e-4 },
  ]).layer;
  assert.deepEqual(cells.encoding.color.scale.domain, [-0.025, 0, 0.025]);
});

Deno.test("large differences make the axis, and leastSpan can be chosen", () => {
  const rows = [{ name: "a", difference: 0.25, low: 0.125, high: 0.5 }];
  assert.equal(spanOf(intervalPlot(rows), "x"), 0.5);
  assert.equal(spanOf(intervalPlot(rows, { leastSpan: 2 }), "x"), 2);
  const small = [{ size: 1, quality: 0.5 }, { size: 2, quality: 0.5625 }];
  assert.equal(spanOf(scalingPlot(small, { leastSpan: 0 }), "y"), 0.0625);
  assert.throws(() => intervalPlot(rows, { leastSpan: -1 }), {
    name: "RangeError",
    message:
      "Cannot plot differences: leastSpan must be a number of at least 0: got -1",
  });
  const pale = heatmapPlot([{ task: "a", arm: "b", value: 0.25 }], {
    leastSpan: 0.5,
  });
  assert.deepEqual(pale.layer[0].encoding.color.scale.domain, [0.25, 0.75]);
});

Deno.test("lossPlot() spans a fiftieth of the loss at least", () => {
  const span = (...losses: number[]) =>
    spanOf(lossPlot(losses.map((loss, step) => ({ loss, step }))), "y");
  // 0.04 of room at either end.
  assert.ok(Math.abs(span(2, 2.0001) - 0.02 * 2.0001 * 1.08) < 1e-9);
  assert.ok(Math.abs(span(0.001, 0.021) - 0.02 * 1.08) < 1e-9);
});
