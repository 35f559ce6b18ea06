import assert from "node:assert/strict";
import { openSuite } from "../../../lib/data/mod.ts";
import {
  type BenchmarkReport,
  collectReport,
  evaluate,
  evaluateBeir,
  type EvaluateBeirOptions,
} from "../../../lib/eval/mod.ts";
import { inTempFolder, writeFiles } from "../../data/_folders.ts";
import { type Encoded, letterEncoder } from "../_letters.ts";

const HEADER = "query-id\tcorpus-id\tscore\n";
const WORDS = ["apple pie", "banana", "cherry cake", "date", "elder", "fig"];

/** Files of a set: six passages, a query like each of the first three. */
function set(
  name: string,
  qrels: Record<string, string>,
): Record<string, string> {
  const json = (rows: object[]) =>
    rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  return {
    [`${name}/corpus.jsonl`]: json(
      WORDS.map((text, i) => ({ _id: `p${i}`, title: " ", text })),
    ),
    [`${name}/queries.jsonl`]: json(
      // The id of the first is a passage's: itself.
      WORDS.slice(0, 3).map((text, i) => ({
        _id: i === 0 ? "p0" : `q${i}`,
        text: `${text} ${WORDS[i + 2]}`,
      })),
    ),
    ...Object.fromEntries(
      Object.entries(qrels).map(([split, lines]) => [
        `${name}/qrels/${split}.tsv`,
        HEADER + lines,
      ]),
    ),
  };
}

async function run(
  folder: string,
  options: EvaluateBeirOptions = {},
  seen: Encoded[] = [],
): Promise<BenchmarkReport> {
  return await collectReport(
    evaluateBeir(letterEncoder(seen), folder, options),
  );
}

Deno.test("evaluateBeir() gives what evaluate() gives on each set", async () => {
  await inTempFolder(async (folder) => {
    const qrels = { test: "p0\tp2\t2\nq1\tp4\t1\nq2\tp1\t1\nq2\tp4\t0\n" };
    await writeFiles(folder, {
      ...set("scifact", qrels),
      ...set("nfcorpus", { test: "q1\tp3\t1\n" }),
    });
    const suite = await openSuite(folder);
    const own = await collectReport(evaluate(letterEncoder(), suite));
    for (const chunk of [1, 4, 4096]) {
      const report = await run(folder, { chunk });
      for (const task of own.tasks) {
        const same = report.tasks.find((other) => other.task === task.task)!;
        assert.deepEqual(same.mean, task.mean);
        assert.deepEqual(same.perQuery, task.perQuery);
        assert.equal(same.passages, 6);
      }
      assert.deepEqual(report.mean, own.mean);
      assert.equal(report.missing.length, 24);
      assert.deepEqual(report.means, []);
    }
  });
});

Deno.test("evaluateBeir() heeds BEIR's exceptions", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      // The passage p0 is the query p0 itself; only ArguAna leaves it out.
      ...set("arguana", { test: "p0\tp3\t1\n" }),
      ...set("scidocs", { test: "p0\tp3\t1\n" }),
      // MS MARCO counts on dev, though there is a test split.
      ...set("msmarco", { dev: "q1\tp1\t1\n", test: "q2\tp5\t1\n" }),
      ...set("cqadupstack-android", { test: "q1\tp1\t1\n" }),
      ...set("cqadupstack/unix", { test: "q1\tp5\t1\n" }),
    });
    const report = await run(folder, { metrics: ["MRR@10"] });
    const value = Object.fromEntries(
      report.tasks.map(({ task, mean }) => [task, mean["MRR@10"]!]),
    );
    assert.ok(value.arguana! > value.scidocs!);
    const ignoring = report.tasks.filter((task) => task.ignoreIdenticalIds);
    assert.deepEqual(ignoring.map(({ task }) => task), ["msmarco", "arguana"]);
    const msmarco = report.tasks.find(({ task }) => task === "msmarco")!;
    assert.equal(msmarco.split, "dev");
    assert.deepEqual(msmarco.queryIds, ["q1"]);
    // The forums count as one.
    const [android, unix] = report.tasks.filter(({ group }) => group);
    assert.notEqual(android!.mean["MRR@10"], unix!.mean["MRR@10"]);
    const forums = (android!.mean["MRR@10"]! + unix!.mean["MRR@10"]!) / 2;
    assert.deepEqual(report.means, [{
      name: "cqadupstack",
      tasks: [android!.task, unix!.task],
      mean: { "MRR@10": forums },
    }]);
    const mean = (value.arguana! + value.scidocs! + value.msmarco! + forums) /
      4;
    assert.ok(Math.abs(report.mean["MRR@10"]! - mean) < 1e-12);
  });
});

Deno.test("evaluateBeir() puts the benchmark's instruction before queries alone", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, set("scifact", { test: "q1\tp1\t1\n" }));
    const texts = async (prompts: EvaluateBeirOptions["prompts"]) => {
      const seen: Encoded[] = [];
      const report = await run(folder, { prompts }, seen);
      return { seen, prompt: report.tasks[0]!.prompt };
    };
    const standard = await texts("benchmark");
    const [query, ...passages] = standard.seen;
    assert.match(
      query!.text,
      /^Instruct: Given a scientific claim, [^\n]*\nQuery: banana date$/,
    );
    // Title and text, trimmed.
    assert.deepEqual(
      passages,
      WORDS.map((text) => ({ kind: "passage", text })),
    );
    assert.equal((await texts("none")).seen[0]!.text, "banana date");
    const own = await texts({ scifact: "Find it" });
    assert.equal(own.seen[0]!.text, "Instruct: Find it\nQuery: banana date");
    assert.equal(own.prompt, "Find it");
  });
});

Deno.test("evaluateBeir() runs NanoBEIR, whose only split is called train", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, set("NanoSciFact", { train: "q1\tp1\t1\n" }));
    const report = await run(folder, { benchmark: "NanoBEIR" });
    assert.equal(report.tasks[0]!.task, "NanoSciFact");
    assert.equal(report.missing.length, 12);
  });
});

Deno.test("evaluateBeir() says what is missing or wrong", async () => {
  await inTempFolder(async (folder) => {
    const fails = (options: EvaluateBeirOptions, error: object) =>
      assert.rejects(run(folder, options), error);
    await fails({}, {
      name: "NotFound",
      message: /must hold a folder msmarco; fetch it with tdro data pull beir$/,
    });
    await writeFiles(folder, set("scifact", { test: "q1\tp1\t1\n" }));
    await fails({ sets: ["scifact", "fiqa"] }, { name: "NotFound" });
    await fails({ sets: ["scifct"] }, {
      name: "RangeError",
      message: /sets must be among msmarco, .*: got "scifct"$/,
    });
    await fails({ benchmark: "BIER" }, /one of BEIR, NanoBEIR.*: got "BIER"$/);
    await fails({ metrics: ["nDCG@10"], k: 5 }, /k must be at least 10/);
    await fails({ metrics: [] }, /must name at least one/);
    await writeFiles(folder, { "scifact/corpus.jsonl": "" });
    await fails({}, /Cannot evaluate scifact: the corpus must hold a passage/);
  });
});
