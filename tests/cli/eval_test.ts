import assert from "node:assert/strict";
import {
  readBeirQrels,
  readTrecRun,
  writeSuite,
  writeWhole,
} from "../../lib/data/mod.ts";
import {
  type EvalReport,
  evaluateRun,
  readReport,
} from "../../lib/eval/mod.ts";
import {
  disposeEncoder,
  encodeTexts,
  saveEncoder,
} from "../../lib/model/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

Deno.test("tdro eval --bm25 writes a record and a run for each task", async () => {
  await withSuite(async (folder) => {
    const line = [
      "eval",
      "--suite",
      `${folder}/suite`,
      "--bm25",
      "--metrics",
      "nDCG@10,MRR@10",
      "--k",
      "20",
      "--out",
      `${folder}/a/eval.json`,
    ];
    const { code, out, err } = await tdro(
      ...line,
      "--run",
      `${folder}/runs/bm25.trec`,
    );
    assert.equal(code, 0, err);
    assert.match(out, /^task +queries +passages +nDCG@10 +MRR@10\n/);
    assert.match(out, /^mean +13 +78 /m);
    const report = await readReport(`${folder}/a/eval.json`);
    assert.equal(report.settings.retriever, "BM25");
    assert.equal(report.origin!.path, `${folder}/suite`);
    assert.ok(report.origin!.versions!.tdro);
    assert.equal(report.origin!.model, undefined);
    // The runs give the same numbers again.
    for (const [k, task] of toySuite().tasks.entries()) {
      const run = await readTrecRun(`${folder}/runs/bm25.${task.name}.trec`);
      const names = report.settings.metrics;
      const { mean } = evaluateRun(task.qrels.test!, run, names);
      assert.deepEqual(mean, report.tasks[k]!.mean);
    }
    const one = await tdro(
      "eval",
      "--suite",
      `${folder}/suite`,
      "--bm25",
      "--tasks",
      "places",
      "--run",
      `${folder}/one.trec`,
      "--json",
    );
    assert.equal(one.code, 0, one.err);
    const { tasks } = JSON.parse(one.out) as EvalReport;
    assert.deepEqual(tasks.map(({ task }) => task), ["places"]);
    assert.ok((await readTrecRun(`${folder}/one.trec`)).size > 0);
  });
});

onBackends(
  "tdro eval measures a model, alone and fused with BM25",
  async (backend) => {
    await withSuite(async (folder) => {
      const encoder = smallEncoder();
      await saveEncoder(encoder, `${folder}/model`);
      disposeEncoder(encoder);
      const measure = async (...more: string[]) => {
        const { code, out, err } = await tdro(
          "eval",
          "--suite",
          `${folder}/suite`,
          "--model",
          `${folder}/model`,
          "--backend",
          backend,
          "--tasks",
          "shades",
          "--json",
          ...more,
        );
        assert.equal(code, 0, err);
        return JSON.parse(out) as EvalReport;
      };
      const plain = await measure("--out", `${folder}/plain.json`);
      const { origin, settings, tasks: [task] } = plain;
      assert.equal(origin!.model!.name, `${folder}/model`);
      assert.match(origin!.model!.sha256!, /^[0-9a-f]{64}$/);
      assert.equal(origin!.model!.dtype, "F32");
      // The model takes 32 tokens at most, whatever is asked for.
      assert.deepEqual(origin!.lengths, { query: 32, passage: 32 });
      assert.equal(origin!.backend!.name, backend);
      assert.deepEqual([settings.dtype, settings.k], ["f32", 1000]);
      assert.equal(task!.prompt, "Find the shade");
      assert.match(task!.data!.sha256, /^[0-9a-f]{64}$/);
      assert.deepEqual(await readReport(`${folder}/plain.json`), plain);
      assert.deepEqual((await measure()).tasks, plain.tasks);

      await assert.rejects(
        measure("--prompts", "model"),
        /got none; use --prompts/,
      );
      const config = `${folder}/model/config_sentence_transformers.json`;
      const before = await Deno.readTextFile(config).catch(() => undefined);
      await Deno.writeTextFile(
        config,
        '{"prompts":{"query":"blue ","document":""}}',
      );
      const own = await measure("--prompts", "model");
      assert.deepEqual(own.origin!.prompts, { query: "blue ", passage: "" });
      assert.equal(own.tasks[0]!.prompt, "");
      // The same as the words put into the queries themselves.
      const suite = toySuite();
      for (const query of suite.tasks[0]!.queries.values()) {
        query.text = `blue ${query.text}`;
      }
      await writeSuite(suite, `${folder}/blue`);
      const blue = await measure(
        "--prompts",
        "none",
        "--suite",
        `${folder}/blue`,
      );
      assert.deepEqual(blue.tasks[0]!.perQuery, own.tasks[0]!.perQuery);
      if (before === undefined) await Deno.remove(config);
      else await Deno.writeTextFile(config, before);

      const bare = await measure("--prompts", "none", "--query-length", "8");
      assert.equal(bare.tasks[0]!.prompt, "");
      assert.equal(bare.origin!.lengths!.query, 8);
      const fused = await measure("--bm25", "--out", `${folder}/fused.json`);
      assert.match(fused.settings.retriever!, /fused/);
      assert.equal(fused.tasks[0]!.prompt, "Find the shade");
      assert.ok(fused.mean["nDCG@10"]! > plain.mean["nDCG@10"]!);

      const diff = await tdro(
        "eval",
        "diff",
        `${folder}/plain.json`,
        `${folder}/fused.json`,
        "--suite",
        `${folder}/suite`,
        "--movers",
        "2",
      );
      assert.equal(diff.code, 0, diff.err);
      assert.match(
        diff.out,
        /^ {2}settings\.retriever {2}a dense, exact search, b BM25 and dense, fused by$/m,
      );
      assert.doesNotMatch(diff.out, /origin/);
      assert.match(diff.out, /^shades +shades-q\d+ +which shade has the /m);
    });
  },
);

