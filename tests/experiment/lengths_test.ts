import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { writeSuite } from "../../lib/data/mod.ts";
import type { EvalReport } from "../../lib/eval/mod.ts";
import { trainRetriever } from "../../lib/experiment/mod.ts";
import { parseExperimentOptions } from "../../lib/experiment/experiment_options.ts";
import { mineSuite } from "../../lib/experiment/mine_suite.ts";
import { withFolder } from "../../lib/experiment/run_folder.ts";
import { settleLengths } from "../../lib/experiment/settled_lengths.ts";
import {
  cutTexts,
  lengthLines,
} from "../../lib/experiment/stages/cut_texts.ts";
import { disposeEncoder, saveEncoder } from "../../lib/model/mod.ts";
import { tdro } from "../cli/_capture.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

/** The toy suite, with what tells its passages apart far back in the text. */
function longSuite() {
  const { name, tasks } = toySuite();
  const before = "a green bird sings";
  return {
    name,
    tasks: tasks.slice(0, 2).map((task) => ({
      ...task,
      corpus: new Map(
        [...task.corpus].map(([id, passage]) => [
          id,
          { ...passage, text: `${before} ${passage.text}` },
        ]),
      ),
    })),
  };
}

async function inFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await tempFolder();
  await useBackend("wasm");
  const encoder = smallEncoder("mean", 0.5);
  await saveEncoder(encoder, `${folder}/model`);
  disposeEncoder(encoder);
  await writeSuite(longSuite(), `${folder}/suite`);
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readJson(path: string) {
  return JSON.parse(await Deno.readTextFile(path));
}

/** What `tdro eval` measures of a model, with nothing said of lengths. */
async function evaluated(
  folder: string,
  model: string,
  ...more: string[]
): Promise<EvalReport> {
  const words = ["--metrics", "nDCG@10,MRR@10,Recall@100", "--k", "100"];
  const at = ["--suite", `${folder}/suite`, "--model", model];
  const outcome = await tdro(
    "eval",
    ...at,
    ...words,
    ...more,
    "--backend",
    "wasm",
    "--json",
  );
  assert.equal(outcome.code, 0, outcome.err);
  return JSON.parse(outcome.out);
}

for (const words of [[], ["--passage-length", "12"]]) {
  Deno.test(`a run scores its models as tdro eval does, ${words.join(" ") || "by default"}`, () =>
    inFolder(async (folder) => {
      const model = `${folder}/model`;
      const out = `${folder}/run`;
      const outcome = await tdro(
        ...["train", "--suite", `${folder}/suite`, "--model", model],
        ...["--out", out, "--steps", "2", "--batch-size", "4", ...words],
        ...["--learning-rate", "0.01", "--backend", "wasm"],
      );
      assert.equal(outcome.code, 0, outcome.err);
      const reports = await readJson(`${out}/eval.json`);
      const start = await evaluated(folder, model, ...words);
      assert.deepEqual(start.tasks, reports.start.tasks);
      assert.deepEqual(start.origin!.lengths, reports.start.origin.lengths);
      // What the model was trained with is in its files: no flag is needed.
      const trained = await evaluated(folder, `${out}/models/retriever`);
      assert.deepEqual(trained.tasks, reports.retriever.tasks);
      assert.deepEqual(
        trained.origin!.lengths,
        reports.retriever.origin.lengths,
      );
      const { lengths } = await readJson(`${out}/run.json`);
      const passage = words.length > 0 ? 12 : 32;
      assert.equal(lengths.query, 32);
      assert.equal(lengths.passage, passage);
      assert.match(
        outcome.err,
        new RegExp(
          `^lengths: .* 32 tokens, passages at ${passage}.*\n^cut: `,
          "m",
        ),
      );
      const share = words.length > 0 ? 1 : 0;
      assert.equal(lengths.cut.shades.passages, share);
      // The lengths matter here, so that the comparison above can fail.
      const other = await evaluated(
        folder,
        model,
        "--passage-length",
        words.length > 0 ? "32" : "12",
      );
      assert.notDeepEqual(other.mean, start.mean);
    }));
}

Deno.test("cutTexts() counts what is longer than the limits, prompts included", () => {
  const suite = longSuite();
  const encoder = smallEncoder();
  const [task] = suite.tasks;
  const lengthOf = (text: string) =>
    encoder.tokenizer.encode([text]).ids[0]!.length;
  const queries = [...task!.queries.values()].map(({ text }) => lengthOf(text));
  const limit = queries.toSorted((a, b) => a - b)[queries.length >> 1]!;
  const expected = queries.filter((length) => length > limit).length /
    queries.length;
  const settings = { queryLength: limit, passageLength: 999 };
  const plain = cutTexts({ ...encoder, maxLength: 999 }, suite, {
    ...settings,
    prompts: "none",
  });
  assert.equal(plain.cut.shades!.queries, expected);
  assert.equal(plain.cut.shades!.passages, 0);
  const prompted = cutTexts({ ...encoder, maxLength: 999 }, suite, {
    ...settings,
    prompts: "task",
  });
  assert.equal(prompted.cut.shades!.queries, 1);
  const capped = cutTexts({ ...encoder, maxLength: 10 }, suite, {
    ...settings,
    prompts: "task",
  });
  assert.deepEqual([capped.query, capped.passage], [Math.min(limit, 10), 10]);
  assert.equal(capped.cut.shades!.passages, 1);
  disposeEncoder(encoder);
});

