import assert from "node:assert/strict";
import {
  disposeEncoder,
  encodeFunction,
  encodeTexts,
  loadEncoder,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import { checkVectors, pythonCases } from "./_python_cases.ts";

pythonCases({
  name: "the files beside tokenizer.json count as in sentence-transformers",
  script: "text_cases.py",
  async test(one, texts) {
    const { folder, error, similarity } = one;
    if (error) {
      return await assert.rejects(
        loadEncoder(folder),
        (thrown: Error) => {
          assert.match(thrown.message, new RegExp(error as string));
          assert.match(thrown.message, /^Cannot [^\n]*$/);
          return true;
        },
      );
    }
    await checkVectors(one, texts);
    const encoder = await loadEncoder(folder);
    try {
      await saveEncoder(encoder, `${folder}/again`);
      await checkVectors({ ...one, folder: `${folder}/again` }, texts);
      if (!similarity) return;
      const vectors = await encodeTexts(encoder, texts);
      const { data, dimension } = await encodeFunction(encoder)(texts);
      const first = (row: Float32Array) =>
        Math.hypot(...row.slice(0, dimension));
      const wanted = similarity === "cosine" ? 1 : first(vectors.data);
      assert.ok(Math.abs(first(data) - wanted) < 1e-6);
      assert.ok(Math.abs(first(vectors.data) - 1) > 0.1);
    } finally {
      disposeEncoder(encoder);
    }
  },
});
