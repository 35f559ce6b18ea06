/**
 * The notebooks: what is committed is whole and clean, its cells type-check, and
 * a fresh run in real Jupyter gives the same kinds of outputs. The fresh run
 * needs a Python with nbclient (`TDRO_PYTHON`, or the one on the path); without
 * it that test is ignored, with `TDRO_REQUIRE_JUPYTER=1` it fails.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../_paths.ts";
import { executeNotebooks, whyNoJupyter } from "./_execute_notebook.ts";
import {
  type Cell,
  extractCells,
  joined,
  type Notebook,
  type Output,
  readNotebook,
} from "./_extract_cells.ts";

const FOLDER = join(ROOT, "notebooks");

const VEGALITE = "application/vnd.vegalite.v5+json";
const TABLE = "application/vnd.dataresource+json";

/** What must be in the outputs of which cell, beyond what holds of all. */
interface Expected {
  /** Cells that end in a plot. */
  plots: string[];
  /** Cells that end in a table. */
  tables: string[];
  /** Cells whose outputs rest on no floating-point arithmetic. */
  exact: string[];
  /** Checks of the numbers. */
  check(notebook: Notebook): void;
}

const EXPECTED: Record<string, Expected> = {
  "00_quickstart.ipynb": {
    plots: ["plot"],
    tables: ["suite", "results", "search"],
    exact: ["suite"],
    check: checkQuickstart,
  },
  "01_tdro_from_scratch.ipynb": {
    plots: [
      ...["train-retriever", "learn", "measures", "weights", "reweighted"],
      ...["top", "ndcg-plot"],
    ],
    tables: [
      ...["settings", "tasks", "pairs", "negatives", "negative-example"],
      ...["why", "mixtures", "evaluation"],
    ],
    exact: ["tasks", "pairs", "negatives", "negative-example", "encoder"],
    check: checkFromScratch,
  },
  "03_evaluate.ipynb": {
    plots: ["dumbbell"],
    tables: [
      ...["settings", "sample", "check", "table", "languages", "wins"],
      ...["flatter", "failure"],
    ],
    exact: [],
    check: checkEvaluate,
  },
  "04_your_own_data.ipynb": {
    plots: ["lengths", "weights", "trajectories", "ndcg"],
    tables: [
      ...["settings", "import", "check", "clean", "readings", "table"],
      "search",
    ],
    exact: ["csv", "refuse", "import", "check", "clean"],
    check: checkOwnData,
  },
  "05_lora_llm.ipynb": {
    plots: ["pretrain", "train-adapter", "train-everything", "losses", "plot"],
    tables: ["settings", "tasks", "encoder", "adapter", "evaluate", "save"],
    exact: ["tasks", "encoder", "adapter", "config"],
    check: checkLora,
  },
  "06_arena.ipynb": {
    plots: ["weights", "intervals", "gains", "cost"],
    tables: ["formulas", "table", "seeds"],
    exact: ["formulas"],
    check: checkArena,
  },
  "07_transfer.ipynb": {
    plots: ["trajectories", "plot", "intervals"],
    tables: ["settings", "weights", "sizes", "table", "folder"],
    exact: ["settings"],
    check: checkTransfer,
  },
  "08_fast_queries.ipynb": {
    plots: ["plot", "law"],
    tables: ["settings", "table", "search", "answers"],
    exact: ["settings"],
    check: checkFastQueries,
  },
  "09_language_model_data.ipynb": {
    plots: ["intervals"],
    tables: [
      ...["settings", "judge", "decisions", "queries", "queries-counts"],
      ...["negatives", "similarity", "compare"],
    ],
    exact: ["model", "judge", "decisions", "mine-again", "queries-counts"],
    check: checkLanguageModel,
  },
};

/** The rows of the table that a cell ends in. */
function tableOf(notebook: Notebook, id: string): Record<string, unknown>[] {
  const output = codeCells(notebook).find((cell) => cell.id === id)!.outputs!
    .find(({ data }) => data?.[TABLE]);
  return (output!.data![TABLE] as { data: Record<string, unknown>[] }).data;
}

function checkLanguageModel(notebook: Notebook): void {
  const [judged] = tableOf(notebook, "judge") as [Record<string, number>];
  assert.equal(
    judged.positive! + judged.doubtful! + judged.negative!,
    judged.negatives,
  );
  const [queries] = tableOf(notebook, "queries-counts") as [
    Record<string, number>,
  ];
  assert.ok(queries.kept! > 0 && queries.kept! <= queries.written!);
  const arms = tableOf(notebook, "compare");
  assert.deepEqual(arms.map((row) => row.negatives), [
    "bm25",
    "llm",
    "bm25+llm",
  ]);
  for (const { low, difference, high } of arms.slice(1)) {
    assert.ok((low as number) <= (difference as number), `${low}`);
    assert.ok((difference as number) <= (high as number), `${high}`);
  }
}

