import assert from "node:assert/strict";
import { parseDecisions } from "../../../lib/search/mod.ts";
import { type StubBody, stubServer } from "../../llm/_stub_server.ts";
import { isUserError, tdro } from "../_capture.ts";
import { withSuite } from "../_with_suite.ts";

/** Says of every passage that it doesn't answer, but for the second. */
function answer({ messages }: StubBody): string {
  const shown = messages[1]!.content.split("\n").filter((line) =>
    line.startsWith('{"n":')
  ).map((line) => JSON.parse(line) as { n: number; text: string });
  return messages[1]!.content.includes('"order" lists')
    ? JSON.stringify({ order: shown.map(({ n }) => n) })
    : JSON.stringify({
      passages: shown.map(({ n, text }) => ({
        n,
        answers: n === 2,
        quote: n === 2 ? text : "",
      })),
    });
}

Deno.test("tdro llm judge: a look, the work, the replay, and mining", async () => {
  await withSuite(async (folder) => {
    const mined = await tdro(
      ...["mine", "--suite", `${folder}/suite`, "--count", "3"],
      ...["--out", `${folder}/mined`],
    );
    assert.equal(mined.code, 0, mined.err);
    await using stub = stubServer({ answer });
    const out = `${folder}/decisions.tsv`;
    const line = ["llm", "judge", "--suite", `${folder}/suite`]
      .concat(["--negatives", `${folder}/mined`, "--llm", "small"])
      .concat(["--tasks", "weights", "--queries", "5", "--out", out]);
    const url = ["--url", stub.url];

    const looked = await tdro(...line, "--dry-run");
    assert.equal(looked.code, 0, looked.err);
    assert.equal(looked.out.match(/=== judge-answers\/1 for /g)?.length, 3);
    assert.match(looked.out, /About 5 requests, .*nothing was sent/);
    assert.equal(stub.requests.length, 0);
    await assert.rejects(Deno.stat(`${out}.answers.jsonl`));

    const done = await tdro(...line, ...url, "--json");
    assert.equal(done.code, 0, done.err);
    assert.match(
      done.err,
      /Queries and passages of weights are sent to 127\.0\.0\.1:\d+ on this machine/,
    );
    const { tasks, pairs } = JSON.parse(done.out);
    assert.equal(tasks[0].queries, 5);
    assert.equal(pairs.length, 15);
    const written = await Deno.readTextFile(out);
    assert.equal(parseDecisions(written).length, 15);
    assert.ok(
      parseDecisions(written).some((row) => row.decision !== "negative"),
    );

    // From the record: nothing is asked, the same file.
    const asked = stub.requests.length;
    await Deno.remove(out);
    const replayed = await tdro(...line, "--offline");
    assert.equal(replayed.code, 0, replayed.err);
    assert.equal(await Deno.readTextFile(out), written);
    assert.equal(stub.requests.length, asked);

    // What a person decided stays.
    await Deno.writeTextFile(out, written.replace(/^negative/m, "doubtful"));
    const kept = await tdro(...line, "--offline");
    assert.equal(kept.code, 0, kept.err);
    assert.equal(
      parseDecisions(await Deno.readTextFile(out)).filter((row) =>
        row.decision === "doubtful"
      ).length,
      parseDecisions(written).filter((row) => row.decision === "doubtful")
        .length + 1,
    );
    const again = await tdro(
      ...["mine", "--suite", `${folder}/suite`, "--tasks", "weights"],
      ...["--decisions", out, "--json"],
    );
    assert.ok(JSON.parse(again.out).tasks[0].leftOutDecision > 0);

    // For people without an endpoint.
    const batch = ["--batch-out", `${folder}/batch.jsonl`, "--answers"];
    const written2 = await tdro(...line, ...batch, `${folder}/other.jsonl`);
    assert.match(
      written2.out,
      /5 requests are in .*batch\.jsonl; .*--batch-in/,
    );
  });
});

Deno.test("tdro llm judge says what is missing", async () => {
  await withSuite(async (folder) => {
    await tdro(
      "mine",
      "--suite",
      `${folder}/suite`,
      "--out",
      `${folder}/mined`,
    );
    const line = [
      "llm",
      "judge",
      "--suite",
      `${folder}/suite`,
      "--llm",
      "small",
    ]
      .concat(["--negatives", `${folder}/mined`]);
    for (
      const [more, message] of [
        [[], /--url must name an endpoint; .*--offline/],
        [["--offline"], /--answers must name the recorded answers/],
        [["--url", "ftp://models"], /--url.* must be an http address/],
        [
          ["--url", "http://127.0.0.1:9/v1", "--load-wait", "0"],
          /Cannot ask 127\.0\.0\.1:9: .*start the server, or look at --url/,
        ],
        [
          ["--offline", "--answers", `${folder}/none.jsonl`],
          /Cannot replay .*none\.jsonl: there is no such file/,
        ],
        [
          ["--url", "http://127.0.0.1:9/v1", "--max-cost", "1"],
          /--max-cost needs --price-in and --price-out/,
        ],
      ] as const
    ) {
      const outcome = await tdro(...line, ...more);
      assert.equal(outcome.code, 2, outcome.err);
      assert.match(outcome.err, message);
    }
    assert.ok(isUserError(await tdro(...line)));
  });
});
