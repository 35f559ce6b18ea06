import assert from "node:assert/strict";
import fc from "fast-check";
import { useBackend } from "../../lib/backend/mod.ts";
import { normaliseText, type TrainExample } from "../../lib/data/mod.ts";
import { runExperiment, trainRetriever } from "../../lib/experiment/mod.ts";
import {
  bareSentence,
  fillBareRows,
} from "../../lib/experiment/stages/bare_queries.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

/** Rows of the toy suite's first task; those at the places given are bare. */
function rowsWithout(bare: ReadonlySet<number>): TrainExample[] {
  const [task] = toySuite().tasks;
  return [...task!.qrels.train!].map(([id, grades], i) => ({
    domain: 0,
    query: task!.queries.get(id)!,
    positives: [...grades.keys()].map((p) => task!.corpus.get(p)!),
    negatives: bare.has(i) ? [] : [task!.corpus.get("shades-p0")!],
  }));
}

const one = { name: "toy", tasks: toySuite().tasks.slice(0, 1) };

Deno.test("rows without a hard negative are left out, or filled with other queries' positives", () => {
  const places = fc.uniqueArray(fc.nat({ max: 23 }), { maxLength: 23 });
  fc.assert(fc.property(places, fc.nat(), (list, seed) => {
    const bare = new Set(list);
    const rows = rowsWithout(bare);
    const fill = (bareQueries: "drop" | "in-batch") =>
      fillBareRows([rows], one, { bareQueries, negatives: 3, seed });
    const dropped = fill("drop");
    assert.deepEqual(dropped.rows[0], rows.filter((_, i) => !bare.has(i)));
    assert.deepEqual(dropped.counts, [
      { bareQueries: bare.size, bareLeftOut: bare.size },
    ]);
    const filled = fill("in-batch");
    assert.deepEqual(filled.counts, [
      { bareQueries: bare.size, bareLeftOut: 0 },
    ]);
    const positives = new Set(
      rows.flatMap((r) => r.positives.map((p) => p.id)),
    );
    filled.rows[0]!.forEach((row, i) => {
      if (!bare.has(i)) return assert.deepEqual(row, rows[i]);
      assert.equal(new Set(row.negatives.map(({ id }) => id)).size, 3);
      for (const { id } of row.negatives) {
        assert.ok(positives.has(id));
        assert.ok(row.positives.every((p) => p.id !== id));
      }
    });
    assert.deepEqual(fill("in-batch"), filled, "the same seed, the same rows");
  }));
});

Deno.test("no relevant passage, nor one that reads like it, stands in", () => {
  const [task] = toySuite().tasks;
  const all = rowsWithout(new Set([0]));
  const [row] = all;
  const [known, twin, free] = all.slice(1, 4).map((r) => r.positives[0]!);
  const rows = [
    row!,
    { ...all[1]!, positives: [known!] },
    {
      ...all[2]!,
      positives: [{ ...twin!, text: ` ${row!.positives[0]!.text}!` }],
    },
    { ...all[3]!, positives: [free!] },
  ];
  const qrels = {
    ...task!.qrels,
    test: new Map([[row!.query.id, new Map([[known!.id, 1]])]]),
  };
  const suite = { name: "toy", tasks: [{ ...task!, qrels }] };
  const options = { bareQueries: "in-batch", negatives: 8, seed: 1 } as const;
  const { rows: [filled] } = fillBareRows([rows], suite, options);
  assert.deepEqual(filled![0]!.negatives.map(({ id }) => id), [free!.id]);
  assert.notEqual(normaliseText(free!.text), normaliseText(row!.query.text));
  // Where nothing may stand in, the query is left out all the same.
  const { rows: [less], counts } = fillBareRows(
    [rows.slice(0, 3)],
    suite,
    options,
  );
  assert.equal(less!.length, 2);
  assert.deepEqual(counts, [{ bareQueries: 1, bareLeftOut: 1 }]);
});

Deno.test("bareSentence() says what became of them", () => {
  const count = (bareQueries: number, bareLeftOut: number) => ({
    bareQueries,
    bareLeftOut,
  });
  assert.equal(bareSentence({ a: count(0, 0) }), undefined);
  assert.match(
    bareSentence({ a: count(2, 2), b: count(0, 0) })!,
    /: a 2 \(left out; --bare-queries in-batch/,
  );
  assert.match(bareSentence({ a: count(2, 0) })!, /\(got positives/);
  assert.match(
    bareSentence({ a: count(2, 1) })!,
    /\(1 got positives of other queries, 1 are left out\)/,
  );
});

Deno.test("a run leaves out a query whose whole corpus answers it, and says so", () =>
  inTempFolder(async (folder) => {
    const backend = await useBackend("wasm");
    const suite = toySuite();
    const { corpus, qrels } = suite.tasks[1]!;
    const [query] = qrels.train!.keys();
    qrels.train!.set(query!, new Map([...corpus.keys()].map((id) => [id, 1])));
    const options = {
      hiddenSize: 16,
      vocabSize: 200,
      negatives: 2,
      backend,
      steps: 2,
      batchSize: 4,
      weightSteps: 2,
      weightBatchSize: 4,
    };
    const out = `${folder}/run`;
    const labels: string[] = [];
    const run = runExperiment(suite, { ...options, out });
    let next = await run.next();
    while (!next.done) {
      labels.push(next.value.label);
      next = await run.next();
    }
    const { tasks, warnings } = next.value.summary;
    assert.deepEqual(tasks.map(({ size }) => size), [24, 11, 16]);
    const told = /without a hard negative: weights 1 \(left out/;
    assert.ok(labels.some((label) => told.test(label)));
    assert.ok(warnings.some((warning) => told.test(warning)));
    const counts = JSON.parse(await Deno.readTextFile(`${out}/negatives.json`));
    assert.deepEqual(
      [counts.weights.bareQueries, counts.weights.bareLeftOut],
      [1, 1],
    );
    // With one passage a query no hard negative is needed, and none is missed.
    const train = trainRetriever(suite, {
      ...options,
      passages: 1,
      out: `${folder}/train`,
      evaluate: false,
    });
    for await (const { label } of train) assert.doesNotMatch(label, told);
  }));
