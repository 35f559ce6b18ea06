import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cleanSuite,
  findNearQueries,
  findRepeatedQueries,
  hammingDistance,
  openSuite,
  simhash,
  type SplitName,
  type Suite,
  type Task,
  writeCleanedSuite,
  writeSuite,
} from "../../../lib/data/mod.ts";
import { isUserError, tdro } from "../../cli/_capture.ts";
import { tempFolder } from "../../_temp_folder.ts";

type Splits = Partial<Record<SplitName, Record<string, string>>>;

/** A task whose queries are given by split, id and text. */
function task(name: string, splits: Splits): Task {
  const queries = Object.values(splits).flatMap((split) =>
    Object.entries(split).map(([id, text]) => [id, { id, text }] as const)
  );
  return {
    name,
    prompt: "",
    language: "en",
    kind: "question-passage",
    license: "CC0-1.0",
    source: "made up",
    corpus: new Map([["p", { id: "p", text: "the passage" }]]),
    queries: new Map(queries),
    qrels: Object.fromEntries(
      Object.entries(splits).map(([split, ids]) => [
        split,
        new Map(Object.keys(ids).map((id) => [id, new Map([["p", 1]])])),
      ]),
    ),
  };
}

const FRANCE = "What is the capital of France?";
const SUITE: Suite = {
  name: "leaky",
  tasks: [
    task("capitals", {
      train: {
        a: "what is the capital of FRANCE",
        b: "How high is Mont Blanc?",
        c: "how high is mont-blanc",
        d: "When did Rome fall?",
        e: "?!",
      },
      dev: { f: "When did  Rome fall" },
      test: { g: FRANCE, h: "" },
    }),
    task("more", { train: { a: FRANCE, b: "Who wrote Emma?" } }),
  ],
};

Deno.test("findNearQueries() compares with the tests of every task", () => {
  const found = [...findNearQueries(SUITE)];
  assert.deepEqual(
    found.map(({ task, split, query, near }) => [
      task,
      split,
      query,
      near.map((n) => [n.task, n.split, n.query, n.distance]),
    ]),
    [
      ["capitals", "train", "a", [["capitals", "test", "g", 0]]],
      ["capitals", "train", "d", [["capitals", "dev", "f", 0]]],
      ["more", "train", "a", [["capitals", "test", "g", 0]]],
    ],
  );
  const test = [...findNearQueries(SUITE, { against: ["test"] })];
  assert.deepEqual(test.map(({ task }) => task), ["capitals", "more"]);
});

Deno.test("findNearQueries() compares with benchmarks too", () => {
  const benchmarks = [{
    name: "beir",
    tasks: [task("books", { test: { z: "who wrote EMMA" } })],
  }];
  const found = [...findNearQueries(SUITE, { benchmarks })].at(-1)!;
  assert.deepEqual(
    [found.query, found.near.map(({ suite, query }) => [suite, query])],
    ["b", [["beir", "z"]]],
  );
});

Deno.test("findNearQueries() finds a query that two splits judge", () => {
  const both = task("both", { train: { q: "one" }, test: { q: "one" } });
  const [found] = findNearQueries({ name: "s", tasks: [both] });
  assert.deepEqual(
    [found!.split, found!.near[0]!.split, found!.near[0]!.query],
    ["train", "test", "q"],
  );
});

Deno.test("findRepeatedQueries() keeps the first of each kind", () => {
  assert.deepEqual(
    [...findRepeatedQueries(SUITE)].map(({ task, query, near }) => [
      task,
      query,
      near.map((n) => n.query),
    ]),
    [["capitals", "c", ["b"]]],
  );
});

