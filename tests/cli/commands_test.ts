import assert from "node:assert/strict";
import { readWeightFile } from "../../lib/dro/mod.ts";
import { writeSuite } from "../../lib/data/mod.ts";
import { shared, withShared } from "../_shared.ts";
import { captured, isUserError, tdro } from "./_capture.ts";
import { main } from "../../lib/cli/main.ts";
import { tempFolder } from "../_temp_folder.ts";

/** Writes files into a fresh folder and gives their paths. */
async function files(
  contents: Record<string, string>,
): Promise<Record<string, string>> {
  const folder = await tempFolder();
  const paths: Record<string, string> = {};
  for (const [name, content] of Object.entries(contents)) {
    paths[name] = `${folder}/${name}`;
    await Deno.writeTextFile(paths[name], content);
  }
  return paths;
}

function weights(of: Record<string, number>): string {
  const names = Object.keys(of);
  const column = (value: (name: string, k: number) => number) =>
    Object.fromEntries(names.map((name, k) => [name, value(name, k)]));
  return JSON.stringify({
    domain_ids: column((_, k) => k),
    domain_weights: of,
    size: column((_, k) => 100 * (k + 1)),
  });
}

const WEIGHTS = { nq: 0.2, msmarco: 0.5, agnews: 0.3 };

Deno.test("weights show puts files side by side, heaviest task first", async () => {
  const { "a.json": a, "b.json": b } = await files({
    "a.json": weights(WEIGHTS),
    "b.json": weights({ xsum: 0.75, nq: 0.25 }),
  });
  const { code, out } = await tdro("weights", "show", a!, b!);
  assert.equal(code, 0);
  assert.deepEqual(out.trimEnd().split("\n").map((l) => l.split(/ {2,}/)), [
    ["task", "id", "size", "a", "b"],
    ["-------", "--", "----", "------", "------"],
    ["msmarco", "1", "200", "0.5000", "–"],
    ["agnews", "2", "300", "0.3000", "–"],
    ["nq", "0", "100", "0.2000", "0.2500"],
    ["xsum", "0", "100", "–", "0.7500"],
  ]);
});

Deno.test("weights show sorts, and gives rows with --json", async () => {
  const { "a.json": a } = await files({ "a.json": weights(WEIGHTS) });
  const order = async (...more: string[]) =>
    JSON.parse((await tdro("weights", "show", a!, "--json", ...more)).out)
      .map((row: { task: string }) => row.task);
  assert.deepEqual(await order(), ["msmarco", "agnews", "nq"]);
  assert.deepEqual(await order("--sort", "id"), ["nq", "msmarco", "agnews"]);
  assert.deepEqual(await order("--sort=task"), ["agnews", "msmarco", "nq"]);
});

Deno.test("weights show keeps apart files of one name", async () => {
  const one = await files({ "w.json": weights({ nq: 1 }) });
  const two = await files({ "w.json": weights({ nq: 0.5 }) });
  const { out } = await tdro(
    "weights",
    "show",
    "--json",
    one["w.json"]!,
    two["w.json"]!,
  );
  assert.deepEqual(JSON.parse(out), [{
    task: "nq",
    id: 0,
    size: 100,
    [`1: ${one["w.json"]}`]: 1,
    [`2: ${two["w.json"]}`]: 0.5,
  }]);
});

Deno.test("weights show names the file that it can't read", async () => {
  const { "bad.json": bad } = await files({ "bad.json": '{"size": {}}' });
  for (const path of [bad!, "nowhere.json"]) {
    const outcome = await tdro("weights", "show", path);
    assert.ok(isUserError(outcome), JSON.stringify(outcome));
    assert.ok(outcome.err.includes(path));
  }
});

Deno.test("weights select writes the top tasks with equal weights", async () => {
  const { "a.json": a } = await files({ "a.json": weights(WEIGHTS) });
  const out = `${a}.top`;
  const outcome = await tdro("weights", "select", a!, "--top=70", "--out", out);
  assert.equal(outcome.code, 0, outcome.err);
  assert.equal(outcome.out, `${out}: 2 of 3 tasks: msmarco, agnews\n`);
  const file = await readWeightFile(out);
  assert.deepEqual(file.names, ["msmarco", "agnews"]);
  assert.deepEqual(file.weights, [0.5, 0.5]);
});

withShared(
  "weights select gives the published selection of the published weights",
  async () => {
    const out = `${await tempFolder()}/top70.json`;
    const published = shared("fixtures/tdro/published");
    const { code, err } = await tdro(
      "weights",
      "select",
      `${published}/curr_weights.json`,
      "--out",
      out,
    );
    assert.equal(code, 0, err);
    assert.deepEqual(
      await readWeightFile(out),
      await readWeightFile(`${published}/top70_weights.json`),
    );
  },
);

