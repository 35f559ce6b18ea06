/** A model with one tower for queries and another for passages, wherever models go. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeSuite } from "../../../lib/data/mod.ts";
import { hashModel, readReport } from "../../../lib/eval/mod.ts";
import { openRetriever } from "../../../lib/experiment/mod.ts";
import {
  disposeTowers,
  encodeTexts,
  saveEncoder,
  saveTowers,
} from "../../../lib/model/mod.ts";
import { tdro } from "../../cli/_capture.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";
import { useBackend } from "../../../lib/backend/mod.ts";

const backend = "wasm";

/** A teacher, and a model of two whose passages the teacher encodes. */
async function writeModels(folder: string) {
  await useBackend(backend);
  const towers = {
    query: smallEncoder("cls", 0.4),
    passage: smallEncoder("mean", 0.3),
  };
  const teacher = join(folder, "teacher");
  await saveEncoder(towers.passage, teacher);
  const { sha256 } = await hashModel(teacher);
  await saveTowers(towers, join(folder, "two"), { passageModel: sha256 });
  return towers;
}

/** Names of the files in a folder. */
const namesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("openRetriever() encodes queries by one model, passages by the other", () =>
  inTempFolder(async (folder) => {
    const towers = await writeModels(folder);
    const [task] = toySuite().tasks;
    const cache = join(folder, "vectors");
    {
      using teacher = await openRetriever(join(folder, "teacher"), {
        backend,
        cache,
      });
      await teacher.search("the red bird", task!);
    }
    const kept = namesIn(cache);
    using both = await openRetriever(join(folder, "two"), { backend, cache });
    for (const [kind, encoder] of Object.entries(towers)) {
      const { data } = await both.encode(["the red bird"], {
        kind: kind as "query" | "passage",
      });
      assert.deepEqual(
        data,
        (await encodeTexts(encoder, ["the red bird"])).data,
      );
    }
    // The best passage is the one with the largest inner product.
    const [best] = await both.search("the red bird", task!, { k: 1 });
    const [query] = [(await encodeTexts(towers.query, ["the red bird"])).data];
    const texts = [...task!.corpus.values()].map(({ text }) => text);
    const passages = await encodeTexts(towers.passage, texts);
    const scores = texts.map((_, i) =>
      query!.reduce(
        (sum, value, d) => sum + value * passages.data[i * query!.length + d]!,
        0,
      )
    );
    assert.ok(Math.abs(best!.score - Math.max(...scores)) < 1e-5);
    // The teacher's vectors of the passages served.
    assert.deepEqual(namesIn(cache), kept);
    disposeTowers(towers);
  }));

Deno.test("tdro eval, search, mine and model info take both; train says why not", () =>
  inTempFolder(async (folder) => {
    disposeTowers(await writeModels(folder));
    const suite = join(folder, "suite");
    await writeSuite(toySuite(), suite);
    const two = join(folder, "two");
    const cache = join(folder, "vectors");
    const common = ["--backend", backend, "--quiet"];
    const evaluation = (model: string, out: string) =>
      tdro(
        ...["eval", "--suite", suite, "--model", join(folder, model)],
        ...["--prompts", "none", "--cache", cache, "--k", "10"],
        ...["--metrics", "nDCG@10", "--out", join(folder, out), ...common],
      );
    const first = await evaluation("teacher", "a.json");
    assert.equal(first.code, 0, first.err);
    const kept = namesIn(cache);
    const second = await evaluation("two", "b.json");
    assert.equal(second.code, 0, second.err);
    assert.deepEqual(namesIn(cache), kept);
    const [a, b] = await Promise.all(
      ["a.json", "b.json"].map((name) => readReport(join(folder, name))),
    );
    assert.equal(b!.origin!.model!.passages, a!.origin!.model!.sha256);
    assert.notEqual(b!.origin!.model!.sha256, a!.origin!.model!.sha256);
    assert.notDeepEqual(b!.tasks[0]!.perQuery, a!.tasks[0]!.perQuery);

    const found = await tdro(
      ...["search", "red bird", "--suite", suite, "--model", two, ...common],
    );
    assert.equal(found.code, 0, found.err);
    const mined = await tdro(
      ...["mine", "--suite", suite, "--by", "dense", "--model", two],
      ...["--out", join(folder, "mined"), ...common],
    );
    assert.equal(mined.code, 0, mined.err);
    const info = await tdro("model", "info", two, "--json");
    assert.equal(JSON.parse(info.out).passages.pooling, "mean");
    assert.equal(JSON.parse(info.out).pooling, "cls");
    const trained = await tdro(
      ...["train", "--suite", suite, "--model", two, "--steps", "1"],
      ...["--out", join(folder, "run"), ...common],
    );
    assert.equal(trained.code, 2);
    assert.match(trained.err, /it has one model for queries and another/);
  }));
