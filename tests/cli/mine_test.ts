import assert from "node:assert/strict";
import { readTdroJsonl, writeSuite } from "../../lib/data/mod.ts";
import { disposeEncoder, saveEncoder } from "../../lib/model/mod.ts";
import { parseDecisions } from "../../lib/search/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { shared, withShared } from "../_shared.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

Deno.test("tdro mine writes training files, and goes on where it was", async () => {
  await withSuite(async (folder) => {
    const line = ["mine", "--suite", `${folder}/suite`, "--count", "3"];
    const looked = await tdro(...line);
    assert.equal(looked.code, 0, looked.err);
    assert.match(looked.out, /hard negative/);
    assert.match(looked.out, /Nothing is written/);

    const out = `${folder}/mined`;
    const first = await tdro(...line, "--out", out, "--json");
    assert.equal(first.code, 0, first.err);
    const rows = await Array.fromAsync(readTdroJsonl(`${out}/shades.jsonl`, 0));
    const task = toySuite().tasks[0]!;
    assert.equal(rows.length, task.qrels.train!.size);
    for (const { query, positives, negatives } of rows) {
      assert.equal(negatives.length, 3);
      const grades = task.qrels.train!.get(query.id)!;
      assert.deepEqual(positives.map(({ id }) => id), [...grades.keys()]);
      for (const { id } of negatives) assert.ok(!grades.has(id));
    }

    // A task whose file is gone is mined again, to the byte; others aren't.
    const before = await Deno.readTextFile(`${out}/weights.jsonl`);
    const kept = (await Deno.stat(`${out}/shades.jsonl`)).mtime;
    await Deno.remove(`${out}/weights.jsonl`);
    const again = await tdro(...line, "--out", out, "--json");
    assert.equal(await Deno.readTextFile(`${out}/weights.jsonl`), before);
    assert.deepEqual((await Deno.stat(`${out}/shades.jsonl`)).mtime, kept);
    assert.deepEqual(
      JSON.parse(again.out).tasks,
      JSON.parse(first.out).tasks,
    );

    const seven = ["--seed", "7", "--quiet"];
    const other = await tdro(...line, "--out", out, ...seven);
    assert.ok(isUserError(other), other.err);
    assert.match(other.err, /other settings or from other data/);
  });
});

Deno.test("tdro mine --shard does a part, which the same line then takes", () =>
  withSuite(async (folder) => {
    const line = ["mine", "--suite", `${folder}/suite`, "--out", `${folder}/m`];
    for (const shard of ["1/2", "2/2"]) {
      const part = await tdro(...line, "--shard", shard);
      assert.equal(part.code, 0, part.err);
      assert.match(part.out, /^Part \d\/2 is in \S+-of-2; when all are done/);
    }
    const all = await tdro(...line);
    assert.match(all.err, /^shades: candidates of 1 of 1 batches of quer/m);
    const nowhere = await tdro(...line.slice(0, 3), "--shard", "1/2");
    assert.ok(isUserError(nowhere), nowhere.err);
    assert.match(nowhere.err, /name it with --out/);
  }));

withShared(
  "tdro mine takes nothing that beats a positive out of reach",
  async () => {
    const suite = shared("cases/data/k10_mine");
    for (const to of ["50", "100"]) {
      const line = ["--suite", suite, "--count", "4", "--no-fill", "--to", to];
      const outcome = await tdro("mine", ...line, "--json");
      assert.equal(outcome.code, 0, outcome.err);
      const [task] = JSON.parse(outcome.out).tasks;
      assert.deepEqual(
        [task.retrieved, task.random, task.missing, task.withoutPositive],
        [0, 0, 4, 0],
      );
    }
  },
);

Deno.test("tdro mine counts queries that share no word with their positives", async () => {
  await withSuite(async (folder) => {
    const suite = toySuite();
    const [task] = suite.tasks;
    const [query] = task!.qrels.train!.keys();
    task!.queries.set(query!, { id: query!, text: "which lamp, which river" });
    const own = {
      ...task!,
      qrels: { train: new Map([[query!, task!.qrels.train!.get(query!)!]]) },
    };
    own.corpus.set([...own.qrels.train.get(query!)!.keys()][0]!, {
      id: [...own.qrels.train.get(query!)!.keys()][0]!,
      text: "nothing alike",
    });
    await writeSuite({ name: "bare", tasks: [own] }, `${folder}/bare`);
    const mine = async (...more: string[]) => {
      const line = ["--suite", `${folder}/bare`, "--no-fill", "--count", "2"];
      const outcome = await tdro("mine", ...line, ...more, "--json");
      assert.equal(outcome.code, 0, outcome.err);
      const { retrieved, withoutPositive } = JSON.parse(outcome.out).tasks[0];
      return { retrieved, withoutPositive, said: outcome.err };
    };
    const kept = await mine();
    assert.deepEqual([kept.retrieved, kept.withoutPositive], [2, 1]);
    assert.match(
      kept.said,
      /1 of 1 queries share no word .* not filtered by score; --without-positive drop/,
    );
    const dropped = await mine("--without-positive", "drop");
    assert.deepEqual([dropped.retrieved, dropped.withoutPositive], [0, 1]);
    assert.match(dropped.said, /none of their candidates was taken/);
    const unfiltered = await mine("--without-positive", "drop", "--no-filter");
    assert.equal(unfiltered.retrieved, 2);
    assert.doesNotMatch(unfiltered.said, /share no word/);
  });
});

