import assert from "node:assert/strict";
import { type Finding, writeSuite } from "../../lib/data/mod.ts";
import { createTokenizer } from "../../lib/model/tokenizer/tokenizer.ts";
import { trainTokenizer } from "../../lib/model/tokenizer/train_tokenizer.ts";
import { GOOD, goodSuite, inTempFolder, writeFiles } from "../data/_folders.ts";
import { bareQueries } from "../../lib/search/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, tdro } from "./_capture.ts";

Deno.test("data check finds the training queries that get no hard negative", async () => {
  await inTempFolder(async (folder) => {
    const suite = toySuite();
    const [task] = suite.tasks;
    const [first, second] = task!.qrels.train!.keys();
    const all = [...task!.corpus.keys()];
    // All of it answers the first; of the second, one passage is judged to be none.
    const judged = task!.qrels.train!;
    judged.set(first!, new Map(all.map((id) => [id, 1])));
    judged.set(second!, new Map(all.map((id, i) => [id, i === 0 ? 0 : 1])));
    await writeSuite(suite, `${folder}/suite`);
    const { code, out } = await tdro(
      "data",
      "check",
      `${folder}/suite`,
      "--json",
    );
    assert.equal(code, 0);
    const found = JSON.parse(out).findings
      .filter((f: { check: string }) => f.check === "no-hard-negative");
    assert.deepEqual(
      found.map((
        { task, severity, count, of, examples }: Finding,
      ) => [task, severity, count, of, examples]),
      [[task!.name, "note", 1, judged.size, [first]]],
    );
    assert.match(found[0].message, /--bare-queries in-batch/);
    // In a larger corpus it doesn't look.
    assert.deepEqual(await bareQueries(task!, { maxPassages: 35 }), []);
    assert.deepEqual(await bareQueries(task!, { maxPassages: 36 }), [first]);
  });
});

Deno.test("data check gives 1 for problems, 0 for notes, 2 for bad input", async () => {
  await inTempFolder(async (folder) => {
    await writeSuite(goodSuite(), `${folder}/good`);
    const good = await tdro("data", "check", `${folder}/good`);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /toy +no-prompt/);
    assert.match(
      good.out,
      /demo: 1 task is well formed, no problems, \d notes/,
    );

    await writeFiles(`${folder}/bad/toy`, {
      ...GOOD,
      "qrels/train.tsv": "query-id\tcorpus-id\tscore\nq1\tp1\t1\nq1\tp9\t1\n",
    });
    const bad = await tdro("data", "check", `${folder}/bad`);
    assert.equal(bad.code, 1);
    assert.match(bad.out, /problem +toy +absent-passage +1 of 3 .* p9\n/);
    assert.match(bad.out, /bad: 1 task, 1 problem, \d notes\n$/);
    const { problems, findings, tasks } = JSON.parse(
      (await tdro("data", "check", `${folder}/bad`, "--json")).out,
    );
    assert.equal(problems, 1);
    assert.equal(findings[0].check, "absent-passage");
    assert.equal(tasks[0].passages, 2);

    await writeFiles(`${folder}/bad/toy`, { "corpus.jsonl": "{oops\n" });
    const worse = await tdro("data", "check", `${folder}/bad`);
    assert.ok(isUserError(worse) && /corpus\.jsonl:1: /.test(worse.err));
    // What is trained on must be whole.
    const { "qrels/train.tsv": _, ...rest } = GOOD;
    await writeFiles(`${folder}/bad/toy`, rest);
    const run = await tdro(
      "run",
      "--suite",
      `${folder}/bad`,
      "--model",
      folder,
      "--out",
      `${folder}/run`,
    );
    assert.ok(isUserError(run), JSON.stringify(run));
  });
});

Deno.test("data check --tokenizer counts tokens, and what will be cut", async () => {
  await inTempFolder(async (folder) => {
    await writeSuite(goodSuite(), `${folder}/good`);
    const texts = ["Paris", "Rome", "France?", "Italy?", "Capitals"];
    await createTokenizer(trainTokenizer(texts, { vocabSize: 60 })).save(
      `${folder}/model`,
    );
    const { out, err } = await tdro(
      "data",
      "check",
      `${folder}/good`,
      "--max-length",
      "3",
      "--tokenizer",
      `${folder}/model`,
      "--json",
    );
    assert.equal(err, "");
    const { lengths, findings } = JSON.parse(out);
    // [CLS] and [SEP] count as well.
    assert.ok(lengths.every((row: { median: number }) => row.median > 2));
    const long = findings
      .filter(({ check }: { check: string }) => check === "long-text");
    assert.ok(long.length > 0, JSON.stringify(lengths));
  });
});
