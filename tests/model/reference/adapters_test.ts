import assert from "node:assert/strict";
import {
  disposeEncoder,
  loadEncoder,
  loadLora,
  mergeLora,
  saveEncoder,
  saveLora,
} from "../../../lib/model/mod.ts";
import { TORCH_PYTHON } from "../../_pytorch.ts";
import { checkVectors, type PythonCase, pythonCases } from "./_python_cases.ts";

pythonCases({
  name: "peft's adapters give its vectors, merged and saved, or are refused",
  script: "adapter_cases.py",
  async test(one, texts) {
    const { name, folder, error, base } = one;
    if (error) {
      const found = await loadEncoder(folder).then(() => "no error", String);
      assert.match(found, new RegExp(`^SyntaxError: .*${error}`));
      return name === "bert: DoRA"
        ? await checkMergeLine(one, found)
        : undefined;
    }
    await checkVectors(one, texts);
    await checkVectors(one, texts, { change: mergeLora });
    const adapted = await loadEncoder(folder);
    await saveLora(adapted, `${folder}/again`);
    const again = await loadLora(
      await loadEncoder(base as string),
      `${folder}/again`,
    );
    await saveEncoder(again, `${folder}/whole`);
    await checkVectors({ ...one, folder: `${folder}/whole` }, texts);
    disposeEncoder(again);
    disposeEncoder(adapted);
  },
});

/** Runs the line that a message names: it merges what we refuse. */
async function checkMergeLine(
  { folder, base }: PythonCase,
  message: string,
): Promise<void> {
  const [, script] = /python3 -c "(.+)" BASE ADAPTER MERGED$/.exec(message)!;
  const file = `${folder}/merge.py`;
  await Deno.writeTextFile(file, script!);
  const { success, stderr } = await new Deno.Command(TORCH_PYTHON, {
    args: [file, base as string, folder, `${folder}/merged`],
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  for await (const { name } of Deno.readDir(base as string)) {
    if (!name.startsWith("tokenizer")) continue;
    await Deno.copyFile(`${base}/${name}`, `${folder}/merged/${name}`);
  }
  disposeEncoder(await loadEncoder(`${folder}/merged`));
}
