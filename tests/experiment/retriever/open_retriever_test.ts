/** `openRetriever()`: which model it opens, and how texts get to it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  collectReport,
  evaluate,
  evaluateRetriever,
} from "../../../lib/eval/mod.ts";
import { openRetriever, type Retriever } from "../../../lib/experiment/mod.ts";
import { readRunModels } from "../../../lib/experiment/retriever/run_models.ts";
import {
  disposeEncoder,
  encodeFunction,
  type Encoder,
  encodeTexts,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import { queryText, type Run } from "../../../lib/data/mod.ts";
import { bm25Retriever } from "../../../lib/search/mod.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";
import { ENCODING, writeRun } from "./_small_run.ts";

const backend = "cpu";

/** The vector of a text by an encoder, for comparison. */
async function vectorOf(
  encoder: Encoder,
  text: string,
  maxLength: number,
): Promise<number[]> {
  return [...(await encodeTexts(encoder, [text], { maxLength })).data];
}

async function encoded(
  retriever: Retriever,
  text: string,
  options: Parameters<Retriever["encode"]>[1],
): Promise<number[]> {
  return [...(await retriever.encode([text], options)).data];
}

Deno.test("an arm of a run finds what its evaluation found", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    const suite = toySuite();
    const rankings = new Map<string, Run>();
    using retriever = await openRetriever(join(folder, "run"), {
      arm: "uniform",
      backend,
    });
    assert.equal(retriever.label, "uniform");
    assert.equal(retriever.backend.name, "cpu");
    const encoder = smallEncoder("cls");
    await collectReport(
      evaluate(encodeFunction(encoder, ENCODING), suite, {
        ...{ metrics: ["nDCG@5"], k: 7 },
        onRun: (task, found) => void rankings.set(task.name, found),
      }),
    );
    disposeEncoder(encoder);
    // All at once: they take turns, and share the index of their task.
    const found = await Promise.all(suite.tasks.map((task) => {
      const ids = [...rankings.get(task.name)!.keys()];
      const texts = ids.map((id) => task.queries.get(id)!.text);
      return retriever.search(texts, task, { k: 7 });
    }));
    suite.tasks.forEach((task, t) => {
      const expected = [...rankings.get(task.name)!.values()];
      assert.deepEqual(
        found[t]!.map((hits) => hits.map(({ id, score }) => [id, score])),
        expected.map((ranked) => [...ranked]),
      );
    });
    const [task] = suite.tasks;
    const [id] = rankings.get(task!.name)!.keys();
    const one = await retriever.search(task!.queries.get(id!)!.text, task!);
    assert.equal(one.length, 10);
    assert.deepEqual(one.slice(0, 7), found[0]![0]);
    assert.equal(one[0]!.text, task!.corpus.get(one[0]!.id)!.text);
  }));

Deno.test("two corpora of one name are two", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    using retriever = await openRetriever(join(folder, "base"), { backend });
    const task = (...texts: string[]) => ({
      name: "mine",
      prompt: "",
      corpus: new Map(texts.map((text, i) => [`${i}`, { id: `${i}`, text }])),
    });
    const first = await retriever.search("red", task("red", "green bird"));
    const second = await retriever.search("red", task("blue"));
    assert.deepEqual([first.length, second.length], [2, 1]);
    assert.equal(second[0]!.text, "blue");
    assert.deepEqual(await retriever.search([], task("blue")), []);
  }));

Deno.test("prompts and lengths are those of the model's own report, not BM25's", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder, { status: "running" });
    const suite = toySuite();
    const measured = { metrics: ["nDCG@10"], k: 10 };
    const encoder = smallEncoder();
    const report = (query: number, prompts: "task" | "none") =>
      collectReport(
        evaluate(encodeFunction(encoder, ENCODING), suite, {
          ...measured,
          prompts,
          origin: { lengths: { query, passage: 16 } },
        }),
      );
    const reports = {
      bm25: await collectReport(
        evaluateRetriever(bm25Retriever, suite, measured),
      ),
      start: await report(31, "none"),
      uniform: await report(12, "task"),
    };
    disposeEncoder(encoder);
    assert.equal(reports.bm25.settings.prompts, "none");
    const run = join(folder, "run");
    await Deno.writeTextFile(join(run, "eval.json"), JSON.stringify(reports));
    const { models } = await readRunModels(run, "open");
    assert.deepEqual(
      models.map(({ name, encoding }) => [name, encoding]),
      ["uniform", "top"].map((
        name,
      ) => [name, { ...ENCODING, prompts: "task" }]),
    );
    using start = await openRetriever(run, { arm: "start", backend });
    assert.deepEqual(start.encoding, {
      queryLength: 31,
      passageLength: 16,
      prompts: "none",
    });
  }));