Deno.test("lengthLines() names the tasks that are cut most", () => {
  const cut = Object.fromEntries(
    Array.from({ length: 7 }, (_, k) => [
      `t${k}`,
      { queries: k === 6 ? 0.25 : 0, passages: k / 100 },
    ]),
  );
  const reasons = { maxLength: Infinity, open: true };
  const [, line] = lengthLines({ query: 9, passage: 9, cut }, reasons);
  assert.equal(
    line,
    "cut: t6 25 % of the queries and 6 % of the passages, t5 5 % of the passages, t4 4 % of the passages, t3 3 % of the passages, t2 2 % of the passages, and less in 1 more task",
  );
  const [, none] = lengthLines({ query: 9, passage: 9, cut: {} }, reasons);
  assert.equal(none, "cut: none");
  const few = { t: { queries: 0.001, passages: 0 } };
  const [, little] = lengthLines({ query: 9, passage: 9, cut: few }, reasons);
  assert.equal(little, "cut: t under 1 % of the queries");
});

/** Writes what a version before left of a run that was stopped. */
async function beginEarlier(folder: string, change: object): Promise<void> {
  const { options } = await settleLengths(
    parseExperimentOptions({ out: folder }),
  );
  await Deno.writeTextFile(
    `${folder}/run.json`,
    JSON.stringify({
      format: "tdro-run/1",
      ...IDENTITY,
      options: { ...options, queryLength: 48, passageLength: 64 },
      status: "running",
      ...change,
    }),
  );
}

const IDENTITY = {
  suite: { name: "toy", tasks: ["a"], sha256: "0" },
  backend: { name: "wasm", device: "cpu" },
};

Deno.test("a run of an earlier version goes on with the lengths it began with", async () => {
  const out = await tempFolder();
  const lengthsIn = async (given: object = {}, force = false) => {
    const { options, open } = await settleLengths(
      parseExperimentOptions({ out, ...given }),
    );
    const run = await withFolder({ options, ...IDENTITY }, { open, force });
    return [run.options.queryLength, run.options.passageLength];
  };
  assert.deepEqual(await lengthsIn(), [128, 256]);
  await beginEarlier(out, {});
  assert.deepEqual(await lengthsIn(), [48, 64]);
  // What is asked for, or makes another run, is not changed.
  assert.deepEqual(await lengthsIn({ queryLength: 50 }), [50, 256]);
  assert.deepEqual(await lengthsIn({ steps: 3 }), [128, 256]);
  await beginEarlier(out, { status: "finished" });
  assert.deepEqual(await lengthsIn(), [48, 64]);
  assert.deepEqual(await lengthsIn({}, true), [128, 256]);
  // This version's own: 48 was asked for then.
  await beginEarlier(out, { lengths: { query: 48, passage: 64, cut: {} } });
  assert.deepEqual(await lengthsIn(), [128, 256]);
  await Deno.remove(out, { recursive: true });
});

Deno.test("a finished run whose model is gone is found by its recorded lengths", () =>
  inFolder(async (folder) => {
    const run = async () => {
      const work = trainRetriever(longSuite(), {
        backend: await useBackend("wasm"),
        model: `${folder}/model`,
        out: `${folder}/run`,
        steps: 1,
        batchSize: 2,
        evaluate: false,
      });
      let next = await work.next();
      while (!next.done) next = await work.next();
      return next.value;
    };
    const first = await run();
    await Deno.remove(`${folder}/model`, { recursive: true });
    assert.deepEqual(await run(), first);
  }));

Deno.test("mining goes on in a folder of an earlier version, with its lengths", () =>
  inFolder(async (folder) => {
    const mine = async (options: object) => {
      const suite = longSuite();
      const work = mineSuite(suite, {
        by: "dense",
        model: `${folder}/model`,
        backend: "wasm",
        out: `${folder}/mined`,
        ...options,
      });
      let next = await work.next();
      while (!next.done) next = await work.next();
    };
    await mine({ queryLength: 64, passageLength: 256 });
    await Deno.remove(`${folder}/mined/weights.jsonl`);
    await mine({});
    const { settings } = await readJson(`${folder}/mined/weights.mined.json`);
    assert.equal(settings.queryLength, 64);
    assert.equal(settings.passageLength, 256);
    await assert.rejects(mine({ queryLength: 9 }), /mined with other settings/);
  }));
