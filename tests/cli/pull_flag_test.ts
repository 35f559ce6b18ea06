import assert from "node:assert/strict";
import { writeSuite } from "../../lib/data/mod.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  disposeEncoder,
  loadEncoder,
  saveEncoder,
} from "../../lib/model/mod.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, type Outcome, tdro } from "./_capture.ts";
import { serveHub } from "./_local_hub.ts";
import { tempFolder } from "../_temp_folder.ts";

const NAME = "owner/tiny";
const FOLDER = "models/tiny";

/** A folder with a suite, and a hub that has a model. */
async function withHub(
  body: (requests: () => number) => Promise<void>,
): Promise<void> {
  const work = await tempFolder();
  const home = Deno.cwd();
  await useBackend("wasm");
  const encoder = smallEncoder();
  await saveEncoder(encoder, `${work}/hub`);
  disposeEncoder(encoder);
  await writeSuite(toySuite(), `${work}/suite`);
  const files: Record<string, Uint8Array> = {};
  for (const path of await filesIn(`${work}/hub`)) {
    files[path] = await Deno.readFile(`${work}/hub/${path}`);
  }
  const hub = serveHub({ [`models/${NAME}`]: files });
  const before = Deno.env.get("HF_ENDPOINT");
  Deno.env.set("HF_ENDPOINT", hub.url);
  Deno.chdir(work);
  try {
    await body(() => hub.requests.length);
  } finally {
    Deno.chdir(home);
    if (before === undefined) Deno.env.delete("HF_ENDPOINT");
    else Deno.env.set("HF_ENDPOINT", before);
    await hub[Symbol.asyncDispose]();
    await Deno.remove(work, { recursive: true });
  }
}

async function filesIn(folder: string, within = ""): Promise<string[]> {
  const names: string[] = [];
  for await (
    const { name, isDirectory } of Deno.readDir(`${folder}/${within}`)
  ) {
    const path = `${within}${name}`;
    if (isDirectory) names.push(...await filesIn(folder, `${path}/`));
    else names.push(path);
  }
  return names;
}

const SUITE = ["--suite", "suite"];
const WASM = ["--backend", "wasm"];

/** A line of each command that takes a model by its name. */
const LINES: Record<string, string[]> = {
  run: ["run", ...SUITE, "--model", NAME, "--dry-run", ...WASM],
  train: ["train", ...SUITE, "--model", NAME, "--dry-run", ...WASM],
  arena: ["arena", ...SUITE, "--model", NAME, "--dry-run", ...WASM],
  mining: ["train", ...SUITE, "--mine-model", NAME, "--dry-run", ...WASM],
  mine: ["mine", ...SUITE, "--by", "dense", "--model", NAME, ...WASM],
  eval: ["eval", ...SUITE, "--model", NAME, ...WASM],
  search: [
    "search",
    ...SUITE,
    "--model",
    NAME,
    "--prompts",
    "none",
    ...WASM,
    "a bird",
  ],
  audit: ["data", "audit", ...SUITE, "--model", NAME, "--negatives", "mined"]
    .concat(WASM),
};

Deno.test("a model's name on the hub is no folder: a line says how to fetch it", () =>
  withHub(async (requests) => {
    for (const [name, words] of Object.entries(LINES)) {
      const outcome: Outcome = await tdro(...words);
      assert.ok(isUserError(outcome), `${name}: ${outcome.err}`);
      assert.match(
        outcome.err,
        /no such folder; for a model on the hub add --pull, or fetch it first: tdro model pull owner\/tiny\n$/,
        name,
      );
    }
    await assert.rejects(loadEncoder(NAME), /: tdro model pull owner\/tiny$/);
    assert.equal(requests(), 0, "nothing is downloaded unasked");
    await assert.rejects(Deno.stat("models"), Deno.errors.NotFound);
  }));

Deno.test("--pull fetches the model once, and its name finds it from then on", () =>
  withHub(async (requests) => {
    const first = await tdro(...LINES.eval!, "--pull", "--json");
    assert.equal(first.code, 0, first.err);
    assert.match(first.err, /downloading|download/);
    const source = JSON.parse(
      await Deno.readTextFile(`${FOLDER}/tdro_source.json`),
    );
    assert.equal(source.id, NAME);
    const { origin } = JSON.parse(first.out);
    assert.match(origin.model.name, /models\/tiny$/);
    const asked = requests();
    assert.ok(asked > 0);
    const mined = await tdro("mine", ...SUITE, "--out", "mined");
    assert.equal(mined.code, 0, mined.err);
    for (const [name, words] of Object.entries(LINES)) {
      const { code, err } = await tdro(...words);
      assert.equal(code, 0, `${name}: ${err}`);
      assert.match(err, /^model: models.tiny, pulled before$/m, name);
      if (["mining", "search"].includes(name)) continue; // not that model's
      assert.match(err, /^lengths: .* 32 tokens, passages at 32/m, name);
    }
    assert.equal(requests(), asked, "it is here already");
    // Another owner's model has the same last name.
    const other = await tdro("eval", ...SUITE, "--model", "another/tiny");
    assert.ok(isUserError(other), other.err);
    assert.match(other.err, /tdro model pull another\/tiny/);
  }));

Deno.test("what is wrong is said before anything dear is read", async () => {
  const folder = await tempFolder();
  // There is no such suite: what is complained about came first.
  const suite = ["--suite", `${folder}/none`];
  const model = ["--model", `${folder}/nothing`];
  for (
    const [words, complaint] of [
      [["eval", ...suite, "--bm25", "--metrics", "nDGC@10"], /nDGC@10/],
      [["eval", ...suite, ...model], /nothing/],
      [["eval", ...suite, "--bm25", "--k", "5"], /k must be at least 10 /],
      [["search", ...suite, ...model, "bird"], /nothing/],
      [["mine", ...suite, "--by", "dense", ...model], /nothing/],
      [["data", "clean", ...suite, "--out", folder], /there already/],
      [["data", "audit", ...suite, ...model, "--negatives", "x"], /nothing/],
    ] as const
  ) {
    const outcome = await tdro(...words);
    assert.ok(isUserError(outcome), outcome.err);
    assert.match(outcome.err, complaint);
  }
  await Deno.remove(folder, { recursive: true });
});