Deno.test("a model in a run's folder is encoded as its run did", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    const path = join(folder, "run/models/uniform");
    using retriever = await openRetriever(path, { backend, queryLength: 9 });
    assert.deepEqual(retriever.encoding, {
      ...ENCODING,
      queryLength: 9,
      prompts: "task",
    });
    const encoder = smallEncoder("cls");
    const task = { name: "mine", prompt: "Say red" };
    assert.deepEqual(
      await encoded(retriever, "green", { kind: "query", task }),
      await vectorOf(encoder, queryText("Say red", "green"), 9),
    );
    assert.deepEqual(
      await encoded(retriever, "green", {}),
      await vectorOf(encoder, "green", 16),
    );
    disposeEncoder(encoder);
    await assert.rejects(
      retriever.encode(["green"], { kind: "query" }),
      /^RangeError: Cannot encode queries: task must be the one/,
    );
    // And a search after one that failed works.
    assert.equal((await retriever.encode(["green"])).count, 1);
  }));

Deno.test("a model elsewhere is encoded by what its files say", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    const save = async (name: string, prompts: Record<string, string>) => {
      const encoder = smallEncoder();
      const modules = { ...encoder.modules, prompts };
      await saveEncoder({ ...encoder, modules }, join(folder, name));
      disposeEncoder(encoder);
      return await openRetriever(join(folder, name), { backend });
    };
    const encoder = smallEncoder();
    const vector = (text: string) => vectorOf(encoder, text, 32);
    const task = { name: "shades", prompt: "not asked for" };
    const query = { kind: "query", task } as const;
    {
      using bare = await save("bare", {});
      assert.equal(bare.encoding.prompts, "none");
      assert.deepEqual(await encoded(bare, "red", query), await vector("red"));
    }
    {
      using e5 = await save("e5", { query: "q: ", passage: "p: " });
      assert.deepEqual(await encoded(e5, "red", query), await vector("q: red"));
      assert.deepEqual(await encoded(e5, "red", {}), await vector("p: red"));
    }
    {
      using ours = await save("ours", { shades: "name it: ", places: "go: " });
      assert.deepEqual(
        await encoded(ours, "red", query),
        await vector("name it: red"),
      );
      assert.deepEqual(await encoded(ours, "red", {}), await vector("red"));
      const other = { ...query, task: { name: "toString", prompt: "" } };
      await assert.rejects(
        ours.encode(["red"], other),
        /queries of toString: the model must have a prompt for them.*: got shades, places; use prompts "task" or "none"/,
      );
    }
    disposeEncoder(encoder);
  }));

Deno.test("a name on the hub means what was pulled", () =>
  inTempFolder(async (folder) => {
    const before = Deno.cwd();
    await writeRun(folder);
    Deno.chdir(folder);
    try {
      await Deno.mkdir(".cache/models", { recursive: true });
      await Deno.rename("base", ".cache/models/small");
      for (const name of ["someone/small", "small"]) {
        using retriever = await openRetriever(name, { backend });
        assert.equal(retriever.folder, ".cache/models/small");
        assert.equal(retriever.label, name);
      }
      await Deno.writeTextFile(
        ".cache/models/small/tdro_source.json",
        JSON.stringify({ id: "someone/small" }),
      );
      using _same = await openRetriever("someone/small", { backend });
      await assert.rejects(
        openRetriever("another/small", { backend }),
        /Cannot open another\/small: it must be the folder of a model or a run.*tdro model pull/,
      );
    } finally {
      Deno.chdir(before);
    }
  }));

Deno.test("what can't be opened or searched is told in a line", () =>
  inTempFolder(async (folder) => {
    await writeRun(folder);
    const run = join(folder, "run");
    const task = toySuite().tasks[0]!;
    const cases: [work: () => Promise<unknown>, says: RegExp][] = [
      [
        () => openRetriever(run, { backend }),
        /Cannot open .*run: arm must be one of start, top, uniform: got none$/,
      ],
      [
        () => openRetriever({ folder: run }, { backend, arm: "best" }),
        /got best$/,
      ],
      [
        () => openRetriever(join(folder, "base"), { backend, arm: "top" }),
        /arm must be left out, as it is no run: got top$/,
      ],
      [
        () => openRetriever(join(folder, "suite"), { backend }),
        /Cannot read .*config\.json/,
      ],
      [
        async () => {
          using retriever = await openRetriever(join(folder, "base"), {
            backend,
          });
          await retriever.search("red", task, { k: 0 });
        },
        /Cannot search shades: k must be a whole number of at least 1: got 0$/,
      ],
      [
        async () => {
          using retriever = await openRetriever(join(folder, "base"), {
            backend,
          });
          // A name is the likeliest mistake, and plain JavaScript has no types.
          await retriever.search("red", task.name as never);
        },
        /Cannot search: task must be one of a suite's tasks.* got "shades"; openSuite/,
      ],
    ];
    for (const [work, says] of cases) await assert.rejects(work(), says);
  }));
