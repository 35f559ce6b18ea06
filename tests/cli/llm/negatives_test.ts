import assert from "node:assert/strict";
import { readTdroJsonl } from "../../../lib/data/mod.ts";
import { stubServer } from "../../llm/_stub_server.ts";
import { isUserError, tdro } from "../_capture.ts";
import { withSuite } from "../_with_suite.ts";

const QUICK = ["--steps", "1", "--batch-size", "2", "--hidden-size", "8"]
  .concat(["--heads", "1", "--vocab-size", "100", "--backend", "wasm"]);

Deno.test("tdro llm negatives and passages write what tdro train --mined takes", async () => {
  await withSuite(async (folder) => {
    let n = 0;
    await using stub = stubServer({
      answer: ({ messages }) => {
        const { content } = messages[1]!;
        const words = `of nothing ${n++} <script>\u202e\u0007`;
        return content.includes("Grade 3")
          ? JSON.stringify({
            grade3: `all ${words}`,
            grade2: `half ${words}`,
            grade1: `some ${words}`,
            grade0: `none ${words}`,
          })
          : JSON.stringify({
            why: "it does",
            negatives: [{ violates: "colour", text: `a shade ${words}` }],
          });
      },
    });
    const url = ["--suite", `${folder}/suite`, "--tasks", "shades,places"]
      .concat(["--url", stub.url, "--llm", "small"]);
    const written = `${folder}/written`;
    const line = ["llm", "negatives", ...url, "--count", "1", "--out", written];
    const done = await tdro(...line);
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /told apart from real ones/);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(done.out, /[\u202e\u0007]/);
    const rows = await Array.fromAsync(
      readTdroJsonl(`${written}/shades.jsonl`, 0),
    );
    assert.match(rows[0]!.negatives[0]!.text, /^a shade of nothing/);

    const graded = await tdro(
      ...["llm", "passages", ...url, "--out", `${folder}/graded`, "--json"],
    );
    assert.equal(graded.code, 0, graded.err);
    const { tasks, passages } = JSON.parse(graded.out);
    assert.equal(tasks[0].written, 4 * tasks[0].queries);
    assert.equal(passages[0].grade, 3);

    for (const mined of [written, `${folder}/graded`]) {
      const trained = await tdro(
        ...["train", ...url.slice(0, 4), "--mined", mined, ...QUICK],
        ...["--out", `${mined}-run`, "--no-evaluate"],
      );
      assert.equal(trained.code, 0, trained.err);
    }

    // Nothing of use is no result.
    await using useless = stubServer();
    const none = await tdro(
      ...["llm", "negatives", "--suite", `${folder}/suite`, "--queries", "1"],
      ...["--url", useless.url, "--llm", "small", "--quiet"],
    );
    assert.ok(isUserError(none), none.err);
    assert.match(
      none.err,
      /no answer was of use, the first for .*: why is missing/,
    );

    // The same again is there; other settings are refused.
    const again = await tdro(...line);
    assert.equal(again.code, 0, again.err);
    const other = await tdro(...line, "--positive-share", "0.5", "--quiet");
    assert.ok(isUserError(other), other.err);
  });
});