Deno.test("weights select refuses what would lose or select nothing", async () => {
  const { "a.json": a } = await files({ "a.json": weights(WEIGHTS) });
  const before = await Deno.readTextFile(a!);
  for (
    const args of [
      ["--out", a!],
      ["--out", `${a}.top`, "--top", "20"],
      ["--out", `${a}.top`, "--top", "0"],
      ["--out", `${a}.top`, "--top", "101"],
      [],
    ]
  ) {
    const outcome = await tdro("weights", "select", a!, ...args);
    assert.ok(isUserError(outcome), JSON.stringify(outcome));
  }
  assert.equal(await Deno.readTextFile(a!), before);
  await assert.rejects(Deno.stat(`${a}.top`), Deno.errors.NotFound);
});

/** q1: the relevant passage is second. q2: not in the run. 3: first. */
const SCORED = {
  "qrels.txt": "q1 0 a 1\nq2 0 a 1\n3 0 b 2\n",
  "qrels.tsv": "query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\ta\t1\n3\tb\t2\n",
  // MS MARCO's and MIRACL's; what passed through pandas; ids of BEIR with blanks.
  "marco.tsv": "q1\t0\ta\t1\nq2\t0\ta\t1\n3\t0\tb\t2\n",
  "miracl.tsv": "q1\tQ0\ta\t1.0\nq2\tQ0\ta\t1.0\n3\tQ0\tb\t2.0\n",
  "floats.tsv":
    "query-id\tcorpus-id\tscore\nq1\ta\t1.0\nq2\ta\t1.00\n3\tb\t2.0\n",
  "beir.txt": "query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\ta b c\t1\n3\tb\t2\n",
  "headless.tsv": "q1\ta\t1\n",
  "half.tsv": "q1\t0\ta\t0.5\n",
  "x.run": "q1 Q0 b 1 0.9 t\nq1 Q0 a 2 0.8 t\n3 Q0 b 1 0.7 t\n",
};

const JUDGMENTS = [
  "qrels.txt",
  "qrels.tsv",
  "marco.tsv",
  "miracl.tsv",
  "floats.tsv",
  "beir.txt",
];

Deno.test("score computes metrics from TREC's and BEIR's judgments", async () => {
  const paths = await files(SCORED);
  for (const qrels of JUDGMENTS) {
    const { code, out, err } = await tdro(
      "score",
      "--qrels",
      paths[qrels]!,
      "--run",
      paths["x.run"]!,
      "--metrics",
      "MRR@10,P@1",
      "--json",
    );
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(out), {
      mean: { "MRR@10": 0.75, "P@1": 0.5 },
      scored: 2,
      judged: 3,
    });
    assert.match(err, /1 judged queries are not in the run and left out/);
  }
});

Deno.test("score heeds its options", async () => {
  const paths = await files(SCORED);
  const score = async (...more: string[]) => {
    const { code, out, err } = await tdro(
      "score",
      "--qrels",
      paths["qrels.txt"]!,
      "--run",
      paths["x.run"]!,
      "--metrics",
      "MRR@10",
      "--json",
      "--quiet",
      ...more,
    );
    assert.equal(code, 0, err);
    assert.equal(err, "");
    return JSON.parse(out);
  };
  assert.equal((await score("--over", "judged")).mean["MRR@10"], 0.5);
  assert.equal((await score("--relevance-level", "2")).mean["MRR@10"], 0.5);
  // Rows keep the order of the run, though one id looks like a number.
  assert.deepEqual((await score("--per-query")).perQuery, [
    { query: "q1", "MRR@10": 0.5 },
    { query: "3", "MRR@10": 1 },
  ]);
});

Deno.test("score prints a table, with the queries if asked", async () => {
  const paths = await files(SCORED);
  const args = ["score", "--qrels", paths["qrels.txt"]!, "--run"];
  const means = await tdro(...args, paths["x.run"]!, "--metrics", "MRR@10");
  assert.match(means.out, /^metric +mean\n-+ +-+\nMRR@10 +0\.7500\n$/);
  const all = await tdro(...args, paths["x.run"]!, "--per-query");
  assert.match(all.out, /^query +nDCG@10 +Recall@100 +MRR@10\n/);
  assert.match(all.out, /\nq1 +0\.\d+ +1(\.0000)? +0\.5000\n/);
});

Deno.test("score takes its options from a file, flags first", async () => {
  const paths = await files(SCORED);
  const { "c.json": config } = await files({
    "c.json": JSON.stringify({
      qrels: paths["qrels.txt"],
      run: paths["x.run"],
      metrics: ["P@1"],
      over: "judged",
    }),
  });
  const { out, code, err } = await tdro(
    "score",
    "--config",
    config!,
    "--json",
    "--metrics=MRR@10",
  );
  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(out).mean, { "MRR@10": 0.5 });
});

