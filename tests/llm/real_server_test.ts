/**
 * The whole way to a real server: `transformers serve` with a tiny model made here.
 * It needs transformers with its extra `serving`, so it runs by hand:
 * `TDRO_SERVE_PYTHON=… deno test -A tests/llm/real_server_test.ts`.
 */
import assert from "node:assert/strict";
import { openSuite } from "../../lib/data/mod.ts";
import { tdro } from "../cli/_capture.ts";
import { withSuite } from "../cli/_with_suite.ts";
import { fromFileUrl } from "../_paths.ts";
import { started } from "../_servers.ts";

const PYTHON = Deno.env.get("TDRO_SERVE_PYTHON");

/** What the model says, whatever it is asked. */
const ANSWER = '{"queries": ["what is told of the red bird"]}';

Deno.test({
  name: "transformers serve answers, and what it says is of use",
  ignore: PYTHON === undefined,
  fn: () =>
    withSuite(async (folder) => {
      const model = `${folder}/parrot`;
      const script = fromFileUrl(
        new URL("tiny_chat_model.py", import.meta.url),
      );
      const made = await new Deno.Command(PYTHON!, {
        args: [script, model, ANSWER],
        stderr: "null",
      }).output();
      assert.ok(made.success);
      await using server = await started(
        PYTHON!,
        (port) =>
          ["-m", "transformers.cli.transformers", "serve"]
            .concat(["--host", "127.0.0.1", "--port", `${port}`]),
        { HF_HUB_OFFLINE: "1" },
      );
      const done = await tdro(
        ...["llm", "queries", "--suite", `${folder}/suite`],
        ...["--tasks", "shades", "--passages", "3", "--per-passage", "1"],
        ...["--url", `${server.address}/v1`, "--llm", model],
        ...["--max-output", "64", "--within", "40"],
        ...["--out", `${folder}/more`, "--json"],
      );
      assert.equal(done.code, 0, done.err);
      assert.match(
        done.err,
        /in the prompt: the server passes over a schema/,
      );
      const { tasks: [counts], failed } = JSON.parse(done.out);
      assert.deepEqual(failed, []);
      // The same query three times: one is kept.
      assert.deepEqual(
        [counts.written, counts.kept, counts.repeated],
        [3, 1, 2],
      );
      const { tasks: [task] } = await openSuite(`${folder}/more`);
      const [query] = [...task!.queries.values()].slice(-1);
      assert.equal(query!.text, "what is told of the red bird");
    }),
});
