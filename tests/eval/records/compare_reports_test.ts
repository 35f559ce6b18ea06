import assert from "node:assert/strict";
import {
  compareReports,
  type EvalReport,
  pairedTTest,
  readReport,
} from "../../../lib/eval/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { tempFolder } from "../../_temp_folder.ts";

/** A report of tasks, each with values of MRR@10 by query. */
function report(
  tasks: Record<string, Record<string, number>>,
  change: Partial<EvalReport> = {},
): EvalReport {
  const mean = (values: number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const means = Object.values(tasks).map((of) => mean(Object.values(of)));
  return {
    format: "tdro-eval/1",
    suite: "mine",
    settings: {
      split: "test",
      metrics: ["nDCG@10", "MRR@10"],
      k: 100,
      prompts: "task",
      ignoreIdenticalIds: false,
      ties: "float32 score descending, then passage id descending",
    },
    tasks: Object.entries(tasks).map(([task, values], domain) => ({
      task,
      domain,
      prompt: "",
      passages: 10,
      mean: { "MRR@10": means[domain]! },
      queryIds: Object.keys(values),
      perQuery: { "MRR@10": Object.values(values) },
    })),
    mean: { "MRR@10": mean(means) },
    ...change,
  };
}

const metric = "MRR@10";

Deno.test("compareReports() counts wins and losses, worked by hand", () => {
  const a = report({
    x: { p: 1, q: 0.5, r: 0, s: 0.25, gone: 1 },
    only: { q: 1 },
    same: { q: 1, r: 0 },
  });
  const b = report({
    same: { r: 0, q: 1 },
    x: { s: 1, r: 0, q: 0, p: 1, fresh: 0 },
    other: { q: 0 },
  });
  const { tasks, onlyA, onlyB, mean, settings } = compareReports(a, b, {
    metric,
    movers: 1,
  });
  assert.deepEqual([onlyA, onlyB], [["only"], ["other"]]);
  // Of x and same alone, over the queries of both.
  assert.deepEqual(mean, { a: (1.75 / 4 + 0.5) / 2, b: (2 / 4 + 0.5) / 2 });
  assert.deepEqual(settings, []);
  const [x, same] = tasks;
  assert.deepEqual([x!.wins, x!.losses, x!.ties], [1, 1, 2]);
  assert.deepEqual([x!.queries, x!.onlyA, x!.onlyB], [4, 1, 1]);
  assert.deepEqual([x!.a, x!.b], [1.75 / 4, 2 / 4]);
  assert.ok(Math.abs(x!.difference - 0.25 / 4) < 1e-12);
  assert.deepEqual(x!.movers, [{ query: "s", a: 0.25, b: 1 }]);
  const test = pairedTTest([1, 0, 0, 1], [1, 0.5, 0, 0.25]);
  assert.ok(Math.abs(x!.p - test.p) < 1e-12);
  // No query changed: nothing to test, so nothing found.
  assert.deepEqual(
    [same!.wins, same!.losses, same!.p, same!.difference],
    [0, 0, 1, 0],
  );
  assert.equal(x!.adjustedP, Math.min(1, 2 * x!.p));
  assert.equal("randomizationP" in x!, false);
});

Deno.test("compareReports() runs the randomisation test if given chance", () => {
  const values = (of: (i: number) => number) =>
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`q${i}`, of(i)]));
  const a = report({ x: values((i) => i % 5 / 10) });
  const b = report({ x: values((i) => i % 5 / 10 + 0.1 + i % 3 / 50) });
  const { tasks } = compareReports(a, b, { metric, rng: createRng(1, "test") });
  assert.ok(tasks[0]!.randomizationP! < 0.001);
  assert.equal(tasks[0]!.wins, 40);
});

Deno.test("compareReports() names what differs, and what it can do", () => {
  const values = { x: { q: 1, r: 0 } };
  const origin = {
    model: { name: "one", sha256: "1" },
    lengths: { query: 64, passage: 128 },
  };
  const a = report(values, { origin });
  const b = report(values, {
    origin: { ...origin, lengths: { query: 128, passage: 512 } },
  });
  b.settings = { ...b.settings, k: 1000, metrics: ["MRR@10", "MAP"] };
  b.tasks[0]!.prompt = "Find it";
  b.tasks[0]!.data = { sha256: "abc", judgments: 2 };
  const { settings, metric: compared } = compareReports(a, b);
  assert.equal(compared, "MRR@10");
  assert.deepEqual(settings.map(({ setting, a, b }) => [setting, a, b]), [
    ["settings.metrics", "nDCG@10, MRR@10", "MRR@10, MAP"],
    ["settings.k", 100, 1000],
    ["origin.lengths.query", 64, 128],
    ["origin.lengths.passage", 128, 512],
    ["x: prompt", "", "Find it"],
    ["x: data", undefined, "abc"],
  ]);
  assert.ok(settings.every(({ effect }) => effect !== "unknown"));
});

