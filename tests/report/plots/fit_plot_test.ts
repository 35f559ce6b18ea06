import assert from "node:assert/strict";
import schema from "vega-lite/vega-lite-schema.json" with { type: "json" };
import {
  heatmapPlot,
  ndcgPlot,
  renderSvg,
  weightsPlot,
} from "../../../lib/report/mod.ts";
import { fitPlot } from "../../../lib/report/plots/fit_plot.ts";
import { checkSchema } from "../_check_schema.ts";
import { ndcgRows, resultRows, TASKS } from "../_sample_rows.ts";

const LONG = TASKS.map((task) => `${task}-${"long-".repeat(20)}`);

/** Width of a drawing, in px. */
function widthOf(svg: string): number {
  return Number(/ width="([\d.]+)"/.exec(svg)![1]);
}

Deno.test("fitPlot() makes a plot as wide as its place, whatever the names", async () => {
  for (
    const spec of [weightsPlot(resultRows(LONG)), ndcgPlot(ndcgRows(LONG))]
  ) {
    const before = structuredClone(spec);
    for (const width of [320, 358, 786]) {
      const fitted = fitPlot(spec, width);
      assert.equal(checkSchema(fitted, schema), undefined);
      const svg = await renderSvg(fitted);
      assert.ok(Math.abs(widthOf(svg) - width) <= 2, `${widthOf(svg)}`);
      assert.match(svg, />ts-messages[^<]*…<\/text>/);
      assert.ok(!svg.includes(spec.title.subtitle[0]!));
    }
    assert.deepEqual(spec, before);
  }
});

Deno.test("fitPlot() leaves each column of a heatmap room for its number", () => {
  const cells = (count: number) =>
    Array.from({ length: count }, (_, a) => ({
      task: LONG[0]!,
      arm: `arm ${a}`,
      value: a / 10,
    }));
  const width = (count: number) =>
    (fitPlot(heatmapPlot(cells(count)), 358) as { width: number }).width;
  const natural = (count: number) => heatmapPlot(cells(count)).width;
  assert.equal(width(2), natural(2));
  assert.ok(width(5) < natural(5));
  // Twelve don't fit: the drawing is wider than its place, and scrolls there.
  assert.equal(width(12), 12 * 48);
});

Deno.test("the source of fitPlot() stands alone, as the page needs it", () => {
  const alone = new Function(
    `return ${fitPlot.toString()}`,
  )() as typeof fitPlot;
  const spec = ndcgPlot(ndcgRows(TASKS));
  assert.deepEqual(alone(spec, 358), fitPlot(spec, 358));
});
