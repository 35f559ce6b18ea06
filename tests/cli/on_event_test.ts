import assert from "node:assert/strict";
import { tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

const SHELL = Deno.build.os !== "windows";

/** Mines with a listener, whose file of events is read afterwards. */
async function mineWith(
  listener: (file: string) => string,
  check: (
    outcome: Awaited<ReturnType<typeof tdro>>,
    events: Record<string, unknown>[],
  ) => void,
  ...more: string[]
) {
  await withSuite(async (folder) => {
    const file = `${folder}/events.jsonl`;
    const outcome = await tdro(
      ...["mine", "--suite", `${folder}/suite`, "--on-event", listener(file)],
      ...["--json", "--quiet", ...more],
    );
    const text = await Deno.readTextFile(file).catch(() => "");
    const lines = text.split("\n").slice(0, -1);
    check(outcome, lines.map((line) => JSON.parse(line)));
  });
}

Deno.test({
  name: "--on-event: a command gets every event and the end",
  ignore: !SHELL,
  fn: () =>
    mineWith((file) => `cat > '${file}'`, ({ code, out, err }, events) => {
      assert.equal(code, 0, err);
      JSON.parse(out); // nothing of the command's is in the result
      assert.deepEqual(events.at(-1), { type: "end", ok: true });
      const steps = events.slice(0, -1);
      assert.ok(steps.length > 0);
      for (const { type, stage, done, total } of steps) {
        assert.equal(type, "progress");
        assert.equal(typeof stage, "string");
        assert.ok((done as number) <= (total as number));
      }
    }),
});

Deno.test({
  name: "--on-event: what goes wrong is told, and fails as ever",
  ignore: !SHELL,
  fn: () =>
    mineWith(
      (file) => `cat > '${file}'`,
      ({ code, err }, events) => {
        assert.equal(code, 2);
        const last = events.at(-1)!;
        assert.equal(last.ok, false);
        assert.ok(err.includes(last.error as string), err);
      },
      ...["--tasks", "no-such-task"],
    ),
});

Deno.test({
  name: "--on-event: the work goes on without a command that ends too early",
  ignore: !SHELL,
  fn: () =>
    mineWith(() => "exec <&-; exit 3", ({ code, out, err }) => {
      assert.equal(code, 0, err);
      JSON.parse(out);
      assert.match(err, /^the command of --on-event ended .*code 3/m);
    }),
});
