import assert from "node:assert/strict";
import { renderSvg, scalingLawPlot } from "../../../lib/report/mod.ts";

const ROWS = [
  { size: 1e4, data: "500", loss: 2, kind: "measured" },
  { size: 1e4, data: "500", loss: 2.1, kind: "law", low: 2, high: 2.2 },
  { size: 1e5, data: "500", loss: 1.9, kind: "law", low: 1.8, high: 2 },
  { size: 1e5, data: "500", loss: 1.9, kind: "beyond", low: 1.8, high: 2 },
  { size: 1e6, data: "500", loss: 1.7, kind: "beyond", low: 1.5, high: 1.9 },
] as const;

Deno.test("scalingLawPlot() dashes and hatches what was not measured", async () => {
  const spec = scalingLawPlot(ROWS);
  assert.deepEqual(spec.title.text, [
    "Entropy at 1M parameters by the law: 1.70 on 500 training queries",
  ]);
  // Each point of the law beyond the trainings has a rule from end to end.
  const svg = await renderSvg(spec);
  assert.equal(svg.match(/stroke-dasharray="2,2"/g)?.length, 2);
  assert.equal(svg.match(/stroke-dasharray="5,4"/g)?.length, 1);
});

Deno.test("scalingLawPlot() says which colour is which amount of data", async () => {
  const rows = ROWS.flatMap((row) => [row, { ...row, data: "9,000" }]);
  const svg = await renderSvg(scalingLawPlot(rows));
  for (const label of ["training queries", "500", "9,000"]) {
    assert.ok(svg.includes(`>${label}<`), label);
  }
});

Deno.test("scalingLawPlot() refuses rows that it can't draw", () => {
  assert.throws(
    () => scalingLawPlot([{ ...ROWS[0], size: 0 }]),
    /size must be > 0 and kind one of measured, law, beyond: got 0/,
  );
  assert.throws(
    () => scalingLawPlot([{ ...ROWS[0], kind: "else" as "law" }]),
    /got 10000 and else/,
  );
});
