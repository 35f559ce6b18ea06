import assert from "node:assert/strict";
import { passageText } from "../../../lib/data/mod.ts";
import {
  readWeightFile,
  weightFile,
  writeWeightFile,
} from "../../../lib/dro/mod.ts";
import { disposeEncoder, loadEncoder } from "../../../lib/model/mod.ts";
import { toySuite } from "../../_toy_suite.ts";
import { jsonLines, type SmallRun, smallRun } from "./_handed_off.ts";

/** The toy suite with a title here and there, and a name that isn't a file's. */
function titled() {
  const suite = toySuite();
  const [first] = suite.tasks;
  first!.name = "shades|*<b>";
  let number = 0;
  for (const passage of first!.corpus.values()) {
    if (number++ % 2) passage.title = number % 3 ? "On shades" : "";
  }
  return suite;
}

const suite = titled();
let made: Promise<SmallRun> | undefined;
/** One run for all tests. */
const theRun = () =>
  made ??= smallRun({ seed: 5, steps: 1, weightSteps: 1 }, suite);

Deno.test("a project has the texts that tdro trains on, and the run's settings", async () => {
  const { folder: work, handOff } = await theRun();
  const { folder, warnings, differences } = await handOff();
  assert.deepEqual(warnings, []);
  assert.equal(differences.length, 1);
  const project = JSON.parse(
    await Deno.readTextFile(`${folder}/project.json`),
  );
  const [task] = project.tasks;
  const rows = await jsonLines(`${folder}/${task.file}`);
  const { corpus, queries, prompt } = suite.tasks[0]!;
  assert.equal(rows.length, task.rows);
  for (const row of rows) {
    const { text } = queries.get(row.query_id)!;
    assert.equal(row.anchor, `Instruct: ${prompt}\nQuery: ${text}`);
    const ids = [...row.positive_ids, ...row.negative_ids];
    assert.deepEqual(
      [...row.positives, ...row.negatives],
      ids.map((id) => passageText(corpus.get(id)!)),
    );
    assert.ok(row.negatives.length > 0);
  }
  const { settings, firstBatches } = project;
  assert.equal(settings.seed, 5);
  assert.equal(settings.learningRate, 0.01);
  assert.equal(settings.eta, 0.25);
  assert.equal(firstBatches[0].length, settings.batchSize);
  assert.deepEqual(
    await readWeightFile(`${folder}/weights.json`),
    await readWeightFile(`${work}/run/weights.json`),
  );
  // The copy is the base model, but for dropout.
  const config = JSON.parse(
    await Deno.readTextFile(`${folder}/model/config.json`),
  );
  assert.equal(config.attention_probs_dropout_prob, 0);
  const [copy, base] = [
    await loadEncoder(`${folder}/model`),
    await loadEncoder(`${work}/base`),
  ];
  for (const [name, parameter] of base.parameters) {
    assert.deepEqual(
      copy.parameters.get(name)!.dataSync(),
      parameter.dataSync(),
    );
  }
  [copy, base].forEach(disposeEncoder);
  if (Deno.build.os !== "windows") {
    const script = await Deno.stat(`${folder}/launch/torchrun.sh`);
    assert.equal(script.mode! & 0o111, 0o111);
  }
});

Deno.test("a project warns where the weights may not fit its training", async () => {
  const { folder: work, handOff } = await theRun();
  const larger = await handOff({ steps: 1000, batchSize: 64 });
  assert.match(
    larger.warnings[0]!,
    /^The weights were learned for 1 update of 8 queries; this project trains for 1,000 updates of 64 queries\. /,
  );
  // 64,000 rows of some dozens.
  assert.match(larger.warnings[1]!, /rows of .* will be drawn/);
  const [other] = (await handOff({ base: "an/encoder" })).warnings;
  assert.match(
    other!,
    /tokenizer of .*; see that an\/encoder has the same one/,
  );
  const same = await handOff({ base: `${work}/base` });
  assert.deepEqual(same.warnings, []);

  const file = `${work}/given.json`;
  const names = suite.tasks.map(({ name }) => name);
  const weights = { names, sizes: [1, 1, 1], weights: [3, 0, 1] };
  await writeWeightFile(file, weightFile(weights));
  const given = await handOff({ weights: file });
  assert.match(given.warnings[0]!, /isn't recorded\. They come from /);
  const readme = await Deno.readTextFile(`${given.folder}/README.md`);
  assert.match(readme, /## Check first\n\n- With which tokenizer/);
  assert.match(
    readme,
    /\| 24 \| 0\.7500 \|\n\| weights \| 12 \| 0\.0000/,
  );
  assert.deepEqual((await handOff({ weights: "uniform" })).warnings, []);
});

Deno.test("names of tasks are harmless in a project", async () => {
  const { folder } = await (await theRun()).handOff();
  const { tasks } = JSON.parse(
    await Deno.readTextFile(`${folder}/project.json`),
  );
  assert.equal(tasks[0].name, "shades|*<b>");
  assert.equal(tasks[0].file, "data/0000-shades_b_.jsonl");
  const readme = await Deno.readTextFile(`${folder}/README.md`);
  assert.ok(readme.includes("| shades\\|\\*\\<b\\> | 24 |"), readme);
});

Deno.test("a run that can't be handed over says why", async () => {
  const { folder: work, handOff } = await theRun();
  await assert.rejects(handOff({ out: `${work}/base` }), /the name is taken/);
  await assert.rejects(
    handOff({ suite: `${work}/run` }),
    /Cannot (open|hand over)/,
  );
  await Deno.remove(`${work}/run/weights.json`);
  await assert.rejects(handOff(), /has learned no weights yet; .*--weights/);
  await handOff({ weights: "uniform" });
});
