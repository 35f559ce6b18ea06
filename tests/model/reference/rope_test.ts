import assert from "node:assert/strict";
import {
  disposeEncoder,
  loadEncoder,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import { checkVectors, pythonCases } from "./_python_cases.ts";

pythonCases({
  name:
    "rotary positions, windows and directions are as transformers 5 reads them",
  script: "rope_cases.py",
  async test(one, texts) {
    const { folder, error } = one;
    if (error) {
      const found = await loadEncoder(folder).then(() => "no error", String);
      return assert.match(found, new RegExp(error as string));
    }
    await checkVectors(one, texts);
    const encoder = await loadEncoder(folder);
    await saveEncoder(encoder, `${folder}/again`);
    disposeEncoder(encoder);
    await checkVectors({ ...one, folder: `${folder}/again` }, texts);
  },
});
