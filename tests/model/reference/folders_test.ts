import assert from "node:assert/strict";
import { loadEncoder } from "../../../lib/model/mod.ts";
import { TORCH_PYTHON } from "../../_pytorch.ts";
import { checkVectors, pythonCases } from "./_python_cases.ts";

pythonCases({
  name: "folders as they are in the wild give sentence-transformers' vectors",
  script: "folder_cases.py",
  async test(one, texts) {
    const { folder, error, convert } = one;
    if (!error) return await checkVectors(one, texts);
    const found = await loadEncoder(folder).then(() => "no error", String);
    assert.match(found, new RegExp(error as string));
    if (!convert) return;
    const [, script, named] = /python3 -c "(.+)" (\S+)$/.exec(found)!;
    const file = `${folder}/convert.py`;
    await Deno.writeTextFile(file, script!);
    const { success } = await new Deno.Command(TORCH_PYTHON, {
      args: [file, named!],
    }).output();
    assert.ok(success);
    await checkVectors(one, texts);
  },
});
