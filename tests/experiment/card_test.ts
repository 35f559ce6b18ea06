import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import type { Suite } from "../../lib/data/mod.ts";
import {
  runExperiment,
  trainRetriever,
  type TrainRetrieverOptions,
} from "../../lib/experiment/mod.ts";
import { transformersCode } from "../../lib/experiment/card/load_code.ts";
import {
  disposeEncoder,
  encodeTexts,
  loadEncoder,
  type Pooling,
  readModules,
  saveEncoder,
} from "../../lib/model/mod.ts";
import { ROOT } from "../_paths.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../_pytorch.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { inTempFolder } from "../_temp_folder.ts";

const SETTINGS = {
  ...{ steps: 2, batchSize: 4, hiddenSize: 16, vocabSize: 200, negatives: 2 },
  ...{ weightSteps: 2, weightBatchSize: 4 },
};

/** Trains on the toy suite, or another; the folder of the model. */
async function trained(
  out: string,
  options: Partial<TrainRetrieverOptions> = {},
  suite: Suite = toySuite(),
): Promise<string> {
  const backend = await useBackend("wasm");
  const run = trainRetriever(suite, { ...SETTINGS, backend, out, ...options });
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value.model;
  }
}

const read = (path: string) => Deno.readTextFile(path);

Deno.test("a model's files tell the prompts and lengths of its training", () =>
  inTempFolder(async (folder) => {
    await useBackend("wasm");
    const start = smallEncoder(); // 32 positions
    const modules = {
      ...start.modules,
      prompts: { query: "other: " },
      defaultPromptName: "query",
    };
    await saveEncoder({ ...start, modules }, `${folder}/start`);
    disposeEncoder(start);
    const lengths = { queryLength: 20, passageLength: 24, evaluate: false };
    const model = await trained(`${folder}/run`, {
      model: `${folder}/start`,
      ...lengths,
    });
    assert.doesNotMatch(await read(`${model}/README.md`), /adapter/);
    const { prompts, maxLength, defaultPromptName } = await readModules(model);
    assert.equal(maxLength, 24);
    assert.equal(defaultPromptName, undefined);
    assert.deepEqual(prompts, {
      shades: "Instruct: Find the shade\nQuery: ",
      weights: "Instruct: Find the weight\nQuery: ",
      places: "Instruct: Find the place\nQuery: ",
    });

    const bare = await trained(`${folder}/bare`, {
      prompts: "none",
      evaluate: false,
    });
    const none = { query: "", document: "", shades: "", weights: "" };
    assert.deepEqual((await readModules(bare)).prompts, {
      ...none,
      places: "",
    });

    const lora = { rank: 2 };
    const adapted = await trained(`${folder}/lora`, {
      model,
      lora,
      evaluate: false,
    });
    const card = await read(`${adapted}/README.md`);
    assert.match(card, /^tdro model merge MODEL --out merged$/m);

    const alike = toySuite();
    for (const task of alike.tasks) task.prompt = "Find it";
    const same = await trained(
      `${folder}/alike`,
      { evaluate: false },
      alike,
    );
    const agreed = (await readModules(same)).prompts!;
    assert.equal(agreed.query, "Instruct: Find it\nQuery: ");
    assert.equal(agreed.document, "");
  }));

