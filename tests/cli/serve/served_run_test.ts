/** What `tdro serve` makes of a run's folder and of the suite that it is given. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openColumns } from "../../../lib/cli/serve/columns.ts";
import { openServedRun } from "../../../lib/cli/serve/served_run.ts";
import type { CommandIo } from "../../../lib/cli/io.ts";
import { collectReport, evaluate } from "../../../lib/eval/mod.ts";
import { type Run, writeSuite } from "../../../lib/data/mod.ts";
import { disposeEncoder, encodeFunction } from "../../../lib/model/mod.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { toySuite } from "../../_toy_suite.ts";
import { ENCODING, writeRun } from "../../experiment/retriever/_small_run.ts";
import { tdro } from "../_capture.ts";
import { inTempFolder } from "../../_temp_folder.ts";

const io = {
  note() {},
  signal: new AbortController().signal,
} as unknown as CommandIo;

Deno.test("a run is opened with its start, its arms and its lengths", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    const run = await openServedRun(join(folder, "run"), join(folder, "suite"));
    assert.equal(run.name, "run");
    assert.deepEqual(
      run.arms.map(({ label }) => label),
      ["start", "top 40 %", "uniform"],
    );
    for (const { encoding } of run.arms) {
      assert.deepEqual(encoding, { ...ENCODING, prompts: "task" });
    }
    assert.deepEqual(run.notes, [
      "The run has no eval.json, so that no query has a score.",
    ]);
  }));

Deno.test("columns find what the evaluation of the same model found", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    const suiteFolder = join(folder, "suite");
    const run = await openServedRun(join(folder, "run"), suiteFolder);
    const cache = join(folder, "vectors");
    for (let round = 0; round < 2; round++) {
      using columns = await openColumns(
        run,
        { backend: "cpu", cache },
        io,
      );
      const uniform = columns.all.find(({ name }) => name === "uniform")!;
      const encoder = smallEncoder("cls");
      const ranking = new Map<string, Run>();
      await collectReport(
        evaluate(encodeFunction(encoder, ENCODING), run.suite, {
          metrics: ["nDCG@10"],
          k: 10,
          onRun: (task, found) => void ranking.set(task.name, found),
        }),
      );
      disposeEncoder(encoder);
      for (const task of run.suite.tasks) {
        const [id, expected] = [...ranking.get(task.name)!][0]!;
        const { text } = task.queries.get(id)!;
        let told = 0;
        const hits = await uniform.search(task, text, {
          k: 10,
          onProgress: (done) => told = done,
        });
        assert.deepEqual(hits.map(({ id }) => id), [...expected.keys()]);
        assert.equal(told, task.corpus.size);
      }
    }
    // One file a task; the second round found them.
    assert.equal([...Deno.readDirSync(cache)].length, 3);
  }));

Deno.test("searches take turns, and one that fails holds up none", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    const run = await openServedRun(join(folder, "run"), join(folder, "suite"));
    await Deno.remove(join(folder, "run/models/uniform/model.safetensors"));
    using columns = await openColumns(
      run,
      { backend: "cpu" },
      io,
    );
    const [task] = run.suite.tasks;
    const found = await Promise.allSettled(
      columns.all.map(({ search }) => search(task!, "red bird", { k: 2 })),
    );
    assert.deepEqual(
      found.map((result, c) => [
        columns.all[c]!.label,
        result.status === "fulfilled" ? result.value.length : "failed",
      ]),
      [["start", 2], ["top 40 %", 2], ["uniform", "failed"], ["BM25", 2]],
    );
  }));

Deno.test("another suite, a missing start and an unfinished run are told", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder, { status: "running" });
    const suite = toySuite();
    suite.tasks[0]!.queries.get("shades-q0")!.text = "another one";
    await writeSuite(suite, join(folder, "other"));
    const less = { name: "toy", tasks: suite.tasks.slice(1) };
    await writeSuite(less, join(folder, "less"));
    await Deno.remove(join(folder, "base"), { recursive: true });
    const notes = async (name: string) =>
      (await openServedRun(join(folder, "run"), join(folder, name))).notes
        .join("\n");
    const same = await notes("suite");
    assert.match(same, /^The run isn't finished\.$/m);
    assert.match(same, /^The start is left out: .*base here\.$/m);
    assert.doesNotMatch(same, /not the one/);
    assert.match(
      await notes("other"),
      /other is not the one .*judgments differ/,
    );
    assert.match(await notes("less"), /less is not the one .*lacks shades/);
  }));

Deno.test("what can't be served is one line", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    const at = (name: string) => join(folder, name);
    const scratch = { format: "tdro-run/1", status: "running", options: {} };
    for (
      const [name, files] of Object.entries({
        arena: { "arena.json": "{}" },
        empty: {},
        broken: { "run.json": "{" },
        other: { "run.json": "{}" },
        young: {
          "run.json": JSON.stringify({
            ...scratch,
            suite: { name: "toy", tasks: ["shades"], sha256: "" },
          }),
        },
      })
    ) {
      await Deno.mkdir(at(name));
      for (const [file, text] of Object.entries(files)) {
        await Deno.writeTextFile(at(`${name}/${file}`), text);
      }
    }
    const foreign = { name: "foreign", tasks: toySuite().tasks.slice(0, 1) };
    foreign.tasks[0]!.name = "foreign";
    await writeSuite(foreign, at("foreign"));
    const suite = ["--suite", at("suite")];
    const cases: [words: string[], says: RegExp][] = [
      [[at("run")], /--suite must name the folder of its suite, toy: got none/],
      [[at("nowhere"), ...suite], /it has no run\.json/],
      [[at("empty"), ...suite], /it has no run\.json/],
      [[at("arena"), ...suite], /it is an arena/],
      [[at("broken"), ...suite], /run\.json:1: Cannot read the run/],
      [[at("other"), ...suite], /its run\.json is damaged/],
      [[at("young"), ...suite], /holds no model; let the run end first/],
      [[at("run"), "--suite", at("nowhere")], /Cannot open suite/],
      [[at("run"), "--suite", at("foreign")], /must be the suite toy/],
      [[at("run"), ...suite, "--port", "65536"], /port/],
    ];
    for (const [words, says] of cases) {
      const { code, out, err } = await tdro("serve", ...words);
      assert.equal(code, 2, `${words}: ${err}`);
      assert.equal(out, "");
      assert.match(err, says);
      assert.match(err, /^error: [^\n]*Cannot [^\n]+[^.\n]\n$/);
    }
  }));

Deno.test("a port that is taken is one line", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const { code, err } = await tdro(
      ...["serve", join(folder, "run"), "--suite", join(folder, "suite")],
      ...["--port", `${port}`, "--quiet"],
    );
    assert.equal(code, 2);
    assert.equal(
      err,
      `error: Cannot serve at port ${port}: another program has it; choose ` +
        `another with --port\n`,
    );
  }));