Deno.test("tdro mine says what is missing", async () => {
  await withSuite(async (folder) => {
    const line = ["mine", "--suite", `${folder}/suite`];
    for (
      const [more, message] of [
        [["--by", "dense"], /--model must name a model folder/],
        [
          ["--from", "9", "--to", "3"],
          /--to must be at least --from, 9: got 3/,
        ],
        [["--decisions", `${folder}/none.tsv`], /no file .*none\.tsv/],
      ] as const
    ) {
      const outcome = await tdro(...line, ...more);
      assert.ok(isUserError(outcome), outcome.err);
      assert.match(outcome.err, message);
    }
  });
});

onBackends(
  "tdro data audit lists doubtful negatives, and mining honours what was decided",
  async (backend) => {
    await withSuite(async (folder) => {
      const encoder = smallEncoder();
      await saveEncoder(encoder, `${folder}/model`);
      disposeEncoder(encoder);
      const suite = ["--suite", `${folder}/suite`, "--tasks", "weights"];
      const model = ["--model", `${folder}/model`, "--backend", backend];
      const mined = await tdro(
        "mine",
        ...suite,
        ...model,
        "--by",
        "fused",
        "--no-filter",
        "--out",
        `${folder}/mined`,
      );
      assert.equal(mined.code, 0, mined.err);
      const audit = () =>
        tdro(
          "data",
          "audit",
          ...suite,
          ...model,
          "--negatives",
          `${folder}/mined`,
          "--share",
          "0.5",
          "--out",
          `${folder}/decisions.tsv`,
        );
      const found = await audit();
      assert.equal(found.code, 0, found.err);
      const path = `${folder}/decisions.tsv`;
      const [first, ...rest] = parseDecisions(await Deno.readTextFile(path));
      assert.ok(first && rest.length > 1);

      // A person decides on the first two, and asks again: both are kept.
      const lines = (await Deno.readTextFile(path)).split("\n");
      lines[1] = `positive${lines[1]}`;
      lines[2] = `doubtful${lines[2]}`;
      await Deno.writeTextFile(path, lines.join("\n"));
      await audit();
      const decided = parseDecisions(await Deno.readTextFile(path));
      assert.deepEqual(
        decided.slice(0, 3).map(({ decision }) => decision),
        ["positive", "doubtful", ""],
      );
      assert.equal(decided.length, rest.length + 1);

      const line = ["--decisions", path, "--out", `${folder}/again`];
      const outcome = await tdro("mine", ...suite, ...line, "--count", "17");
      assert.equal(outcome.code, 0, outcome.err);
      const rows = new Map<string, { positives: string[]; all: string[] }>();
      for await (
        const row of readTdroJsonl(`${folder}/again/weights.jsonl`, 0)
      ) {
        const positives = row.positives.map(({ id }) => id);
        const all = [...positives, ...row.negatives.map(({ id }) => id)];
        rows.set(row.query.id, { positives, all });
      }
      const [positive, doubtful] = decided;
      assert.ok(
        rows.get(positive!.query)!.positives.includes(positive!.passage),
      );
      assert.ok(!rows.get(doubtful!.query)!.all.includes(doubtful!.passage));
    });
  },
);

Deno.test("run and train take what mine wrote, twice, and refuse it for another suite", async () => {
  await withSuite(async (folder) => {
    const suite = ["--suite", `${folder}/suite`];
    const mined = `${folder}/mined`;
    const written = await tdro(
      "mine",
      ...suite,
      "--count",
      "2",
      "--out",
      mined,
    );
    assert.equal(written.code, 0, written.err);
    assert.match(written.out, /tdro run --mined .*mined trains on it/);
    const quick = "--backend wasm --steps 2 --weight-steps 2 --batch-size 4 " +
      "--hidden-size 16 --vocab-size 150 --weight-batch-size 4 --json --quiet";
    for (const name of ["run", "train"]) {
      const settings = name === "run"
        ? quick
        : quick.replace(/--weight-\S+ \d /g, "");
      const line = [name, ...suite, ...settings.split(" ")];
      const given = ["--mined", mined, "--out", `${folder}/${name}`];
      const first = await tdro(...line, ...given);
      assert.equal(first.code, 0, first.err);
      assert.deepEqual(
        JSON.parse((await tdro(...line, ...given)).out),
        JSON.parse(first.out),
      );
      // What a run noted repeats it.
      const config = ["--config", `${folder}/${name}/run.json`];
      const again = await tdro(...line, ...config, "--out", `${folder}/again`);
      assert.equal(again.code, 0, again.err);
      await Deno.remove(`${folder}/again`, { recursive: true });
    }
    const path = `${folder}/suite/weights/queries.jsonl`;
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace("which weight", "What weight"));
    const refused = await tdro(
      ...["run", ...suite, ...quick.split(" "), "--mined", mined],
      ...["--out", `${folder}/other`],
    );
    assert.ok(isUserError(refused), refused.err);
    assert.match(refused.err, /weights\.jsonl was mined from other data/);
    await assert.rejects(Deno.stat(`${folder}/other`), Deno.errors.NotFound);
  });
});
