import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { readPool, readReport } from "../../lib/eval/mod.ts";
import { planExperiment, readRun } from "../../lib/experiment/mod.ts";
import { saveEncoder } from "../../lib/model/mod.ts";
import { openSuite } from "../../lib/data/mod.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

const SIZES = ["--queries", "3", "--depth", "10", "--random", "2"];

Deno.test("eval pool makes a pool that eval and run search instead of whole corpora", async () => {
  await withSuite(async (folder) => {
    await useBackend("wasm");
    await saveEncoder(smallEncoder(), `${folder}/model`);
    const suite = ["--suite", `${folder}/suite`];
    const pool = `${folder}/pool.json`;
    const int8 = ["--compute-type", "int8", "--backend", "wasm"];
    const made = await tdro(
      ...["eval", "pool", ...suite, "--models", `${folder}/model`],
      "--out",
      pool,
      ...SIZES,
      ...int8,
    );
    assert.equal(made.code, 0, made.err);
    assert.match(made.err, /products: int8/);
    assert.match(made.out, /of passages/);
    assert.match(made.out, /rankings are those of BM25, model\n/);
    const { pool: content, sha256 } = await readPool(pool);
    assert.deepEqual(content.systems, ["BM25", "model"]);

    // The model is in it: every query of the pool scores as on whole corpora.
    const dense = ["eval", ...suite, "--model", `${folder}/model`, ...int8];
    const report = async (...more: string[]) => {
      const path = `${folder}/dense${more.length}.json`;
      const { code, err } = await tdro(...dense, ...more, "--out", path);
      assert.equal(code, 0, err);
      return (await readReport(path)).tasks;
    };
    const onWhole = await report();
    for (const [k, task] of (await report("--pool", pool)).entries()) {
      const { queryIds, perQuery } = onWhole[k]!;
      assert.deepEqual(
        task.perQuery["nDCG@10"],
        task.queryIds.map((id) => perQuery["nDCG@10"]![queryIds.indexOf(id)]),
      );
    }

    // BM25 is in the pool: it scores as on whole corpora, on the pool's queries.
    const line = ["eval", ...suite, "--bm25", "--metrics", "nDCG@10"];
    await tdro(...line, "--out", `${folder}/whole.json`);
    const pooled = await tdro(
      ...[...line, "--pool", pool, "--out", `${folder}/pooled.json`],
    );
    assert.equal(pooled.code, 0, pooled.err);
    assert.match(pooled.err, /on a pool of BM25, model: scores are higher/);
    const whole = await readReport(`${folder}/whole.json`);
    const part = await readReport(`${folder}/pooled.json`);
    assert.equal(part.settings.pool, sha256);
    part.tasks.forEach(({ queryIds, perQuery, passages }, k) => {
      const other = whole.tasks[k]!;
      assert.ok(passages <= other.passages && queryIds.length === 3);
      queryIds.forEach((id, i) =>
        assert.ok(
          // IDF is that of the part, so that near scores may change places.
          Math.abs(
            perQuery["nDCG@10"]![i]! -
              other.perQuery["nDCG@10"]![other.queryIds.indexOf(id)]!,
          ) < 0.5,
        )
      );
    });
    const diff = await tdro(
      ...["eval", "diff", `${folder}/whole.json`, `${folder}/pooled.json`],
    );
    assert.match(diff.out + diff.err, /settings\.pool/);

    const ran = await tdro(
      ...["run", ...suite, "--pool", pool, "--out", `${folder}/run`],
      ...["--steps", "2", "--weight-steps", "2", "--batch-size", "4"],
      ...["--weight-batch-size", "4", "--hidden-size", "16"],
      ...["--vocab-size", "200", "--negatives", "2", "--backend", "wasm"],
    );
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.err, /evaluation: on a pool of 9 of \d+ test queries/);
    const { reports } = await readRun(`${folder}/run`);
    for (const report of Object.values(reports!)) {
      assert.equal(report.settings.pool, sha256);
      assert.ok(report.tasks.every(({ queryIds }) => queryIds.length === 3));
    }
    const record = JSON.parse(
      await Deno.readTextFile(`${folder}/run/run.json`),
    );
    assert.deepEqual(record.pool, { sha256 });

    const planning = planExperiment(await openSuite(`${folder}/suite`), {
      ...{ pool, steps: 2, hiddenSize: 16, vocabSize: 200 },
      backend: await useBackend("wasm"),
    });
    let next = await planning.next();
    while (!next.done) next = await planning.next();
    assert.ok(next.value.tasks.every(({ testQueries }) => testQueries === 3));
  });
});

Deno.test("what doesn't go with a pool is refused", async () => {
  await withSuite(async (folder) => {
    const suite = ["--suite", `${folder}/suite`];
    const pool = `${folder}/pool.json`;
    const dev = `${folder}/train.json`;
    for (const [out, ...more] of [[pool], [dev, "--split", "train"]] as const) {
      const made = await tdro(
        ...["eval", "pool", ...suite, "--out", out, ...SIZES, ...more],
      );
      assert.equal(made.code, 0, made.err);
    }
    const cases: [string[], RegExp][] = [
      [
        ["eval", ...suite, "--bm25", "--pool", `${folder}/none.json`],
        /there is no such file; tdro eval pool --out/,
      ],
      [
        ["eval", ...suite, "--bm25", "--pool", pool, "--split", "dev"],
        /--split can't be combined with --pool/,
      ],
      [
        ["run", ...suite, "--pool", dev, "--out", `${folder}/run`],
        /evaluated on the split test, and it is one of train/,
      ],
      [["eval", "pool", ...suite, "--out", pool], /the file exists/],
      [
        ["eval", "pool", ...suite, "--out", "x", "--compute-type", "int8"],
        /--compute-type is about models: add --models/,
      ],
    ];
    for (const [line, message] of cases) {
      const refused = await tdro(...line);
      assert.equal(refused.code, 2, refused.err);
      assert.equal(refused.out, "");
      assert.match(refused.err, message);
    }
  });
});