onBackends(
  "tdro eval --benchmark goes by the benchmark's rules",
  async (backend) => {
    await withSuite(async (folder) => {
      const encoder = smallEncoder();
      await saveEncoder(encoder, `${folder}/model`);
      disposeEncoder(encoder);
      // The toy tasks stand for two sets of BEIR.
      await Deno.rename(`${folder}/suite/shades`, `${folder}/suite/scifact`);
      await Deno.rename(`${folder}/suite/weights`, `${folder}/suite/quora`);
      const line = [
        "eval",
        "--benchmark",
        "beir",
        "--suite",
        `${folder}/suite`,
        "--model",
        `${folder}/model`,
        "--backend",
        backend,
      ];
      const { code, out, err } = await tdro(
        ...line,
        "--out",
        `${folder}/b.json`,
      );
      assert.equal(code, 0, err);
      assert.match(out, /^mean of these +9 +54 /m);
      assert.match(
        out,
        /^Not there, and not in the mean: msmarco, trec-covid/m,
      );
      const report = await readReport(`${folder}/b.json`);
      assert.equal(report.suite, "BEIR");
      assert.deepEqual(report.tasks.map(({ task }) => task), [
        "quora",
        "scifact",
      ]);
      assert.match(report.tasks[1]!.prompt, /scientific claim/);
      assert.match(report.tasks[1]!.data!.sha256, /^[0-9a-f]{64}$/);
      assert.equal(report.origin!.backend!.name, backend);
      const one = await tdro(...line, "--tasks", "scifact", "--json");
      assert.deepEqual(JSON.parse(one.out).tasks, [
        { ...report.tasks[1], domain: 0 },
      ]);
      // The run that is written gives the same numbers again.
      const { code: wrote } = await tdro(...line, "--run", `${folder}/r.trec`);
      assert.equal(wrote, 0);
      const { mean } = evaluateRun(
        await readBeirQrels(`${folder}/suite/scifact/qrels/test.tsv`),
        await readTrecRun(`${folder}/r.scifact.trec`),
        ["nDCG@10", "MRR@10"],
      );
      const { "Recall@100": _, ...found } = report.tasks[1]!.mean;
      assert.deepEqual(mean, found);
      for (
        const more of [
          ["--bm25"],
          ["--split", "dev"],
          ["--ignore-identical-ids"],
          ["--cache", "c"],
          ["--shard", "1/2", "--out", "s"],
          ["--tasks", "nq"],
          ["--tasks", "scifcat"],
        ]
      ) {
        const outcome = await tdro(...line, ...more, "--quiet");
        assert.ok(isUserError(outcome), `${more}: ${outcome.err}`);
      }
    });
  },
);

