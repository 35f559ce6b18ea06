import assert from "node:assert/strict";
import { parseLossLog } from "../../../lib/dro/log/parse_loss_log.ts";
import { tempFolder } from "../../_temp_folder.ts";
import { readLossLog } from "../../../lib/dro/log/read_loss_log.ts";

const HEADER = `{"tasks": ["nq", "agnews"], "sizes": [10, 20]}`;
const LINE =
  `{"losses": [1, 2], "reference_losses": [1, 1], "domains": [0, 1]}`;

Deno.test("a header names the tasks; ids and names mean the same", () => {
  const named = LINE.replace(`"domains": [0, 1]`, `"tasks": ["nq", "agnews"]`);
  const byId = parseLossLog(`${HEADER}\n${LINE}\n\n${LINE}\n`);
  const byName = parseLossLog(`${HEADER}\r\n${named}\r\n${named}`);
  assert.deepEqual(byName, byId);
  assert.deepEqual(byId, {
    tasks: ["nq", "agnews"],
    sizes: [10, 20],
    domainCount: 2,
    lines: [1, 2].map(() => ({
      losses: [1, 2],
      referenceLosses: [1, 1],
      domains: [0, 1],
    })),
    warnings: [],
  });
});

Deno.test("names without a header get ids in code-point order", () => {
  const line = JSON.stringify({
    losses: [1, 1, 1, 1],
    tasks: ["b", "\u{1F600}", "B", "\uFF21"],
  });
  const log = parseLossLog(line);
  assert.deepEqual(log.tasks, ["B", "b", "\uFF21", "\u{1F600}"]);
  assert.deepEqual(log.lines[0]!.domains, [1, 3, 0, 2]);
  assert.equal(log.lines[0]!.referenceLosses, null);
});

Deno.test("K comes from the header, or from the largest id", () => {
  const weights = `{"weights": [0.5, 0.25, 0.25]}`;
  const log = parseLossLog(`${weights}\n${LINE}`);
  assert.equal(log.domainCount, 3);
  assert.deepEqual(log.weights, [0.5, 0.25, 0.25]);
  assert.equal(parseLossLog(LINE).domainCount, 2);
});

Deno.test("a torn last line is left out with a warning, elsewhere it's an error", () => {
  const torn = LINE.slice(0, 30);
  const { lines, warnings } = parseLossLog(`${LINE}\n${torn}`, { path: "x" });
  assert.equal(lines.length, 1);
  assert.deepEqual(warnings, ["x:2: the last line breaks off and is left out"]);
  for (const text of [`${torn}\n${LINE}`, `${LINE}\n${torn}\n`]) {
    assert.throws(
      () => parseLossLog(text, { path: "x" }),
      /^SyntaxError: x:\d: Cannot use the line: not JSON: [^\n]*$/,
    );
  }
});

Deno.test("lines of a run's metrics.jsonl count if they are of stage 1", () => {
  const other = { stage: "uniform", step: 0, loss: 1 };
  const line = (losses: number[]) => ({
    stage: "weights",
    weights: [0.2, 0.3, 0.5],
    examples: { losses, references: [1, 2], domains: [2, 0] },
  });
  const log = parseLossLog(
    [other, line([0.1, 3]), other, line([1, 1])].map((l) => JSON.stringify(l))
      .join("\n"),
  );
  assert.equal(log.domainCount, 3);
  assert.deepEqual(log.lines[0]!.losses, [Math.fround(0.1), 3]);
  assert.equal(log.lines.length, 2);
  // What the run's weights became is nothing to start from.
  assert.equal(log.weights, undefined);
  assert.throws(
    () => parseLossLog(JSON.stringify({ stage: "weights", weights: [1] })),
    /it has no micro-batch of the stage weights/,
  );
});

