/** The grid of trainings, and what is measured in each. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  contrastiveEntropy,
  planScale,
  scale,
  type ScaleOptions,
} from "../../../lib/experiment/mod.ts";
import { ended, stopAt } from "../../_long_work.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";

const SETTINGS = {
  sizes: ["1x4", "1x8", "2x8", "1x16"],
  data: [0.5, 0.75, 1],
  seeds: [1],
  steps: 2,
  batchSize: 4,
  vocabSize: 80,
  queryLength: 16,
  passageLength: 16,
  negatives: 8,
  draws: 2,
  resamples: 3,
} satisfies Partial<ScaleOptions>;

Deno.test("scale() trains a grid, goes on where it stopped, and grows", () =>
  inTempFolder(async (folder) => {
    const backend = await useBackend("wasm");
    const out = join(folder, "grid");
    const options = { ...SETTINGS, sizes: ["1x4", "1x8"], backend, out };
    // Stopped within the second training.
    let seen = 0;
    await stopAt(
      scale(toySuite(), options),
      ({ stage }) => stage === "1x4-0.75-1: retriever" && ++seen === 2,
    );
    const times = async (...path: string[]) =>
      (await Deno.stat(join(out, ...path))).mtime;
    const negatives = ["mined", "0.5-1", "shades.jsonl"];
    const first = await times("cells", "1x4-0.5-1.json");
    const mined = await times(...negatives);
    const plans: string[] = [];
    const small = await ended(
      scale(toySuite(), options),
      ({ stage, lines }) => lines && plans.push(stage),
    );
    // One of five trainings that are left tells its plan.
    assert.deepEqual(plans, ["1x4-0.75-1: plan"]);
    assert.equal(small.cells.length, 6);
    assert.equal(small.fit, undefined, "two sizes have no law");
    assert.deepEqual(await times("cells", "1x4-0.5-1.json"), first);
    // More sizes in the same folder train what is new alone.
    const stages = new Set<string>();
    const grown = await ended(
      scale(toySuite(), { ...options, sizes: SETTINGS.sizes }),
      ({ stage }) => stages.add(stage.split("-")[0]!),
    );
    assert.ok(!stages.has("1x4") && stages.has("2x8"));
    assert.deepEqual(grown.cells.slice(0, 6), small.cells);
    assert.ok(grown.fit!.law.e >= 0);
    // Each share is mined once, whatever is trained on it.
    assert.deepEqual(await times(...negatives), mined);
    assert.deepEqual(
      [...Deno.readDirSync(join(out, "mined"))].map(({ name }) => name).sort(),
      ["0.5-1", "0.75-1", "1-1"],
    );
    assert.equal(new Set(grown.cells.map((cell) => cell.data)).size, 3);
    assert.equal(new Set(grown.cells.map((cell) => cell.parameters)).size, 4);
    for (const { loss } of grown.cells) {
      assert.ok(loss > 0 && loss < 20);
    }
    const law = JSON.parse(await Deno.readTextFile(join(out, "law.json")));
    assert.deepEqual(law.law, grown.fit!.law);
    assert.deepEqual(law.open, grown.fit!.open);
    // 3 × 3 steps of sizes, 4 × 2 of data.
    assert.equal(grown.steps.count, 17);
    assert.deepEqual(law.steps, grown.steps);
    // Four sizes leave no law of three; with five the largest is foretold.
    assert.deepEqual(law.foretold, []);
    const { foretold } = await ended(
      scale(toySuite(), { ...options, sizes: [...SETTINGS.sizes, "2x16"] }),
    );
    assert.equal(foretold!.length, SETTINGS.data.length);
    for (const { parameters, smaller, value } of foretold!) {
      assert.ok(parameters > grown.cells.at(-1)!.parameters);
      assert.ok(grown.cells.some(({ loss }) => loss === smaller));
      assert.ok(value > 0);
    }
    await assert.rejects(
      ended(scale(toySuite(), { ...options, steps: 3 })),
      /it holds a grid with other settings \(options.steps is 3, was 2\)/,
    );
  }));

Deno.test("planScale() counts the trainings and writes nothing", () =>
  inTempFolder(async (folder) => {
    const backend = await useBackend("wasm");
    const out = join(folder, "grid");
    const { trainings, largest } = await ended(
      planScale(toySuite(), { ...SETTINGS, backend, out }),
    );
    assert.equal(trainings, 12);
    assert.match(largest.folder, /1x16-1-1$/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    for (
      const [change, message] of [
        [{ sizes: ["2"] }, /sizes.0: must be LAYERSxWIDTH/],
        [{ data: [0] }, /Cannot scale: data.0/],
        [{ seeds: [1, 1] }, /seeds: must name each once/],
      ] as const
    ) {
      await assert.rejects(
        ended(planScale(toySuite(), {
          ...SETTINGS,
          ...change as unknown as Partial<ScaleOptions>,
          backend,
        })),
        message,
      );
    }
  }));

Deno.test("contrastiveEntropy(): worked by hand, judged passages never drawn", async () => {
  const suite = toySuite();
  const [task] = suite.tasks;
  // A text's vector says whether it has the word "lamp".
  const encode = (texts: readonly string[]) =>
    Promise.resolve({
      data: Float32Array.from(
        texts.flatMap((text) => text.includes("lamp") ? [1, 0] : [0, 1]),
      ),
      count: texts.length,
      dimension: 2,
    });
  const query = [...task!.queries.values()].find(({ text }) =>
    text.includes("lamp")
  )!;
  const judged = new Map(
    [...task!.corpus.values()].filter(({ text }) => text.includes("lamp"))
      .map(({ id }) => [id, 1]),
  );
  const one = {
    name: "one",
    tasks: [{
      ...task!,
      qrels: { test: new Map([[query.id, judged]]) },
    }],
  };
  // The positive scores 1 / t, each of 8 others 0: all with the word are judged.
  const { mean } = await contrastiveEntropy(encode, one, {
    negatives: 8,
    draws: 3,
    temperature: 0.5,
  });
  assert.ok(Math.abs(mean - Math.log(1 + 8 * Math.exp(-2))) < 1e-6);
  const again = await contrastiveEntropy(encode, suite, { negatives: 8 });
  // A task's queries share what is drawn.
  let encoded = 0;
  const counting: typeof encode = (texts) => {
    encoded += texts.length;
    return encode(texts);
  };
  await contrastiveEntropy(counting, suite, { negatives: 1, draws: 1 });
  const queries = suite.tasks.map(({ qrels }) => qrels.test!.size);
  // Queries and positives, one more, and what stands in where that one is judged.
  const most = queries.reduce((sum, n) => sum + 2 * n + 2, 0);
  assert.ok(encoded <= most, `${encoded} of ${most}`);
  assert.deepEqual(
    await contrastiveEntropy(encode, suite, { negatives: 8 }),
    again,
  );
  await assert.rejects(
    contrastiveEntropy(encode, one, { split: "dev" }),
    /its dev judgments must name a query with a positive/,
  );
  await assert.rejects(
    contrastiveEntropy(encode, one, { negatives: 0 }),
    /negatives must be an integer of at least 1: got 0/,
  );
});