function checkFromScratch(notebook: Notebook): void {
  const rows = tableOf(notebook, "evaluation");
  assert.equal(rows.length, 9);
  assert.equal(rows.at(-1)!.task, "mean");
  for (const arm of ["uniform", "reweighted", "top"]) {
    for (const row of rows) {
      const ndcg = row[arm] as number;
      assert.ok(ndcg >= 0 && ndcg <= 1, `${arm} of ${row.task}: ${ndcg}`);
    }
    // At random it would be at most 4.54 (the sum of the ten discounts) over
    // the passages, of which each task has more than 590: 0.008.
    assert.ok(rows.at(-1)![arm] as number > 0.08, `${arm} has not learned`);
  }
  for (const weights of ["released", "ratioOfMeans"]) {
    const sum = tableOf(notebook, "why")
      .reduce((total, row) => total + (row[weights] as number), 0);
    assert.ok(Math.abs(sum - 1) < 1e-9, `${weights} sum to ${sum}`);
  }
  const cell = codeCells(notebook).find(({ id }) => id === "verdict")!;
  const verdict = joined(cell.outputs![0]!.data!["text/markdown"] as string);
  for (const arm of ["reweighted", "top"]) {
    const [mean, uniform] = [rows.at(-1)![arm], rows.at(-1)!.uniform] as [
      number,
      number,
    ];
    const line = verdict.split("\n").find((l) => l.startsWith(`- ${arm}:`))!;
    assert.ok(line.includes(` ${mean.toFixed(3)} against`), line);
    // What is said of the interval is so.
    const interval = /interval ([+−]\d\.\d+) to ([+−]\d\.\d+)\)/.exec(line)!;
    const [low, high] = interval.slice(1).map((x) =>
      Number(x.replace("−", "-"))
    ) as [number, number];
    const difference = mean - uniform;
    assert.ok(low - 5e-4 <= difference && difference <= high + 5e-4, line);
    if (line.includes("**above zero**")) assert.ok(low >= 0, line);
    else if (line.includes("**below zero**")) assert.ok(high <= 0, line);
    else assert.ok(low <= 0 && high >= 0, line);
  }
}

/** The numbers of a column. */
function column(rows: Record<string, unknown>[], name: string): number[] {
  return rows.map((row) => row[name] as number);
}

