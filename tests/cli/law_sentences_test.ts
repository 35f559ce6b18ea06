/** What `tdro scale` says of a grid. */
import assert from "node:assert/strict";
import { lawSentences } from "../../lib/cli/commands/law_sentences.ts";
import {
  fitScaling,
  foretoldLargest,
  lossesThatRise,
  type ScaleResult,
} from "../../lib/experiment/mod.ts";

const SIZES = [1e4, 1e5, 1e6, 1e7, 1e8];

/** A grid whose trainings have the losses of a law. */
function gridOf(
  loss: (parameters: number, data: number) => number,
  { sizes = SIZES, amounts = [1e3, 1e4, 1e5] } = {},
): ScaleResult {
  const cells = sizes.flatMap((parameters) =>
    amounts.map((data) => ({
      name: `${parameters}-${data}`,
      size: `${parameters}`,
      share: data / 1e5,
      seed: 1,
      parameters,
      data,
      tokens: 100 * data,
      loss: loss(parameters, data),
      lossByTask: {},
    }))
  );
  const steps = lossesThatRise(cells);
  if (sizes.length < 4) return { folder: "grid", cells, steps };
  const options = { resamples: 3 };
  const fit = fitScaling(cells, options);
  const foretold = foretoldLargest(cells, options);
  return { folder: "grid", cells, steps, fit, foretold };
}

const sayings = async (
  result: ScaleResult,
  budget?: { flops: number; served: number },
) => (await lawSentences(result, budget)).join("\n");

Deno.test("of a law that holds, its numbers, its test and what more would bring", async () => {
  const result = gridOf((n, d) => 1 + 30 * n ** -0.4 + 20 * d ** -0.5);
  const said = await sayings(result, { flops: 1e15, served: 1e6 });
  assert.match(said, /: E 1\.000 \(.* alpha 0\.40 \(.* beta 0\.50 \(/);
  assert.match(
    said,
    /without the largest size, the law is off by 0\.000 nats on its 3 trainings; the next smaller size is off by 0\.0\d\d\./,
  );
  assert.match(said, /Twice the model would bring the entropy from 1\.08\d to/);
  assert.match(said, /Ten times the data .*, beyond what was measured\./);
  assert.match(said, /1\.00e\+15 operations, 1,000,000 queries served among/);
  assert.doesNotMatch(said, /rose|leave it open|none/);
});

Deno.test("what no law describes is said", async () => {
  // The largest learns little data by heart.
  const result = gridOf((n, d) =>
    1 + 30 * n ** -0.4 + 20 * d ** -0.5 + (n === 1e8 && d === 1e3 ? 2 : 0)
  );
  assert.match(
    await sayings(result),
    /In 1 of 22 steps to a larger encoder or more data the entropy rose, most from 10,000,000 to 100,000,000 parameters on 1,000 training queries: 1\.\d+ to 3\.\d+\./,
  );
  const more = gridOf((n, d) => 1 + 30 * n ** -0.4 + (d === 1e5 ? 1 : 0));
  assert.match(
    await sayings(more),
    /In 5 of 22 .* rose, most from 10,000 to 100,000 training queries at 10,000 parameters/,
  );
});

Deno.test("exponents that are open, or of no term, are said", async () => {
  const step = gridOf((n, d) => (n === 1e4 ? 5 : 4) + 20 * d ** -0.5);
  assert.match(
    await sayings(step),
    /alpha 4\.00 \(.*\), an end of the range: the trainings leave it open, beta/,
  );
  const flat = gridOf((n) => 1 + 30 * n ** -0.4);
  const said = await sayings(flat, { flops: 1e15, served: 0 });
  assert.match(said, /beta none;/);
  assert.match(said, /The budget isn't divided: by this law more data bring/);
  assert.doesNotMatch(said, /Ten times the data/);
});

Deno.test("a grid that is too small has no law", async () => {
  const small = gridOf((n) => 1 + 30 * n ** -0.4, { sizes: [1e4, 1e5] });
  assert.match(await sayings(small), /^No law: it takes at least 4 sizes/);
});
