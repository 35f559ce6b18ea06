import assert from "node:assert/strict";
import { useBackend } from "../../../lib/backend/mod.ts";
import { readTdroJsonl, type Suite } from "../../../lib/data/mod.ts";
import {
  compareNegatives,
  keepGenerated,
} from "../../../lib/experiment/mod.ts";
import { formatDecisions } from "../../../lib/search/mod.ts";
import { saveEncoder } from "../../../lib/model/mod.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";

const suite: Suite = { ...toySuite(), tasks: toySuite().tasks.slice(1, 2) };
const [task] = suite.tasks;

const QUICK = {
  hiddenSize: 8,
  heads: 1,
  vocabSize: 100,
  steps: 2,
  batchSize: 4,
  passages: 2,
  negatives: 2,
};

async function last<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  let next = await work.next();
  while (!next.done) next = await work.next();
  return next.value;
}

/** A training file of passages that nobody mined, for all queries but one. */
async function written(folder: string): Promise<string> {
  const queries = [...task!.qrels.train!.keys()].slice(1);
  await keepGenerated(
    task!,
    new Map(queries.map((query, i) => [
      query,
      [1, 2, 3].map((n) => ({
        id: `llm-${query}-${n}`,
        text: `a written line ${i} ${"so ".repeat(n)}`,
        grade: 0,
      })),
    ])),
    { out: `${folder}/written`, settings: { by: "llm" } },
  );
  return `${folder}/written`;
}

Deno.test("kinds of negatives are compared on the same queries", async () => {
  const backend = await useBackend("wasm");
  await inTempFolder(async (folder) => {
    const llm = await written(folder);
    const [query] = [...task!.qrels.train!.keys()].slice(1);
    const decisions = `${folder}/decisions.tsv`;
    const row = {
      decision: "doubtful" as const,
      ...{ task: "weights", query: query!, passage: "weights-p0" },
      ...{ score: 1, positiveScore: 1, queryText: "", positiveText: "" },
      passageText: "",
    };
    await Deno.writeTextFile(decisions, formatDecisions([row]));
    const options = {
      ...QUICK,
      backend,
      decisions,
      seeds: [1, 2],
      out: `${folder}/compared`,
    };
    const arms = ["bm25", { name: "llm", folder: llm }, "bm25+llm", "judged"];
    const result = await last(compareNegatives(suite, arms, options));
    assert.deepEqual(
      result.arms.map(({ name, negatives, written }) => [
        name,
        negatives,
        written,
      ]),
      [["bm25", 22, 0], ["llm", 22, 22], ["bm25+llm", 22, 11], [
        "judged",
        22,
        0,
      ]],
    );
    assert.equal(result.queries, task!.qrels.train!.size - 1);
    const [first, ...others] = result.arms;
    assert.deepEqual([first!.interval, first!.p], [null, null]);
    for (const arm of others) {
      assert.equal(arm.seedMeans.length, 2);
      const [low, high] = arm.interval!;
      assert.ok(low <= arm.difference && arm.difference <= high);
      // By hand: the mean over seeds of what each gained.
      const gained = arm.seedMeans.map((value, s) =>
        value - first!.seedMeans[s]!
      );
      assert.ok(
        Math.abs((gained[0]! + gained[1]!) / 2 - arm.difference) < 1e-9,
      );
      assert.ok(arm.pHolm! >= arm.p!);
    }
    const file = `${folder}/compared/negatives/judged/weights.jsonl`;
    const rows = await Array.fromAsync(readTdroJsonl(file, 0));
    const judged = rows.find((each) => each.query.id === query)!;
    assert.ok(judged.negatives.every(({ id }) => id !== "weights-p0"));

    // What no training changes is measured once.
    const measured = async (run: string) =>
      Object.keys(JSON.parse(
        await Deno.readTextFile(`${folder}/compared/runs/${run}/eval.json`),
      ));
    assert.deepEqual(
      await measured("bm25/seed-1"),
      ["bm25", "start", "retriever"],
    );
    assert.deepEqual(await measured("bm25/seed-2"), ["retriever"]);
    assert.deepEqual(await measured("llm/seed-1"), ["retriever"]);

    // Again it is all there, to the same result.
    const before = await Deno.readTextFile(`${folder}/compared/negatives.json`);
    const run = `${folder}/compared/runs/bm25/seed-1/eval.json`;
    const made = (await Deno.stat(run)).mtime;
    assert.deepEqual(
      await last(compareNegatives(suite, arms, options)),
      result,
    );
    assert.equal(
      await Deno.readTextFile(`${folder}/compared/negatives.json`),
      before,
    );
    assert.deepEqual((await Deno.stat(run)).mtime, made);
  });
});

Deno.test("arms are mined by a model with the lengths of the training", async () => {
  const backend = await useBackend("wasm");
  await inTempFolder(async (folder) => {
    const mineModel = `${folder}/model`;
    await saveEncoder(smallEncoder(), mineModel);
    const out = `${folder}/compared`;
    // So small a model finds no negatives for some; its file is there by then.
    await last(compareNegatives(suite, ["bm25", "dense"], {
      ...QUICK,
      backend,
      mineModel,
      out,
      seeds: [1],
      queryLength: 5,
      passageLength: 6,
    })).catch((error) => assert.match(`${error}`, /a query in common/));
    const { settings } = JSON.parse(
      await Deno.readTextFile(`${out}/mined/dense/weights.mined.json`),
    );
    assert.deepEqual([settings.queryLength, settings.passageLength], [5, 6]);
  });
});

Deno.test("arms that can't be are refused before any work", async () => {
  const backend = await useBackend("wasm");
  await inTempFolder(async (folder) => {
    const refused = (arms: string[], seeds = [1]) =>
      last(compareNegatives(suite, arms, {
        ...QUICK,
        backend,
        seeds,
        out: `${folder}/compared`,
      }));
    for (
      const [arms, message] of [
        [["bm25"], /two arms at least: got 1/],
        [["bm25", "bm25"], /arm bm25 appears twice/],
        [["bm25", "../up"], /an arm's name must be .*"\.\.\/up"/],
        [["bm25", "llm"], /arm llm needs a folder .*--arm llm=FOLDER/],
        [["bm25", "judged"], /arm judged needs --decisions/],
        [["bm25", "dense"], /--model must name a model folder/],
      ] as [string[], RegExp][]
    ) await assert.rejects(refused(arms), message);
    await assert.rejects(
      refused(["bm25", "fused"], [1, 1]),
      /seeds must be different/,
    );
  });
});