Deno.test("cards tell the mixture, and the scores once they are known", () =>
  inTempFolder(async (folder) => {
    const suite = toySuite();
    suite.tasks[1]!.license = "CC-BY-4.0";
    suite.tasks[1]!.source = "a|b <made up>";
    suite.tasks[2]!.language = ["pt-BR", "no"];
    const options = { weights: [3, 1, 0], evaluate: false };
    const model = await trained(`${folder}/run`, options, suite);
    const before = await read(`${model}/README.md`);
    assert.match(before, /^The model was not evaluated\.$/m);
    assert.match(before, /^language:\n- "en"\n- "no"\n- "pt"$/m);
    const { drawn } = JSON.parse(await read(`${model}.json`));
    for (
      const row of [
        `| shades | 0.7500 | 24 | ${
          drawn[0]
        } | en | CC0-1.0 | made up for the tests |`,
        `| weights | 0.2500 | 12 | ${
          drawn[1]
        } | en | CC-BY-4.0 | a\\|b &lt;made up&gt; |`,
        "| places | 0.0000 | 16 | 0 | pt-BR, no | CC0-1.0 | made up for the tests |",
      ]
    ) assert.ok(before.includes(`\n${row}\n`), before);

    await trained(`${folder}/run`, { ...options, evaluate: true }, suite);
    const after = await read(`${model}/README.md`);
    const report = JSON.parse(await read(`${folder}/run/eval.json`)).retriever;
    const { mean, perQuery } = report.tasks[0];
    const cells = after.match(/^\| shades \| 6 \| (.*) \|$/m)![1]!.split(" | ");
    assert.equal(Number(cells[0]), Number(mean["nDCG@10"].toFixed(4)));
    const [low, high] = cells[1]!.split(" to ").map(Number);
    const values: number[] = perQuery["nDCG@10"];
    assert.ok(Math.min(...values) - 1e-4 <= low! && low! <= mean["nDCG@10"]);
    assert.ok(high! <= Math.max(...values) + 1e-4);
    assert.match(after, /^model-index:$/m);
    assert.doesNotMatch(after, /not evaluated/);
  }));

Deno.test("every arm of a run gets its card, and nothing beside the model", () =>
  inTempFolder(async (folder) => {
    const backend = await useBackend("wasm");
    const out = `${folder}/run`;
    const run = runExperiment(toySuite(), { ...SETTINGS, out, backend });
    for await (const { done } of run) assert.ok(done >= 0);
    const about = {
      uniform: /^Every task is drawn alike\./m,
      reweighted: /learned by tDRO \(2 updates .* measure `released`\)/,
      top: /^The 70 % of the tasks with the largest weights/m,
    };
    for (const [arm, sentence] of Object.entries(about)) {
      const card = await read(`${out}/models/${arm}/README.md`);
      assert.match(card, sentence);
      assert.match(card, /^\| \*\*mean\*\* \|/m);
      const names = [...Deno.readDirSync(`${out}/models/${arm}`)];
      assert.deepEqual(names.map(({ name }) => name).sort(), [
        ...["1_Pooling", "2_Normalize", "README.md", "checksums.json"],
        ...["config.json", "config_sentence_transformers.json"],
        ...["model.safetensors", "modules.json", "sentence_bert_config.json"],
        ...["special_tokens_map.json", "tokenizer.json"],
        "tokenizer_config.json",
      ]);
    }
  }));

/** The code blocks of a card in a language. */
function blocks(card: string, language: string): string[] {
  const fence = "`".repeat(3);
  const pattern = new RegExp(`^${fence}${language}\n([^]*?)^${fence}$`, "gm");
  return [...card.matchAll(pattern)].map(([, code]) => code!);
}

/** What a program prints in its last line, as JSON. */
async function lastLine(
  program: string,
  args: readonly string[],
): Promise<number[][][]> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { HF_HUB_OFFLINE: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  return JSON.parse(text(stdout).trimEnd().split("\n").at(-1)!);
}

async function runPython(
  folder: string,
  code: string,
  model: string,
): Promise<number[][][]> {
  const path = `${folder}/${crypto.randomUUID()}.py`;
  const print =
    "import json\nprint(json.dumps([queries.tolist(), passages.tolist()]))\n";
  await Deno.writeTextFile(path, code.replaceAll("MODEL", model) + print);
  return await lastLine(TORCH_PYTHON, [path]);
}

/** What we make of the texts in the card's examples. */
async function ours(model: string, prompt: string): Promise<number[][][]> {
  const encoder = await loadEncoder(model);
  const query = encoder.modules.prompts![prompt]!;
  const sets = [
    await encodeTexts(encoder, ["a query"], { prompt: query }),
    await encodeTexts(encoder, ["a passage", "another passage"]),
  ];
  disposeEncoder(encoder);
  return sets.map(rowsOf);
}