onBackends("tdro eval --benchmark mkqa counts answers", async (backend) => {
  await withSuite(async (folder) => {
    const encoder = smallEncoder();
    await saveEncoder(encoder, `${folder}/model`);
    const write = (name: string, rows: object[]) =>
      writeWhole(
        `${folder}/mkqa/${name}`,
        rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
      );
    const colours = ["red", "green", "blue", "sky", "bird", "sings"];
    const passages = colours.flatMap((a, i) =>
      colours.map((b, j) => ({
        _id: `p${i}-${j}`,
        title: "",
        text: `the ${a} ${b} has number ${(i * 7 + j * 3) % 10}`,
      }))
    );
    await write("corpus.jsonl", passages);
    const questions = colours.map((colour, i) => ({
      id: `${i}`,
      question: `${colour} is the ${colour}`,
      answers: [`Number ${i}`],
    }));
    await write("test/en.jsonl", questions);
    await write("test/fi.jsonl", questions.slice(2));
    const line = [
      "eval",
      "--benchmark",
      "mkqa",
      "--suite",
      `${folder}/mkqa`,
      "--model",
      `${folder}/model`,
      "--backend",
      backend,
    ];
    const asked = [...line, "--metrics", "Accuracy@1,Accuracy@4"];
    const { code, out, err } = await tdro(
      ...asked,
      "--prompts",
      "none",
      "--out",
      `${folder}/mkqa.json`,
    );
    assert.equal(code, 0, err);
    assert.match(out, /^task +queries +passages +Accuracy@1 +Accuracy@4\n/);
    assert.match(out, /^mkqa-fi +4 +36 /m);
    assert.match(out, /^Not there, and not in the mean: mkqa-ar/m);
    const report = await readReport(`${folder}/mkqa.json`);
    assert.equal(report.settings.k, 4);
    assert.equal(report.origin!.backend!.name, backend);
    // The same by hand: every question against every passage.
    const [q, p] = await Promise.all([
      encodeTexts(encoder, questions.map(({ question }) => question)),
      encodeTexts(encoder, passages.map(({ text }) => text)),
    ]);
    disposeEncoder(encoder);
    const hits = questions.map((_, i) => {
      const ranked = passages.map(({ _id, text }, j) => {
        let score = 0;
        for (let d = 0; d < q.dimension; d++) {
          score += q.data[i * q.dimension + d]! * p.data[j * p.dimension + d]!;
        }
        return { id: _id, text, score: Math.fround(score) };
      }).sort((a, b) => b.score - a.score || (a.id < b.id ? 1 : -1));
      return ranked.slice(0, 4).some(({ text }) => text.endsWith(`number ${i}`))
        ? 1
        : 0;
    });
    const en = report.tasks.find(({ task }) => task === "mkqa-en")!;
    assert.deepEqual(en.perQuery["Accuracy@4"], hits);
    assert.ok(hits.includes(1) && hits.includes(0));

    const plain = await tdro(...line, "--tasks", "fi", "--json");
    assert.equal(plain.code, 0, plain.err);
    const { mean, tasks } = JSON.parse(plain.out) as EvalReport;
    assert.deepEqual(
      Object.keys(mean),
      [1, 3, 5, 10, 20, 100].map((cut) => `Accuracy@${cut}`),
    );
    assert.equal(mean["Accuracy@100"], 1);
    assert.match(tasks[0]!.prompt, /^Given a question/);
    for (
      const more of [
        ["--k", "10"],
        ["--run", "x.trec"],
        ["--metrics", "nDCG@10"],
        ["--split", "dev"],
        ["--bm25"],
        ["--tasks", "xx"],
      ]
    ) {
      const outcome = await tdro(...line, ...more, "--quiet");
      assert.ok(isUserError(outcome), `${more}: ${outcome.err}`);
    }
  });
});

