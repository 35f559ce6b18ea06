import assert from "node:assert/strict";
import type { Passage, Query, Run, Task } from "../../lib/data/types.ts";
import {
  collectReport,
  type EvalReport,
  evaluate,
  type EvaluateOptions,
  type TaskReport,
} from "../../lib/eval/mod.ts";
import type { EncodeFunction } from "../../lib/model/types.ts";

/** Encodes a text as the counts of its letters, and notes what it was given. */
function letterCounts(): { encode: EncodeFunction; calls: string[][] } {
  const calls: string[][] = [];
  return {
    calls,
    encode: (texts, options) => {
      calls.push([options?.kind ?? "", ...texts]);
      const data = new Float32Array(texts.length * 26);
      texts.forEach((text, row) => {
        for (const letter of text.toLowerCase()) {
          const at = letter.charCodeAt(0) - 97;
          if (at >= 0 && at < 26) data[row * 26 + at]!++;
        }
      });
      options?.onProgress?.(texts.length, texts.length);
      return Promise.resolve({ data, count: texts.length, dimension: 26 });
    },
  };
}

function task(
  name: string,
  passages: Passage[],
  queries: Query[],
  qrels: Task["qrels"],
): Task {
  return {
    name,
    prompt: "Find it",
    language: "en",
    kind: "question-passage",
    license: "MIT",
    source: "made up",
    corpus: new Map(passages.map((p) => [p.id, p])),
    queries: new Map(queries.map((q) => [q.id, q])),
    qrels,
  };
}

const A = task("a", [
  { id: "a1", title: "", text: "kkk" },
  { id: "a2", title: "zz", text: "zz " },
  { id: "10", text: "zk" },
], [
  { id: "2", text: "z" },
  { id: "1", text: "kk" },
  { id: "unused", text: "x" },
], {
  test: new Map([
    ["2", new Map([["a2", 1]])],
    ["1", new Map([["10", 1]])],
    ["unused", new Map()],
  ]),
});
const B = task("b", [{ id: "b1", text: "b" }], [{ id: "q", text: "b" }], {
  test: new Map([["q", new Map([["b1", 3]])]]),
  dev: new Map([["q", new Map([["b1", 3]])]]),
});
const SUITE = { name: "letters", tasks: [A, B] };

function report(options: EvaluateOptions = {}, suite = SUITE) {
  const { encode, calls } = letterCounts();
  return { calls, report: collectReport(evaluate(encode, suite, options)) };
}

Deno.test("evaluate() measures each task, worked by hand", async () => {
  const { encode } = letterCounts();
  const seen: TaskReport[] = [];
  const options: EvaluateOptions = {
    metrics: ["MRR@10", "P@1"],
    prompts: "none",
  };
  const all = await collectReport(
    evaluate(encode, SUITE, options),
    (one) => seen.push(one),
  );
  assert.deepEqual(seen.map((one) => one.task), ["a", "b"]);
  assert.deepEqual(all.tasks, seen);
  // "z" finds a2 first; "kk" finds a1 before the relevant 10.
  const [a, b] = seen;
  assert.deepEqual(a!.queryIds, ["2", "1"]);
  assert.deepEqual(a!.perQuery, { "MRR@10": [1, 0.5], "P@1": [1, 0] });
  assert.deepEqual(a!.mean, { "MRR@10": 0.75, "P@1": 0.5 });
  assert.deepEqual([a!.passages, a!.domain, b!.domain], [3, 0, 1]);
  assert.deepEqual(b!.mean, { "MRR@10": 1, "P@1": 1 });
  assert.deepEqual(all.mean, { "MRR@10": 0.875, "P@1": 0.75 });
});

Deno.test("evaluate() gives the encoder prompts, titles and sides", async () => {
  const { calls, report: done } = report();
  await done;
  assert.deepEqual(calls.slice(0, 2), [
    [
      "query",
      "Instruct: Find it\nQuery: z",
      "Instruct: Find it\nQuery: kk",
    ],
    ["passage", "kkk", "zz zz", "zk"],
  ]);
  const plain = report({ prompts: "none", chunk: 2 });
  await plain.report;
  assert.deepEqual(plain.calls.slice(0, 3), [
    ["query", "z", "kk"],
    ["passage", "kkk", "zz zz"],
    ["passage", "zk"],
  ]);
});