Deno.test("compareReports() leaves out where the same model and data lay", () => {
  const values = { x: { q: 1 } };
  const at = (place: string, sha256: string, data: string) => {
    const origin = { model: { name: place, sha256 }, path: place };
    const one = report(values, { origin, suite: place });
    one.tasks[0]!.data = { sha256: data, judgments: 1 };
    return one;
  };
  const differing = (a: EvalReport, b: EvalReport) =>
    compareReports(a, b, { metric }).settings.map(({ setting }) => setting);
  assert.deepEqual(differing(at("one", "m", "d"), at("two", "m", "d")), []);
  assert.deepEqual(differing(at("one", "m", "d"), at("one", "n", "d")), [
    "origin.model.sha256",
  ]);
  assert.deepEqual(differing(at("one", "m", "d"), at("two", "m", "e")), [
    "suite",
    "origin.path",
    "x: data",
  ]);
  // Without a hash nobody knows.
  const [a, b] = [at("one", "m", "d"), at("two", "m", "d")];
  delete a.tasks[0]!.data;
  delete b.tasks[0]!.data;
  delete a.origin!.model!.sha256;
  assert.deepEqual(differing(a, b), [
    "suite",
    "origin.model.name",
    "origin.path",
    "origin.model.sha256",
  ]);
});

Deno.test("compareReports() says what is wrong", () => {
  const a = report({ x: { q: 1 } });
  const fails = (b: EvalReport, options: object, message: RegExp) =>
    assert.throws(() => compareReports(a, b, options), {
      name: "RangeError",
      message,
    });
  fails(report({ y: { q: 1 } }), { metric }, /must share a task: got x and y/);
  fails(report({ x: { z: 1 } }), { metric }, /task x: .*share a query/);
  fails(a, { metric: "MAP" }, /metric must be one of both, nDCG@10, MRR@10/);
  fails(a, {}, /task x: it must have values of nDCG@10/);
  const other = report({ x: { q: 1 } });
  other.settings.metrics = ["MAP"];
  fails(other, {}, /must share a metric: got nDCG@10, MRR@10 and MAP/);
});

Deno.test("readReport() reads one report, also out of a run's", async () => {
  const folder = await tempFolder();
  const put = async (name: string, value: unknown) => {
    await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
    return `${folder}/${name}`;
  };
  const a = report({ x: { q: 1 } });
  const b = report({ x: { q: 0 } });
  assert.deepEqual(await readReport(await put("one.json", a)), a);
  const arms = await put("arms.json", { uniform: a, weighted: b });
  assert.deepEqual(await readReport(`${arms}#weighted`), b);
  const single = await put("single.json", { retriever: a });
  assert.deepEqual(await readReport(single), a);
  await assert.rejects(
    readReport(arms),
    /must name one of the file's reports, .*arms\.json#uniform, .*#weighted/,
  );
  await assert.rejects(readReport(`${arms}#top`), { name: "RangeError" });
  const short = report({ x: { q: 1, r: 0 } });
  short.tasks[0]!.perQuery[metric]!.pop();
  for (
    const [name, value, message] of [
      ["empty.json", {}, /as an evaluation: it is empty/],
      ["old.json", { format: "tdro-eval/0" }, /as an evaluation: format/],
      ["list.json", [1], /as an evaluation/],
      ["short.json", short, /for each of its 2 queries: got 1/],
    ] as const
  ) {
    await assert.rejects(async () => readReport(await put(name, value)), {
      name: "SyntaxError",
      message,
    });
  }
  await Deno.writeTextFile(`${folder}/text.json`, "no");
  await assert.rejects(readReport(`${folder}/text.json`), /as an evaluation/);
  await assert.rejects(readReport(`${folder}/none.json`), { name: "NotFound" });
});
