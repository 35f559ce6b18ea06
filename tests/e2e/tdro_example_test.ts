import assert from "node:assert/strict";
import { tdro } from "../../examples/tdro.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import { ROOT } from "../_paths.ts";
import { toySuite } from "../_toy_suite.ts";

Deno.test("the example runs from tasks to a verdict", async () => {
  await useBackend("wasm");
  const printed: string[] = [];
  const { log } = console;
  console.log = (...values) => printed.push(values.map(String).join(" "));
  try {
    const { weights, losses, verdict } = await tdro(toySuite(), {
      steps: 20,
      size: 8,
      shape: { hiddenSize: 16, intermediateSize: 32, layers: 1, heads: 2 },
      vocabSize: 200,
    });
    assert.equal(weights.length, 3);
    assert.ok(weights.every((weight) => weight > 0));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    assert.ok(Math.abs(total - 1) < 1e-9, `${total}`);
    // The stage draws tasks, which differ in their losses: ends are averaged.
    const mean = (values: number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.equal(losses.length, 20);
    assert.ok(mean(losses.slice(-5)) < mean(losses.slice(0, 5)));
    assert.match(
      verdict,
      /^Mean nDCG@10: uniform 0\.\d{3}, reweighted 0\.\d{3}\. .*help/,
    );
    assert.equal(printed.length, 4); // a line a task, then the verdict
    assert.equal(printed.at(-1), verdict);
  } finally {
    console.log = log;
  }
});

Deno.test("the example fits on a page", async () => {
  const text = await Deno.readTextFile(`${ROOT}examples/tdro.ts`);
  const lines = text.trimEnd().split("\n");
  assert.ok(lines.length <= 100, `${lines.length} lines`);
  // It shows the parts; the module that puts them together is not among them.
  assert.doesNotMatch(text, /@tdro\/tdro\/experiment/);
});
