import assert from "node:assert/strict";
import { writeSuite } from "../../lib/data/mod.ts";
import { formatWeightFile, weightFile } from "../../lib/dro/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, tdro } from "./_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

/** A line that trains for two steps of four rows; the flags come on top. */
function trainLine(work: string, ...flags: string[]): string[] {
  const fixed =
    "--backend wasm --json --steps 2 --batch-size 4 --vocab-size 120 " +
    "--hidden-size 16 --no-evaluate";
  return [
    "train",
    "--suite",
    `${work}/suite`,
    ...fixed.split(" "),
    ...flags,
  ];
}

Deno.test("tdro train takes weights by the names of their tasks, and tells which fit", async () => {
  const work = await tempFolder();
  const suite = toySuite();
  await writeSuite(suite, `${work}/suite`);
  const names = suite.tasks.map(({ name }) => name);
  assert.deepEqual(names, ["shades", "weights", "places"]);
  const write = async (name: string, weights: Record<string, number>) => {
    const file = weightFile({
      names: Object.keys(weights),
      weights: Object.values(weights),
      sizes: Object.values(weights).map(() => 10),
    });
    await Deno.writeTextFile(`${work}/${name}`, formatWeightFile(file));
    return `${work}/${name}`;
  };
  const larger = await write("larger.json", {
    places: 0.5,
    shades: 0,
    elsewhere: 0.25,
    weights: 0.25,
  });
  const line = trainLine(work, "--out", `${work}/run`);
  const { code, out, err } = await tdro(...line, "--mixture", larger);
  assert.equal(code, 0, err);
  assert.match(
    err,
    /larger\.json: weights of a larger suite; without elsewhere/,
  );
  const { weights, drawn } = JSON.parse(out);
  assert.deepEqual(weights, [0, 1 / 3, 2 / 3]);
  assert.equal(drawn[0], 0);
  assert.equal(drawn[1] + drawn[2], 8);

  const smaller = await write("smaller.json", { places: 0.7, shades: 0.3 });
  const refused = await tdro(...line, "--mixture", smaller);
  assert.ok(isUserError(refused), refused.err);
  assert.match(
    refused.err,
    /smaller\.json: Cannot .* have none for weights; /,
  );
  const top = await write("top.json", { places: 0.5, shades: 0.5 });
  const selected = await tdro(...line, "--mixture", top, "--force");
  assert.match(
    selected.err,
    /top\.json: a selection .*none of weights is drawn/,
  );
  assert.deepEqual(JSON.parse(selected.out).weights, [0.5, 0, 0.5]);
  assert.ok(isUserError(await tdro(...line, "--lora.rank", "0")));
});

Deno.test("tdro train takes every rule that costs nothing, and a run for its mixture", async () => {
  const work = await tempFolder();
  await writeSuite(toySuite(), `${work}/suite`);
  const out = `${work}/run`;
  const weightsOf = async (...flags: string[]) => {
    const done = await tdro(
      ...trainLine(work, "--out", out, "--force", ...flags),
    );
    assert.equal(done.code, 0, done.err);
    return JSON.parse(done.out).weights as number[];
  };
  // 36, 18 and 24 queries, two thirds of them for training.
  const roots = [24, 12, 16].map(Math.sqrt);
  const total = roots.reduce((a, b) => a + b);
  const tempered = await weightsOf("--mixture", "temperature-2");
  tempered.forEach((weight, k) =>
    assert.ok(Math.abs(weight - roots[k]! / total) < 1e-12)
  );
  const manual = ["--mixture", "manual-0.1/0.2/0.3"];
  const given = await weightsOf(...manual);
  assert.ok(Math.abs(given[2]! - 0.5) < 1e-12);
  // Its record is a config file, and a mixture, to the last digit: nothing is left
  // to do. The folder is the one thing it doesn't say.
  const again = await tdro(
    ..."train --no-evaluate --json --suite".split(" "),
    `${work}/suite`,
    "--config",
    `${out}/run.json`,
    "--out",
    out,
  );
  assert.equal(again.code, 0, again.err);
  assert.deepEqual(JSON.parse(again.out).weights, given);
  assert.match(again.err, /run\.json: not used: weightSteps, [^\n]*\n/);
  assert.match(again.err, /trained before/);
  for (const mixture of [out, `${out}/run.json`]) {
    await Deno.rename(out, `${out}-kept`).catch(() => {});
    const path = mixture.replace(out, `${out}-kept`);
    assert.deepEqual(await weightsOf("--mixture", path), given);
  }
});

Deno.test("tdro train says what is no mixture", async () => {
  const work = await tempFolder();
  await writeSuite(toySuite(), `${work}/suite`);
  await Deno.mkdir(`${work}/arena`);
  await Deno.writeTextFile(`${work}/arena/arena.json`, "{}");
  await Deno.writeTextFile(`${work}/some.json`, "[]");
  for (
    const [mixture, message] of [
      ["no/file.json", /no such file or folder, and no strategy of that name$/],
      ["unifrom", /no strategy of that name \(did you mean uniform\?\)/],
      ["doremi", /learns its weights by training; let tdro arena/],
      ["temperature--1", /temperature-T must have a number T > 0/],
      ["manual-1/2", /one entry for each of the 3 tasks: got 2/],
      [`${work}/arena`, /name an arm of the arena, as in .*seed-1/],
      [`${work}/some.json`, /Cannot read weights: the file: /],
      [`${work}/suite`, /suite has no weights\.json$/],
    ] as const
  ) {
    const line = trainLine(work, "--out", `${work}/run`);
    const outcome = await tdro(...line, "--mixture", mixture);
    assert.ok(isUserError(outcome), outcome.err);
    assert.match(outcome.err.trimEnd(), message);
  }
  await assert.rejects(Deno.stat(`${work}/run`), Deno.errors.NotFound);
});

Deno.test("run and train refuse LoRA on an untrained encoder", async () => {
  const work = await tempFolder();
  await writeSuite(toySuite(), `${work}/suite`);
  for (const name of ["run", "train"]) {
    const line = ["--suite", `${work}/suite`, "--out", `${work}/run`];
    const more = ["--backend", "wasm", "--quiet", "--lora.rank", "2"];
    const outcome = await tdro(name, ...line, ...more);
    assert.ok(isUserError(outcome), outcome.err);
    assert.match(outcome.err, /on an untrained encoder.*--model/);
    await assert.rejects(Deno.stat(`${work}/run`), Deno.errors.NotFound);
  }
  await Deno.remove(work, { recursive: true });
});

Deno.test("tdro train takes one task, and needs test judgments to evaluate alone", async () => {
  const work = await tempFolder();
  const [task] = toySuite().tasks;
  const one = { ...task!, qrels: { train: task!.qrels.train! } };
  await writeSuite({ name: "one", tasks: [one] }, `${work}/suite`);
  const line = trainLine(work, "--out", `${work}/run`, "--quiet");
  const evaluated = await tdro(...line.filter((w) => w !== "--no-evaluate"));
  assert.ok(isUserError(evaluated), evaluated.err);
  assert.match(evaluated.err, /no test judgments.*--no-evaluate/);
  const { code, out, err } = await tdro(...line);
  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(out).drawn, [8]);
  await Deno.remove(work, { recursive: true });
});
