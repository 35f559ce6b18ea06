import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  compareMixtures,
  distil,
  mineSuite,
  runExperiment,
  trainRetriever,
} from "../../lib/experiment/mod.ts";
import { ROOT } from "../_paths.ts";
import { toySuite } from "../_toy_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

const SETTINGS = {
  hiddenSize: 16,
  vocabSize: 200,
  negatives: 2,
  steps: 2,
  batchSize: 4,
  weightSteps: 2,
  weightBatchSize: 4,
  evalEvery: 1,
};

/** Names that a user's data give to fields and files. */
const GIVEN = new Set([
  ...toySuite().tasks.map(({ name }) => name),
  "nDCG@10",
  "MRR@10",
  "Recall@100",
]);

/** The words of the page's code: fields and file names are among them. */
function codeWords(page: string): Set<string> {
  const code = page.match(/^```text[\s\S]*?^```$|`[^`\n]+`/gm) ?? [];
  return new Set(
    code.flatMap((text) => text.match(/[\w.-]+/g) ?? [])
      .flatMap((word) => [word, ...word.split(".")]),
  );
}

/** Names of all fields in a JSON value; hashes are by name of a file. */
function fieldsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("format" in value && value.format === "tdro-checksums/1") {
    return Object.keys(value);
  }
  const inner = Object.values(value).flatMap(fieldsOf);
  return Array.isArray(value) ? inner : [...Object.keys(value), ...inner];
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

/** Names of files and fields below a folder that the words lack. */
async function untold(
  folder: string,
  words: ReadonlySet<string>,
): Promise<string[]> {
  const missing = new Set<string>();
  for await (const path of filesIn(folder)) {
    const file = path.slice(folder.length);
    const name = file.split("/").at(-1)!;
    const patterned = /^(?:top\d0|shadow_.*|tdro)[_-]weights\.json$/;
    const arm = /\/models\/[^/]+\.json$/.test(file);
    if (!words.has(name) && !patterned.test(name) && !arm) missing.add(file);
    // Models are saved in the form of another project.
    const model = /\/(?:models|tokenizer|checkpoints)\//.test(file) &&
      !file.endsWith("/state.json") && !arm;
    if (!/\.jsonl?$/.test(file) || model) continue;
    const text = await Deno.readTextFile(path);
    const values = file.endsWith("l") ? text.trim().split("\n") : [text];
    for (const field of values.flatMap((line) => fieldsOf(JSON.parse(line)))) {
      if (!words.has(field) && !GIVEN.has(field)) {
        missing.add(`${file}: ${field}`);
      }
    }
  }
  return [...missing];
}

Deno.test("docs/files.md tells every file and field that is written", async () => {
  const backend = await useBackend("wasm");
  const folder = await tempFolder();
  const settings = (name: string) => ({
    ...SETTINGS,
    backend,
    out: `${folder}/${name}`,
  });
  const suite = toySuite();
  const interrupted = new AbortController();
  for await (const { stage } of runExperiment(suite, settings("run"))) {
    assert.ok(stage);
  }
  const adapted = { model: `${folder}/run/models/uniform`, lora: { rank: 2 } };
  for await (
    const { done } of trainRetriever(suite, {
      ...settings("train"),
      ...adapted,
    })
  ) assert.ok(done >= 0);
  const { weightSteps: _, weightBatchSize: __, ...tower } = settings("distil");
  const vectors = await tempFolder();
  for await (
    const { done } of distil(suite, {
      ...tower,
      teacher: `${folder}/train`,
      student: "scratch",
      refine: 1,
      cache: vectors,
    })
  ) assert.ok(done >= 0);
  await Deno.remove(vectors, { recursive: true });
  const mined = await tempFolder();
  for await (const { stage } of mineSuite(suite, { out: mined })) {
    assert.ok(stage);
  }
  const arena = compareMixtures(suite, ["tdro"], {
    mined,
    ...settings("arena"),
    budget: 4,
    seeds: [1],
  });
  for await (const { done } of arena) assert.ok(done >= 0);
  const { signal } = interrupted;
  await assert.rejects(async () => {
    const run = trainRetriever(suite, { ...settings("cut"), signal });
    for await (const { stage, done } of run) {
      if (stage === "retriever" && done === 1) interrupted.abort();
    }
  });
  assert.ok(await Deno.stat(`${folder}/cut/checkpoints/retriever`));

  const page = await Deno.readTextFile(`${ROOT}docs/files.md`);
  assert.deepEqual(await untold(folder, codeWords(page)), []);
  const without = page.replaceAll("gradNorm", "").replaceAll(
    "negatives.json",
    "",
  );
  const found = (await untold(`${folder}/train`, codeWords(without))).join(" ");
  assert.match(found, /gradNorm/);
  assert.match(found, /\/negatives\.json(?!:)/);
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(mined, { recursive: true });
});