Deno.test("cleanSuite() takes leaking queries out and changes nothing else", () => {
  const before = structuredClone(SUITE);
  const { suite, removed, tasks } = cleanSuite(SUITE, { within: true });
  assert.deepEqual(SUITE, before);
  const [capitals, more] = suite.tasks;
  assert.deepEqual([...capitals!.qrels.train!.keys()], ["b", "e"]);
  assert.deepEqual([...capitals!.queries.keys()], ["b", "e", "f", "g", "h"]);
  assert.deepEqual(capitals!.qrels.test, before.tasks[0]!.qrels.test);
  assert.deepEqual(capitals!.corpus, before.tasks[0]!.corpus);
  assert.deepEqual([...more!.queries.keys()], ["b"]);
  assert.deepEqual(removed.map(({ query, why }) => [query, why]), [
    ["a", "between splits"],
    ["d", "between splits"],
    ["a", "between splits"],
    ["c", "within its split"],
  ]);
  assert.deepEqual(tasks, [
    { task: "capitals", queries: 5, between: 2, within: 1, kept: 2 },
    { task: "more", queries: 2, between: 1, within: 0, kept: 1 },
  ]);
  assert.equal(cleanSuite(SUITE).tasks[0]!.within, 0, "off unless wanted");
});

Deno.test("cleanSuite() keeps the query of another split, drops an empty split", () => {
  const both = task("both", { train: { q: "one" }, test: { q: "one" } });
  const { suite } = cleanSuite({ name: "s", tasks: [both] });
  assert.deepEqual([...suite.tasks[0]!.queries.keys()], ["q"]);
  assert.deepEqual(Object.keys(suite.tasks[0]!.qrels), ["test"]);
});

Deno.test("cleanSuite() leaves no near query, and takes no other", () => {
  const text = fc.array(fc.constantFrom("red", "green", "blue", "sky", "x"), {
    minLength: 1,
    maxLength: 4,
  }).map((words) => words.join(" "));
  const texts = fc.array(text, { minLength: 1, maxLength: 8 });
  const named = (split: string, list: string[]) =>
    Object.fromEntries(list.map((t, i) => [`${split}${i}`, t]));
  fc.assert(fc.property(
    texts,
    texts,
    fc.integer({ min: 0, max: 12 }),
    (train, test, distance) => {
      const { suite } = cleanSuite({
        name: "s",
        tasks: [
          task("t", { train: named("a", train), test: named("b", test) }),
        ],
      }, { distance });
      const near = (t: string) =>
        test.some((other) =>
          hammingDistance(simhash(t), simhash(other)) <= distance
        );
      assert.deepEqual(
        [...suite.tasks[0]!.qrels.train?.keys() ?? []],
        train.flatMap((t, i) => near(t) ? [] : [`a${i}`]),
      );
    },
  ));
});

Deno.test("cleanSuite() names a split that is on both sides", () => {
  assert.throws(() => cleanSuite(SUITE, { splits: ["train", "dev"] }), {
    name: "RangeError",
    message:
      'Cannot clean suite "leaky": a split must be cleaned or be held against the others, not both: got "dev"',
  });
});

Deno.test("tdro data clean writes the suite and lists what it took out", async () => {
  const folder = await tempFolder();
  try {
    await writeSuite(SUITE, `${folder}/in`);
    const looked = await tdro("data", "clean", "--suite", `${folder}/in`);
    assert.equal(looked.code, 0, looked.err);
    assert.match(looked.out, /3 of 7 training queries are too near others/);
    const line = ["--suite", `${folder}/in`, "--out", `${folder}/out`];
    const { code, err } = await tdro("data", "clean", ...line, "--within");
    assert.equal(code, 0, err);
    const again = await openSuite(`${folder}/out`);
    assert.deepEqual(again, cleanSuite(SUITE, { within: true }).suite);
    const lines = (await Deno.readTextFile(`${folder}/out/removed.jsonl`))
      .trim().split("\n").map((text) => JSON.parse(text));
    assert.deepEqual(
      lines,
      cleanSuite(SUITE, { within: true }).removed,
    );
    assert.ok(isUserError(await tdro("data", "clean", ...line)), "is there");
    await writeCleanedSuite(cleanSuite(SUITE), `${folder}/out`, {
      overwrite: true,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
