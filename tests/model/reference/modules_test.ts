import assert from "node:assert/strict";
import {
  disposeEncoder,
  loadEncoder,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import { makeModelReference } from "../../../lib/model/parity/reference.ts";
import { TORCH_PYTHON } from "../../_pytorch.ts";
import { checkVectors, type PythonCase, pythonCases } from "./_python_cases.ts";

/** Of what we save, these go back to Python: it starts anew for each. */
const ALSO_THERE = [
  "mean and cls",
  "all poolings",
  "dense on tokens",
  "dense without bias, with a residual of another length",
  "layer norm between dense",
  "layers from 1",
  "cut, normalised",
];

/** The prompt is the folder's own, under its name. */
async function checkPrompt({ folder, prompt }: PythonCase): Promise<void> {
  const encoder = await loadEncoder(folder);
  const { prompts = {} } = encoder.modules;
  assert.ok(Object.values(prompts).includes(prompt as string));
  disposeEncoder(encoder);
}

pythonCases({
  name: "every module gives sentence-transformers' vectors, also saved by us",
  script: "module_cases.py",
  async test(one, texts) {
    const { folder, error } = one;
    if (error) {
      return await assert.rejects(
        loadEncoder(folder),
        new RegExp(error as string),
      );
    }
    const prompt = one.prompt as string | undefined;
    await checkVectors(one, texts.map((text) => (prompt ?? "") + text));
    if (prompt !== undefined) return await checkPrompt(one);
    const encoder = await loadEncoder(folder);
    await saveEncoder(encoder, `${folder}/again`);
    disposeEncoder(encoder);
    const again = { ...one, folder: `${folder}/again` };
    await checkVectors(again, texts);
    if (!ALSO_THERE.includes(one.name)) return;
    // Cut vectors aren't normalised there, so they are ours but for the length.
    const { embeddings } = await makeModelReference(again.folder, texts, {
      python: TORCH_PYTHON,
    });
    await checkVectors({ ...again, embeddings }, texts);
  },
});
