import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  addLora,
  disposeEncoder,
  mergeLora,
  modelInfo,
  saveEncoder,
  saveLora,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { isUserError, tdro } from "./_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

Deno.test("tdro model info, check, convert and merge", async () => {
  await useBackend("wasm");
  const work = await tempFolder();
  const encoder = smallEncoder();
  const [base, adapter] = [`${work}/base`, `${work}/adapter`];
  await saveEncoder(encoder, base);

  const info = await tdro("model", "info", base, "--json");
  assert.equal(info.code, 0);
  assert.deepEqual(JSON.parse(info.out), await modelInfo(base));
  assert.equal(JSON.parse(info.out).family, "bert");

  const check = await tdro("model", "check", base, "--backend", "wasm", "-q");
  assert.equal(check.code, 0);
  assert.match(check.out, /a text alone and in a batch +ok/);
  assert.match(check.out, /equals PyTorch +not tried/);

  const half = `${work}/half`;
  const line = ["model", "convert", base, "--dtype", "float16", "--out", half];
  assert.equal((await tdro(...line)).code, 0);
  const { dtypes, bytes } = await modelInfo(half);
  assert.deepEqual(dtypes, ["F16"]);
  assert.equal(bytes * 2, (await modelInfo(base)).bytes);
  const again = await tdro(...line);
  assert.ok(isUserError(again), again.err);

  const adapted = addLora(encoder, { rank: 2, rng: createRng(1, "lora") });
  await saveLora(adapted, adapter);
  disposeEncoder(mergeLora(adapted));
  const merged = `${work}/merged`;
  const merge = ["model", "merge", base, "--out", merged];
  assert.ok(isUserError(await tdro(...merge)), "no adapter there");
  assert.equal((await tdro(...merge, "--adapter", adapter)).code, 0);
  assert.equal(
    (await modelInfo(merged)).tensors,
    (await modelInfo(base)).tensors,
  );
  await Deno.remove(work, { recursive: true });
});

Deno.test("tdro model check fails a model that differs from its reference", async () => {
  await useBackend("wasm");
  const work = await tempFolder();
  const encoder = smallEncoder();
  await saveEncoder(encoder, `${work}/model`);
  disposeEncoder(encoder);
  const reference = { texts: ["red"], embeddings: [Array(16).fill(0.25)] };
  await Deno.writeTextFile(`${work}/ref.json`, JSON.stringify(reference));
  const { code, out } = await tdro(
    "model",
    "check",
    `${work}/model`,
    "--backend",
    "wasm",
    "-q",
    "--reference",
    `${work}/ref.json`,
  );
  assert.equal(code, 1);
  assert.match(out, /embeddings equal PyTorch's +WRONG/);
  assert.ok(isUserError(await tdro("model", "info", `${work}/nothing`)));
  await Deno.remove(work, { recursive: true });
});