function rowsOf(
  { data, dimension }: Awaited<ReturnType<typeof encodeTexts>>,
): number[][] {
  return Array.from(
    { length: data.length / dimension },
    (_, i) => [...data.subarray(i * dimension, (i + 1) * dimension)],
  );
}

function assertClose(a: number[][][], b: number[][][], what: string) {
  assert.deepEqual(a.map((set) => set.length), b.map((set) => set.length));
  const [x, y] = [a.flat(2), b.flat(2)];
  const most = Math.max(...x.map((value, i) => Math.abs(value - y[i]!)));
  // As for every model that we save.
  assert.ok(most < 1e-5, `${what}: ${most}`);
}

Deno.test({
  name: "the code of a card gives our vectors in all three libraries",
  ignore: WITHOUT_TORCH,
  fn: () =>
    inTempFolder(async (folder) => {
      const model = await trained(`${folder}/run`);
      const card = await read(`${model}/README.md`);
      const want = await ours(model, "shades");
      const [sentences, transformers] = blocks(card, "python");
      assertClose(await runPython(folder, sentences!, model), want, "st");
      assertClose(await runPython(folder, transformers!, model), want, "hf");

      const [code] = blocks(card, "ts");
      const path = `${folder}/card.ts`;
      await Deno.writeTextFile(
        path,
        code!.replace("MODEL", model).replace('"auto"', '"wasm"') +
          "console.log(JSON.stringify([[[...queries.data]], [[...passages.data]]]));\n",
      );
      const flags = ["run", "--allow-all", "--no-check", "--config"];
      const said = await lastLine(Deno.execPath(), [
        ...flags,
        `${ROOT}deno.json`,
        path,
      ]);
      assert.deepEqual(said.flat(2).map(Math.fround), want.flat(2));

      // Other tasks, each by its name.
      const other = sentences!.replace('"shades"', '"places"');
      assertClose(
        await runPython(folder, other, model),
        await ours(model, "places"),
        "places",
      );
    }),
});

Deno.test({
  name: "transformers' code in a card pools as we do",
  ignore: WITHOUT_TORCH,
  fn: () =>
    inTempFolder(async (folder) => {
      await useBackend("wasm");
      const poolings: Pooling[] = ["cls", "lastToken", "weightedMean"];
      for (const pooling of poolings) {
        const encoder = smallEncoder(pooling);
        const modules = { ...encoder.modules, prompts: { query: "red " } };
        await saveEncoder({ ...encoder, modules }, `${folder}/${pooling}`);
        disposeEncoder(encoder);
        const [code] = blocks(
          transformersCode({ modules, prompt: "query", maxLength: 32 })!,
          "python",
        );
        assertClose(
          await runPython(folder, code!, `${folder}/${pooling}`),
          await ours(`${folder}/${pooling}`, "query"),
          pooling,
        );
      }
    }),
});

Deno.test({
  name: "the hub's own library reads a card's head",
  ignore: WITHOUT_TORCH,
  fn: () =>
    inTempFolder(async (folder) => {
      const suite = toySuite();
      suite.tasks[0]!.name = 'shades: "all"';
      const model = await trained(`${folder}/run`, {}, suite);
      const path = `${folder}/card.py`;
      await Deno.writeTextFile(
        path,
        `import json
from huggingface_hub import ModelCard
data = ModelCard.load(${JSON.stringify(`${model}/README.md`)}).data
print(json.dumps([data.language, data.library_name,
  [[r.dataset_name, r.metric_name] for r in data.eval_results][:2]]))
`,
      );
      assert.deepEqual(await lastLine(TORCH_PYTHON, [path]), [
        ["en"],
        "sentence-transformers",
        [['shades: "all"', "nDCG@10"], ['shades: "all"', "MRR@10"]],
      ]);
    }),
});