onBackends(
  "tdro eval from the cache, and of shards merged, is that of the whole",
  async (backend) => {
    await withSuite(async (folder) => {
      const encoder = smallEncoder();
      await saveEncoder(encoder, `${folder}/model`);
      disposeEncoder(encoder);
      const suite = ["eval", "--suite", `${folder}/suite`];
      const line = [
        ...suite,
        "--model",
        `${folder}/model`,
        "--backend",
        backend,
        "--k",
        "30",
        "--metrics",
        "nDCG@10,Recall@30",
      ];
      const run = async (line: string[], name: string) => {
        const out = `${folder}/${name}`;
        const { code, err } = await tdro(...line, "--out", out, "--quiet");
        assert.equal(code, 0, err);
        return out;
      };
      const whole = await readReport(await run(line, "whole.json"));
      const cache = ["--cache", `${folder}/cache`];
      const files = async () =>
        (await Array.fromAsync(Deno.readDir(`${folder}/cache`))).length;
      for (const name of ["first.json", "second.json"]) {
        const { tasks, mean, settings } = await readReport(
          await run([...line, ...cache], name),
        );
        assert.deepEqual({ tasks, mean, settings }, {
          tasks: whole.tasks,
          mean: whole.mean,
          settings: whole.settings,
        });
        assert.equal(await files(), 3);
      }
      // Passages are cut elsewhere: the vectors are others.
      await run([...line, ...cache, "--passage-length", "4"], "short.json");
      assert.equal(await files(), 6);

      const shards: string[] = [];
      for (const i of [1, 2, 3]) {
        shards.push(await run([...line, "--shard", `${i}/3`], `shards/${i}`));
      }
      const merge = ["--merge", shards.join(",")];
      const merged = await readReport(
        await run(
          [...suite, ...merge, "--run", `${folder}/all.trec`],
          "merged.json",
        ),
      );
      assert.deepEqual(merged.tasks, whole.tasks);
      assert.deepEqual(merged.settings, whole.settings);
      assert.equal(merged.origin!.model!.sha256, whole.origin!.model!.sha256);
      assert.ok((await readTrecRun(`${folder}/all.shades.trec`)).size > 0);

      for (
        const wrong of [
          [...line, ...merge],
          [...suite, ...merge, "--k", "5"],
          [...suite, "--merge", shards[0]!],
          [...suite, "--merge", `${folder}/nowhere`],
          [...line, "--shard", "1/3"],
          [...line, "--shard", "4/3", "--out", `${folder}/x`],
          [...line, "--shard", "1/3", "--bm25", "--out", `${folder}/x`],
          [...line, ...cache, "--bm25"],
          [...suite, ...cache, "--bm25"],
        ]
      ) {
        const outcome = await tdro(...wrong, "--quiet");
        assert.ok(isUserError(outcome), `${wrong}: ${outcome.err}`);
      }
    });
  },
);

Deno.test("tdro eval diff of a record with itself finds nothing", async () => {
  await withSuite(async (folder) => {
    const path = `${folder}/eval.json`;
    const line = [
      "eval",
      "--suite",
      `${folder}/suite`,
      "--bm25",
      "--out",
      path,
    ];
    assert.equal((await tdro(...line)).code, 0);
    const { code, out } = await tdro("eval", "diff", path, path);
    assert.equal(code, 0);
    assert.match(out, /^No recorded setting differs\.$/m);
    const json = JSON.parse(
      (await tdro("eval", "diff", path, path, "--metric", "MRR@10", "--json"))
        .out,
    );
    assert.equal(json.metric, "MRR@10");
    for (const task of json.tasks) {
      assert.deepEqual([task.wins, task.losses, task.p], [0, 0, 1]);
      assert.deepEqual(task.movers, []);
    }
  });
});

Deno.test("tdro eval and eval diff say what is wrong in a line", async () => {
  await withSuite(async (folder) => {
    await Deno.writeTextFile(`${folder}/text.json`, "no");
    const suite = ["--suite", `${folder}/suite`];
    const lines = [
      ["eval", ...suite],
      ["eval", ...suite, "--bm25", "--metrics", "ndcg"],
      ["eval", ...suite, "--bm25", "--k", "5"],
      ["eval", ...suite, "--bm25", "--tasks", "shade"],
      ["eval", ...suite, "--model", `${folder}/nowhere`, "--backend", "wasm"],
      ["eval", "--suite", `${folder}/nowhere`, "--bm25"],
      ["eval", "diff", `${folder}/none.json`, `${folder}/text.json`],
      ["eval", "diff", `${folder}/text.json`, `${folder}/text.json`],
    ];
    for (const line of lines) {
      const outcome = await tdro(...line, "--quiet");
      assert.ok(isUserError(outcome), `${line.join(" ")}: ${outcome.err}`);
    }
  });
});
