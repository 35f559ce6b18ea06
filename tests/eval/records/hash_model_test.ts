import assert from "node:assert/strict";
import { hashModel } from "../../../lib/eval/mod.ts";
import { tempFolder } from "../../_temp_folder.ts";

async function model(files: Record<string, string>): Promise<string> {
  const folder = await tempFolder();
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/1_Pooling`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return folder;
}

const FILES = {
  "config.json": "{}",
  "1_Pooling/config.json": '{"pooling_mode_mean_tokens":true}',
  "model.safetensors": "weights",
};

Deno.test("hashModel() depends on what the model computes alone", async () => {
  const hash = async (files: Record<string, string>) =>
    (await hashModel(await model(files))).sha256;
  const plain = await hash(FILES);
  assert.match(plain!, /^[0-9a-f]{64}$/);
  // Neither where it lies nor what is said about it.
  assert.equal(await hash({ ...FILES, "README.md": "x" }), plain);
  assert.equal(await hash({ ...FILES, "tdro_source.json": "{}" }), plain);
  assert.equal(await hash({ ...FILES, "drawn.json": "[1]" }), plain);
  const changes: Record<string, string>[] = [
    { "model.safetensors": "other" },
    { "1_Pooling/config.json": "{}" },
    { "vocab.txt": "a" },
  ];
  for (const change of changes) {
    assert.notEqual(await hash({ ...FILES, ...change }), plain);
  }
});

Deno.test("hashModel() names the revision that was pulled", async () => {
  const folder = await model({
    ...FILES,
    "tdro_source.json": '{"id":"owner/model","revision":"abc","files":[]}',
  });
  const { name, revision } = await hashModel(folder);
  assert.equal(name, folder);
  assert.equal(revision, "owner/model@abc");
});

Deno.test("hashModel() says what is wrong", async () => {
  await assert.rejects(hashModel("nowhere"), /there is no such folder$/);
  await assert.rejects(hashModel(await tempFolder()), /holds no model/);
});
