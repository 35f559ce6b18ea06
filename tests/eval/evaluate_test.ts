import assert from "node:assert/strict";
import type { Passage, Query, Run, Task } from "../../lib/data/types.ts";
import {
  collectReport,
  type EvalReport,
  evaluate,
  type EvaluateOptions,
  evaluateRetriever,
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
    retriever: "dense, exact search",
    dtype: "f32",
  };
  assert.deepEqual(all.settings, settings);
  assert.equal(all.tasks[0]!.prompt, "Find it");
  assert.deepEqual(JSON.parse(JSON.stringify(all)), all);
});

Deno.test("evaluate() records the data and what it is told of the model", async () => {
  const origin = { model: { name: "letters", sha256: "0" } };
  const { data, tasks } = await report({ origin }).report.then((all) => {
    assert.deepEqual(all.origin, origin);
    return { data: all.tasks.map(({ data }) => data!), tasks: all.tasks };
  });
  assert.deepEqual(data.map(({ judgments }) => judgments), [2, 1]);
  assert.equal(new Set(data.map(({ sha256 }) => sha256)).size, 2);
  // The same texts, whatever the settings; other texts or grades, another hash.
  const hash = async (task: Task) =>
    (await report({ prompts: "none" }, { name: "s", tasks: [task] }).report)
      .tasks[0]!.data!.sha256;
  assert.equal(await hash(A), tasks[0]!.data!.sha256);
  const changes: Partial<Task>[] = [
    {
      qrels: {
        test: new Map([["2", new Map([["a2", 2]])], [
          "1",
          new Map([["10", 1]]),
        ]]),
      },
    },
    { queries: new Map(A.queries).set("2", { id: "2", text: "zz" }) },
    { corpus: new Map(A.corpus).set("a1", { id: "a1", text: "k" }) },
  ];
  for (const change of changes) {
    assert.notEqual(await hash({ ...A, ...change }), tasks[0]!.data!.sha256);
  }
});

Deno.test("evaluate() gives the search its precision and preparation", async () => {
  const whole = await report().report;
  let prepared = 0;
  const { settings, tasks } = await report({
    dtype: "bf16",
    prepare: ({ count }) => {
      prepared += count;
      return {
        candidates: ({ count: queries }) =>
          Promise.resolve(
            Array.from(
              { length: queries },
              () => Int32Array.from({ length: count }, (_, row) => row),
            ),
          ),
        dispose: () => {},
      };
    },
  }).report;
  assert.equal(prepared, 4);
  assert.equal(settings.dtype, "bf16");
  // Counts of letters are exact in bfloat16.
  assert.deepEqual(tasks, whole.tasks);
});

Deno.test("evaluateRetriever() measures anything that finds passages", async () => {
  const asked: [string, string[], number][] = [];
  const runs: Run[] = [];
  const open = (task: Task) => (queries: readonly Query[], k: number): Run => {
    asked.push([task.name, queries.map(({ text }) => text), k]);
    const found = [...task.corpus.keys()].map((id, i) => [id, -i] as const);
    return new Map(queries.map(({ id }) => [id, new Map(found)]));
  };
  const all = await collectReport(evaluateRetriever(open, SUITE, {
    metrics: ["MRR@10"],
    k: 20,
    retriever: "file order",
    onRun: (_, run) => void runs.push(run),
  }));
  assert.deepEqual(asked, [["a", ["z", "kk"], 20], ["b", ["b"], 20]]);
  assert.deepEqual(all.tasks[0]!.perQuery["MRR@10"], [1 / 2, 1 / 3]);
  assert.equal(all.settings.retriever, "file order");
  assert.deepEqual([all.tasks[0]!.prompt, all.settings.prompts], ["", "none"]);
  assert.equal(runs.length, 2);
  await assert.rejects(
    collectReport(evaluateRetriever(open, { name: "s", tasks: [] })),
    { name: "RangeError" },
  );
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