Deno.test("evaluate()'s report says how it came about and survives JSON", async () => {
  const all = await report({ split: "dev", k: 100 }, {
    name: "one",
    tasks: [B],
  }).report;
  const settings: EvalReport["settings"] = {
    split: "dev",
    metrics: ["nDCG@10", "Recall@100"],
    k: 100,
    prompts: "task",
    ignoreIdenticalIds: false,
    ties: "float32 score descending, then passage id descending",
  };
  assert.deepEqual(all.settings, settings);
  assert.equal(all.tasks[0]!.prompt, "Find it");
  assert.deepEqual(JSON.parse(JSON.stringify(all)), all);
});

Deno.test("evaluate() is the same whatever the chunks", async () => {
  const whole = await report().report;
  assert.deepEqual(await report({ chunk: 1 }).report, whole);
});

Deno.test("evaluate() hands out runs, progress, and can ignore identical ids", async () => {
  const self = task(
    "self",
    [
      { id: "x", text: "aa" },
      { id: "y", text: "a" },
    ],
    [{ id: "x", text: "aa" }],
    { test: new Map([["x", new Map([["y", 1]])]]) },
  );
  const suite = { name: "self", tasks: [self] };
  const runs: Run[] = [];
  const steps: [string, number, number][] = [];
  const options: EvaluateOptions = {
    metrics: ["MRR@10"],
    k: 10,
    onRun: (_, run) => void runs.push(run),
    onProgress: (...step) => steps.push(step),
  };
  assert.equal((await report(options, suite).report).mean["MRR@10"], 0.5);
  assert.deepEqual([...runs[0]!.get("x")!.keys()], ["x", "y"]);
  assert.deepEqual(steps, [["self", 1, 3], ["self", 3, 3]]);
  const ignoring = { ...options, ignoreIdenticalIds: true };
  assert.equal((await report(ignoring, suite).report).mean["MRR@10"], 1);
});

Deno.test("evaluate() checks everything before it encodes anything", async () => {
  const fails = async (
    options: EvaluateOptions,
    tasks: Task[],
    message: string | RegExp,
  ) => {
    const { calls, report: done } = report(options, { name: "s", tasks });
    await assert.rejects(() => done, { name: "RangeError", message });
    assert.deepEqual(calls, []);
  };
  const spoilt = (change: Partial<Task>): Task[] => [B, { ...A, ...change }];
  await fails(
    { split: "dev" },
    [B, A],
    'Cannot evaluate task "a": split must be one of test: got "dev"',
  );
  await fails(
    { metrics: ["nDCG@20"], k: 10 },
    [A],
    "Cannot evaluate: k must be at least 20 for nDCG@20: got 10",
  );
  await fails(
    { metrics: [] },
    [A],
    "Cannot evaluate: metrics must name at least one: got none",
  );
  await fails(
    {},
    [],
    'Cannot evaluate suite "s": it must have a task: got none',
  );
  await fails({ metrics: ["ndcg"] }, [A], /did you mean "nDCG"\?$/);
  await fails(
    {},
    spoilt({ qrels: { test: new Map() } }),
    'Cannot evaluate task "a": the test judgments must judge at least one query: got none',
  );
  await fails(
    {},
    spoilt({ queries: new Map() }),
    'Cannot evaluate task "a": query "2" of the test judgments must be among the task\'s queries',
  );
  await fails(
    {},
    spoilt({ corpus: new Map() }),
    'Cannot evaluate task "a": the corpus must hold a passage: got none',
  );
  await fails(
    { k: 0 },
    [A],
    "Cannot evaluate: k must be an integer of at least 1: got 0",
  );
});

Deno.test("evaluate() stops on a signal", async () => {
  const { calls, report: done } = report({ signal: AbortSignal.abort() });
  await assert.rejects(() => done, { name: "AbortError" });
  assert.deepEqual(calls, []);
});
