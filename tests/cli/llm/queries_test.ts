import assert from "node:assert/strict";
import { openSuite } from "../../../lib/data/mod.ts";
import { stubServer } from "../../llm/_stub_server.ts";
import { tdro } from "../_capture.ts";
import { withSuite } from "../_with_suite.ts";

Deno.test("tdro llm queries writes a suite, also for a corpus without queries", async () => {
  await withSuite(async (folder) => {
    let n = 0;
    await using stub = stubServer({
      answer: ({ messages }) => {
        const [, words] = /of a (\w+ \w+)/.exec(messages[1]!.content)!;
        return JSON.stringify({ queries: [`tell me of ${words} ${n++}`] });
      },
    });
    const line = ["llm", "queries", "--url", stub.url, "--llm", "small"]
      .concat(["--passages", "4", "--per-passage", "1"]);
    const out = `${folder}/more`;
    const done = await tdro(
      ...line,
      ...["--suite", `${folder}/suite`, "--tasks", "places", "--out", out],
    );
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /The suite with its new queries is in/);
    const { tasks: [task] } = await openSuite(out);
    const { tasks: [before] } = await openSuite(`${folder}/suite`, {
      tasks: ["places"],
    });
    assert.equal(task!.queries.size, before!.queries.size + 4);
    assert.equal(task!.qrels.train!.size, before!.qrels.train!.size + 4);

    const alone = `${folder}/alone`;
    const made = await tdro(
      ...line,
      ...["--corpus", `${folder}/suite/places/corpus.jsonl`, "--out", alone],
      ...["--name", "handbook", "--corpus-language", "de"],
    );
    assert.equal(made.code, 0, made.err);
    const { tasks: [only] } = await openSuite(alone);
    assert.deepEqual([only!.name, only!.queries.size], ["handbook", 4]);
    const { body } = stub.asked().at(-1)!;
    assert.match(body.messages[1]!.content, /"language":"de"/);

    for (
      const [more, message] of [
        [[], /either --suite or --corpus must name the passages/],
        [["--corpus", `${folder}/none.jsonl`], /none\.jsonl/],
      ] as const
    ) {
      const outcome = await tdro(...line, ...more);
      assert.equal(outcome.code, 2, outcome.err);
      assert.match(outcome.err, message);
    }
  });
});