Deno.test("score refuses bad input in one line", async () => {
  const paths = await files({ ...SCORED, "bad.run": "q1 Q0 b 1 high t\n" });
  const [qrels, run] = [paths["qrels.txt"]!, paths["x.run"]!];
  for (
    const [args, names] of [
      [["--qrels", qrels], /--run FILE is missing/],
      [["--qrels", qrels, "--run", "nowhere.run"], /nowhere\.run/],
      [["--qrels", qrels, "--run", paths["bad.run"]!], /bad\.run:1: /],
      [["--qrels", qrels, "--run", run, "--metrics", "NDGC@10"], /NDGC@10/],
      [
        ["--qrels", qrels, "--run", run, "--qrels-format", "beir"],
        /qrels\.txt:1/,
      ],
      [
        ["--qrels", paths["headless.tsv"]!, "--run", run],
        /headless\.tsv:1: .*must be the header "query-id/,
      ],
      [
        ["--qrels", paths["half.tsv"]!, "--run", run],
        /half\.tsv:1: .*the grade: it must be an integer .*"0\.5"/,
      ],
      [["--qrels", qrels, "--run", run, "extra"], /"extra" is one too many/],
    ] as [string[], RegExp][]
  ) {
    const outcome = await tdro("score", ...args);
    assert.ok(isUserError(outcome), JSON.stringify(outcome));
    assert.match(outcome.err, names);
  }
});

Deno.test("data check counts a good suite and names the line of a bad one", async () => {
  const folder = `${await tempFolder()}/suite`;
  await writeSuite({
    name: "small",
    tasks: [{
      name: "capitals",
      prompt: "",
      language: "en",
      kind: "question-passage",
      license: "CC0-1.0",
      source: "written for this test",
      corpus: new Map([["p1", { id: "p1", text: "Paris" }]]),
      queries: new Map([["q1", { id: "q1", text: "Capital of France?" }]]),
      qrels: { test: new Map([["q1", new Map([["p1", 1]])]]) },
    }],
  }, folder);
  const good = await tdro("data", "check", folder);
  assert.equal(good.code, 0, good.err);
  assert.match(good.out, /capitals/);
  assert.match(
    good.out,
    /\nsmall: 1 task is well formed, no problems, 3 notes\n$/,
  );
  const { out } = await tdro("data", "check", folder, "--json");
  assert.equal(JSON.parse(out).tasks[0].passages, 1);

  const corpus = `${folder}/capitals/corpus.jsonl`;
  await Deno.writeTextFile(corpus, "{oops\n", { append: true });
  const bad = await tdro("data", "check", folder);
  assert.ok(isUserError(bad), JSON.stringify(bad));
  assert.match(bad.err, /corpus\.jsonl:2: /);
  assert.ok(isUserError(await tdro("data", "check", "nowhere")));
  assert.ok(isUserError(await tdro("data", "check", folder, "--tasks", "x")));
});

Deno.test("data docs-suite writes a suite that data check accepts", async () => {
  const folder = `${await tempFolder()}/docs`;
  const args = ["data", "docs-suite", "--out", folder, "--tasks", "tfjs-ops"];
  const built = await tdro(...args, "--json");
  assert.equal(built.code, 0, built.err);
  const checked = await tdro("data", "check", folder, "--json");
  assert.deepEqual(JSON.parse(checked.out).tasks, JSON.parse(built.out).tasks);
  // The folder is there now.
  assert.ok(isUserError(await tdro(...args)));
  args.push("--force", "--quiet");
  assert.equal((await tdro(...args)).code, 0);
  assert.ok(isUserError(await tdro(...args, "--tasks", "tfjs-opps")));
});

Deno.test("setup refuses to do nothing, in one line", async () => {
  const outcome = await tdro("setup", "--no-tensorflow");
  assert.ok(isUserError(outcome), JSON.stringify(outcome));
});

Deno.test({
  name: "doctor shows the backends, a gradient each, and versions",
  // tfjs backends keep timers and workers of their own.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const io = captured();
    const code = await main(["doctor", "--json"], io);
    assert.equal(code, 0, io.complaints);
    const report = JSON.parse(io.printed);
    const cpu = report.rows.find((r: { backend: string }) =>
      r.backend === "cpu"
    );
    assert.equal(cpu.usable, true);
    assert.match(cpu.gradient, /^ok/);
    assert.equal(
      report.rows.filter((r: { chosen: boolean }) => r.chosen).length,
      1,
    );
    assert.equal(report.versions.deno, Deno.version.deno);
    assert.match(report.versions.arquero, /^\d+\.\d+\.\d+$/);
    assert.ok(report.memory.total > 0);

    const table = await tdro("doctor");
    for (const word of ["backend", "cpu", "wasm", "zod", "memory: "]) {
      assert.ok(table.out.includes(word), word);
    }
  },
});