Deno.test("a wrong line is one line that says where and what", () => {
  const edit = (from: string, to: string) => LINE.replace(from, to);
  for (
    const [line, reason] of [
      [`"losses"`, /the line: Invalid input.*: got "losses"/],
      [edit("[1, 2]", "[1, -2]"), /losses\[1\]: .*>=-0.001: got -2/],
      [edit("[1, 2]", "[1, null]"), /losses\[1\]: .*got null/],
      [edit("[1, 2]", "[1, NaN]"), /not JSON: /],
      [edit("[1, 2]", "[1, 1e999]"), /losses\[1\]: /],
      [edit("[1, 2]", "[]"), /losses: /],
      [
        edit("[1, 1]", "[1]"),
        /reference_losses must have one entry for each of the 2/,
      ],
      [
        edit("reference_losses", "ref_losses"),
        /unknown key "ref_losses"; the keys are/,
      ],
      [edit("[0, 1]", "[0, 2]"), /domains must be integers in \[0, 2\).*got 2/],
      [edit("[0, 1]", "[0, 0.5]"), /domains\[1\]: /],
      [edit(`, "domains": [0, 1]`, ""), /domains \(ids\) or tasks \(names\)/],
      [edit(`"domains": [0, 1]`, `"tasks": ["nq", "x"]`), /in every line/],
      [edit("[1, 1]", "null"), /reference_losses are missing, unlike/],
    ] as const
  ) {
    assert.throws(
      () => parseLossLog(`${HEADER}\n${LINE}\n${line}\n`, { path: "a.jsonl" }),
      (error: Error) => {
        assert.equal(error.name, "SyntaxError");
        assert.match(
          error.message,
          /^a\.jsonl:3: Cannot use the line: [^\n]+$/,
        );
        assert.match(error.message, reason);
        return true;
      },
    );
  }
});

Deno.test("a wrong header is told too", () => {
  for (
    const [header, reason] of [
      [`{}`, /a header needs tasks, sizes or weights/],
      [`{"tasks": ["a", "a"]}`, /the task "a" appears twice/],
      [`{"tasks": ["a"], "sizes": [1, 2]}`, /sizes must have as many entries/],
      [`{"weights": [0, 0]}`, /one of the weights must be > 0/],
      [`{"weights": [1, -1]}`, /weights\[1\]: /],
      [`{"names": ["a"]}`, /unknown key "names"/],
    ] as const
  ) {
    assert.throws(() => parseLossLog(`${header}\n${LINE}`), reason);
  }
  assert.throws(
    () => parseLossLog(`${HEADER}\n{"losses": [1], "tasks": ["xsum"]}`),
    /:2: .* the header has no task "xsum" \(its tasks: nq, agnews\)/,
  );
  assert.throws(() => parseLossLog(""), /Cannot use the log: it has no micro/);
});

Deno.test("parts of a log, and steps that come again, make one log", async () => {
  const folder = await tempFolder();
  const line = (step: number, loss: number) =>
    JSON.stringify({ step, losses: [loss], domains: [0] }) + "\n";
  const header =
    `{"sizes": [1], "measure": "raw", "eta": 0.5, "accumulate": 2}\n`;
  const [first, second] = [`${folder}/1.jsonl`, `${folder}/2.jsonl`];
  // The first job was killed in its fourth step, after a checkpoint of two.
  const torn = `{"step": 3, "lo`;
  await Deno.writeTextFile(
    first,
    header + line(0, 1) + line(1, 2) + line(2, 3) + torn,
  );
  await Deno.writeTextFile(second, header + line(2, 4) + line(3, 5));
  const log = await readLossLog([first, second]);
  assert.deepEqual(log.lines.map(({ losses }) => losses[0]), [1, 2, 4, 5]);
  assert.deepEqual([log.measure, log.eta, log.accumulate], ["raw", 0.5, 2]);
  assert.deepEqual(log.warnings, [
    `${first}:5: the last line breaks off and is left out`,
    `${second}:2: step 2 comes again; lines 2 to 2 of the training before it was resumed are left out`,
  ]);
});

Deno.test("a log with a gap, or of two trainings, is refused", () => {
  const line = (step?: number) =>
    JSON.stringify({ step, losses: [1], domains: [0] });
  for (
    const [lines, reason] of [
      [[HEADER, line(1)], /:2: .* step must be 0, the next one: got 1/],
      [[line(0), line()], /:2: .* give the step in every line, or in none/],
      [[line(), line(1)], /:2: .* give the step in every line, or in none/],
      [
        [HEADER, LINE, `{"tasks": ["nq", "agnews"], "eta": 1}`],
        /:3: .* (sizes|weights|eta) must be the same in every header/,
      ],
      [[`{"sizes": [1], "measure": "best"}`], /:1: .* measure: /],
      [[`{"measure": "raw"}`], /:1: .* a header needs tasks, sizes or weights/],
    ] as const
  ) {
    assert.throws(() => parseLossLog(lines.join("\n") + "\n"), reason);
  }
});

Deno.test("readLossLog() names a missing file", async () => {
  await assert.rejects(readLossLog("no/such.jsonl"), {
    name: "NotFound",
    message: /Cannot read losses: there is no file no\/such\.jsonl/,
  });
});