const meanOf = (values: number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function checkEvaluate(notebook: Notebook): void {
  const rows = tableOf(notebook, "table");
  const tasks = rows.slice(0, -1);
  assert.ok(tasks.length >= 6);
  assert.equal(rows.at(-1)!.task, "mean");
  for (const name of ["BM25", "modelDiff"]) {
    const whole = rows.at(-1)![name] as number;
    assert.ok(Math.abs(meanOf(column(tasks, name)) - whole) < 1e-9, name);
  }
  const sample = tableOf(notebook, "sample");
  const wins = tableOf(notebook, "wins");
  assert.equal(wins.length, tasks.length);
  for (const row of wins) {
    const { queries } = sample.find(({ task }) => task === row.task)!;
    const [win, tie, loss] = [row.wins, row.ties, row.losses] as number[];
    assert.equal(win! + tie! + loss!, queries, `${row.task}`);
    const sign = Math.sign(row.modelDiff as number);
    if (row.verdict === "BM25 is better") assert.equal(sign, -1);
    else if (row.verdict !== "can't be told") assert.equal(sign, 1);
  }
  // More passages can't make finding easier but by the words' weights.
  assert.ok(
    (tableOf(notebook, "flatter").at(-1)!["BM25, flattered"] as number) > 0,
  );
}

function checkOwnData(notebook: Notebook): void {
  const weights = tableOf(notebook, "readings");
  for (const name of ["weight", "weight by the other variant"]) {
    const sum = meanOf(column(weights, name)) * weights.length;
    assert.ok(Math.abs(sum - 1) < 1e-9, `${name}: ${sum}`);
  }
  const suite = tableOf(notebook, "import");
  for (const name of ["train", "dev", "test"]) {
    assert.ok(column(suite, name).every((size) => size > 0), name);
  }
  const scores = tableOf(notebook, "table");
  assert.equal(scores.length, suite.length + 1);
  for (const arm of ["uniform", "reweighted", "top"]) {
    const mean = scores.at(-1)![arm] as number;
    // At random at most 4.54 over the passages, here 0.02; six steps give 0.1.
    assert.ok(mean > 0.04 && mean <= 1, `${arm}: ${mean}`);
  }
}

/** Checks that the last row of a table holds the means of those above. */
function checkMeans(rows: Record<string, unknown>[], names: string[]): void {
  assert.equal(rows.at(-1)!.task, "mean");
  for (const name of names) {
    const values = column(rows.slice(0, -1), name);
    assert.ok(values.every((value) => value >= 0 && value <= 1), name);
    const whole = rows.at(-1)![name] as number;
    assert.ok(Math.abs(meanOf(values) - whole) < 1e-9, name);
  }
}

/** What a cell printed. */
function printed(notebook: Notebook, id: string): string {
  return codeCells(notebook).find((cell) => cell.id === id)!.outputs!
    .filter(({ name }) => name === "stdout")
    .map(({ text }) => joined(text!)).join("");
}

function checkQuickstart(notebook: Notebook): void {
  const rows = tableOf(notebook, "results");
  checkMeans(rows, ["uniform", "reweighted", "top"]);
  // At random at most 4.54 over the passages: 0.008.
  assert.ok(rows.at(-1)!.uniform as number > 0.08, "it has not learned");
  const scores = column(tableOf(notebook, "search"), "score");
  assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
}

function checkLora(notebook: Notebook): void {
  const [all, factors] = column(tableOf(notebook, "adapter"), "parameters");
  assert.ok(factors! < all! / 40, `${factors} of ${all}`);
  // Four bytes each, and the file's header.
  const weights = tableOf(notebook, "save").find(({ file }) =>
    file === "adapter_model.safetensors"
  )!;
  const header = (weights.KiB as number) * 1024 - 4 * factors!;
  assert.ok(header > 0 && header < 1e4, `${header} bytes of header`);
  const config = JSON.parse(printed(notebook, "config"));
  assert.equal(config.peft_type, "LORA");
  assert.equal(config.target_modules.length, 7);
  assert.match(
    printed(notebook, "merge"),
    /loaded: .* six digits\nmerged: .* five/,
  );
  for (const name of ["base", "adapter", "everything"]) {
    const scores = column(tableOf(notebook, "evaluate"), name);
    assert.ok(scores.every((x) => x > 0 && x <= 1), `${name}: ${scores}`);
  }
}

function checkArena(notebook: Notebook): void {
  const rows = tableOf(notebook, "table");
  const names = tableOf(notebook, "formulas").map((row) => row.strategy);
  assert.deepEqual(
    new Set(rows.map((row) => row.strategy)),
    new Set([...names, "bm25", "start"]),
  );
  const uniform = rows.find((row) => row.strategy === "uniform")!;
  for (const row of tableOf(notebook, "seeds")) {
    const { strategy, "same sign": same, ...bySeed } = row;
    const differences = Object.values(bySeed) as number[];
    assert.ok(differences.length > 1);
    assert.equal(new Set(differences.map(Math.sign)).size === 1, same);
    const whole = rows.find((other) => other.strategy === strategy)!;
    const difference = whole.difference as number;
    assert.ok(Math.abs(meanOf(differences) - difference) < 1e-9, `${strategy}`);
    const means = [whole, uniform].map((of) => of["nDCG@10"] as number);
    assert.ok(Math.abs(means[0]! - means[1]! - difference) < 1e-9);
    assert.ok(whole.low as number <= difference, `${strategy}`);
    assert.ok(whole.high as number >= difference, `${strategy}`);
    assert.ok((whole.pHolm as number) > 0 && (whole.pHolm as number) <= 1);
    const learned = ["tdro", "tdro-ratio-of-means", "doremi"].includes(
      `${strategy}`,
    );
    assert.equal((whole.proxySteps as number) > 0, learned, `${strategy}`);
  }
}

function checkTransfer(notebook: Notebook): void {
  const weights = tableOf(notebook, "weights");
  const text = JSON.parse(printed(notebook, "text"));
  for (const { task, weight } of weights) {
    assert.equal(text.domain_weights[task as string], weight);
  }
  const sum = meanOf(column(weights, "weight")) * weights.length;
  assert.ok(Math.abs(sum - 1) < 1e-9, `weights sum to ${sum}`);
  const rows = tableOf(notebook, "table");
  const sizes = ["proxy size", "larger"];
  checkMeans(rows, sizes.flatMap((s) => [`${s}, uniform`, `${s}, learned`]));
  const [proxy, larger] = column(tableOf(notebook, "sizes"), "parameters");
  assert.ok(larger! > 4 * proxy!);
  const cell = codeCells(notebook).find(({ id }) => id === "verdict")!;
  const verdict = joined(cell.outputs![0]!.data!["text/markdown"] as string);
  const said = [...verdict.matchAll(/make ([+−]\d\.\d+) /g)].map(([, x]) => x);
  assert.deepEqual(
    said,
    sizes.map((size) => {
      const mean = rows.at(-1)! as Record<string, number>;
      const x = mean[`${size}, learned`]! - mean[`${size}, uniform`]!;
      return `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(3)}`;
    }),
  );
}

function checkFastQueries(notebook: Notebook): void {
  const [teacher, ...towers] = tableOf(notebook, "table");
  assert.equal(towers.length, 3);
  for (const tower of towers) {
    assert.ok(
      (tower.parameters as number) < (teacher!.parameters as number),
      `${tower.tower}`,
    );
    assert.ok((tower["p50 ms"] as number) <= (tower["p95 ms"] as number));
  }
  const [now, ...more] = tableOf(notebook, "answers");
  for (const { question, entropy, low, high, extrapolated } of more) {
    // By no law does more of anything make the loss larger.
    assert.ok((entropy as number) <= (now!.entropy as number) + 1e-9);
    assert.ok((low as number) <= (high as number), `${question}`);
    assert.equal(extrapolated, true);
  }
  assert.equal(now!.extrapolated, false);
}

function codeCells({ cells }: Notebook): Cell[] {
  return cells.filter((cell) => cell.cell_type === "code");
}

/** Kinds of a cell's outputs, e.g. `execute_result: text/html text/plain`. */
function kinds(cell: Cell): string[] {
  return (cell.outputs ?? []).map(({ output_type, name, data }) =>
    `${output_type}: ${name ?? Object.keys(data ?? {}).sort().join(" ")}`
  );
}

/** Places that only the machine has which ran the notebook. */
function machinePaths(): RegExp {
  const here = [ROOT, Deno.execPath(), Deno.env.get("HOME") ?? ""]
    .map((path) => path.replace(/[\\/]$/, ""))
    .filter((path) => path.length > 1)
    .map((path) => RegExp.escape(path));
  // And what such places are called elsewhere.
  const anywhere = String.raw`file:\/\/|\/(?:home|root|Users|work|tmp|var)\/`;
  return new RegExp([...here, anywhere, String.raw`[A-Z]:\\\\`].join("|"));
}

function checkOutput(output: Output, where: string): void {
  assert.notEqual(output.output_type, "error", `${where}: ${output.evalue}`);
  assert.notEqual(output.name, "stderr", `${where}: ${output.text}`);
  assert.doesNotMatch(JSON.stringify(output), machinePaths(), where);
  const { data = {} } = output;
  const text = (type: string) => joined(data[type] as string | string[] ?? "");
  if (VEGALITE in data) {
    const spec = data[VEGALITE] as { description: string };
    assert.ok(spec.description.length > 20, `${where}: no text alternative`);
    assert.match(text("image/svg+xml"), /^<svg [\s\S]*<\/svg>\s*$/, where);
    // A plot's heading, or a training panel's line.
    assert.match(
      text("text/plain"),
      /^\[plot\] .|^.+ {2}\d+\/\d+ {2}loss /,
      where,
    );
  }
  if (TABLE in data) {
    assert.match(text("text/html"), /^<table>[\s\S]*<\/table>$/, where);
    assert.match(text("text/plain"), /\S/, where);
  }
}

/** What holds of every notebook that was run, and of this one. */
function checkNotebook(name: string, notebook: Notebook): void {
  assert.equal(notebook.metadata.kernelspec?.name, "deno");
  const cells = codeCells(notebook);
  cells.forEach((cell, i) => {
    const where = `${name}, cell ${cell.id}`;
    assert.equal(cell.execution_count, i + 1, `${where}: not run in order`);
    cell.outputs!.forEach((output) => checkOutput(output, where));
  });
  const with_ = (type: string) =>
    cells.filter(({ outputs }) => outputs!.some(({ data }) => data?.[type]))
      .map(({ id }) => id);
  assert.notDeepEqual(with_(VEGALITE), [], "it shows no plot");
  assert.notDeepEqual(with_(TABLE), [], "it shows no table");
  const expected = EXPECTED[name];
  if (!expected) return;
  assert.deepEqual(with_(VEGALITE), expected.plots);
  assert.deepEqual(with_(TABLE), expected.tables);
  expected.check(notebook);
}

const names = (await Array.fromAsync(Deno.readDir(FOLDER)))
  .map(({ name }) => name).filter((name) => name.endsWith(".ipynb")).sort();

Deno.test("the README describes every notebook", async () => {
  for (const name of Object.keys(EXPECTED)) assert.ok(names.includes(name));
  const readme = await Deno.readTextFile(join(FOLDER, "README.md"));
  for (const name of names) assert.ok(readme.includes(`(${name})`), name);
});

for (const name of names) {
  const path = join(FOLDER, name);

  Deno.test(`${name} is committed with whole outputs`, async () => {
    checkNotebook(name, await readNotebook(path));
    const { size } = await Deno.stat(path);
    assert.ok(size < 1.5e6, `${size} bytes are too many for GitHub to show`);
  });

  Deno.test(`${name}: its cells are formatted`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "tdro-cells-" });
    try {
      // deno fmt --check of 2.9.6 takes every TypeScript notebook for
      // unformatted, so the cells are checked one by one.
      for (const { id, source } of codeCells(await readNotebook(path))) {
        const cell = join(folder, `${id}.ts`);
        await Deno.writeTextFile(cell, `${joined(source)}\n`);
      }
      await deno("fmt", "--check", folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("the cells of all notebooks type-check", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tdro-cells-" });
  try {
    // In one go: what they import is looked at once.
    const modules: string[] = [];
    for (const name of names) {
      const module = join(folder, `${name}.ts`);
      const notebook = await readNotebook(join(FOLDER, name));
      await Deno.writeTextFile(module, extractCells(notebook));
      modules.push(module);
    }
    await deno("check", "--config", join(ROOT, "deno.json"), ...modules);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function deno(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test("a cell that doesn't type-check is found", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tdro-cells-" });
  try {
    const cell = (source: string): Cell => ({ cell_type: "code", source });
    const notebook = {
      nbformat: 4,
      metadata: {},
      cells: [
        cell('import { createRng } from "@tdro/tdro/sampling";'),
        cell("const x: string = createRng(1, 2).next();"),
      ],
    };
    const module = join(folder, "all.ts");
    await Deno.writeTextFile(module, extractCells(notebook));
    await assert.rejects(
      deno("check", "--config", join(ROOT, "deno.json"), module),
      /TS2322[\s\S]*TS2345|TS2345[\s\S]*TS2322/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const missing = whyNoJupyter();
// Some notebooks take minutes: here they run all of their cells on less.
Deno.env.set("TDRO_NOTEBOOKS", "short");

Deno.test({
  name: "notebooks run headless in Jupyter, with outputs like those committed",
  ignore: missing !== undefined &&
    Deno.env.get("TDRO_REQUIRE_JUPYTER") !== "1",
  async fn(t) {
    assert.equal(missing, undefined);
    const before = await listing(FOLDER);
    const out = await Deno.makeTempDir({ prefix: "tdro-notebooks-" });
    try {
      // Much of a notebook's time is one core's: side by side two take little
      // longer than one.
      const errors = await executeNotebooks(
        names.map((name) => [join(FOLDER, name), join(out, name)]),
        { seconds: 1200, atOnce: 2 },
      );
      for (const name of names) {
        await t.step(name, async () => {
          const path = join(FOLDER, name);
          assert.equal(errors.get(path), null);
          const fresh = await readNotebook(join(out, name));
          checkNotebook(name, fresh);
          compare(name, fresh, await readNotebook(path));
        });
      }
    } finally {
      await Deno.remove(out, { recursive: true });
    }
    assert.deepEqual(await listing(FOLDER), before, "it wrote a file");
  },
});

function compare(name: string, fresh: Notebook, committed: Notebook): void {
  assert.deepEqual(
    fresh.cells.map(({ id, source }) => [id, joined(source)]),
    committed.cells.map(({ id, source }) => [id, joined(source)]),
  );
  const was = codeCells(committed);
  // The texts of the docs suite come with Deno.
  const sameDeno = JSON.stringify(was).includes(`"${Deno.version.deno}"`);
  codeCells(fresh).forEach((cell, i) => {
    assert.deepEqual(kinds(cell), kinds(was[i]!), `cell ${cell.id}`);
    if (sameDeno && EXPECTED[name]?.exact.includes(cell.id!)) {
      assert.deepEqual(cell.outputs, was[i]!.outputs, `cell ${cell.id}`);
    }
  });
}

async function listing(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map((e) => e.name)
    .filter((name) => !name.endsWith(".ipynb")) // somebody may be writing one
    .sort();
}
