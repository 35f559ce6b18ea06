import assert from "node:assert/strict";
import fc from "fast-check";
import {
  openSuite,
  type Passage,
  type Qrels,
  type Suite,
  writeSuite,
} from "../../../lib/data/mod.ts";
import { goodSuite, goodTask, inTempFolder, writeFiles } from "../_folders.ts";

/** Ids as hostile as the files can hold. */
const id = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "10",
    "9",
    "-1",
    "a b",
    "#x",
    " ",
    "\u0085",
    "\uFEFFq",
    '"',
    "é",
    "é",
  ),
  fc.string({ unit: "binary", minLength: 1 }).filter((s) =>
    !/[\t\n\r\0]/.test(s)
  ),
);

/** Any text at all, lone surrogates and control characters included. */
const text = fc.string({ unit: "binary" }).map((s) =>
  `${s}\ud800`.slice(0, 40)
);

const task = fc.tuple(
  fc.uniqueArray(id, { minLength: 1, maxLength: 6 }),
  fc.uniqueArray(id, { minLength: 1, maxLength: 6 }),
  fc.infiniteStream(text),
  fc.infiniteStream(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
).map(([passages, queries, texts, grades]) => {
  const next = <T>(stream: Fc<T>) => stream.next().value;
  const corpus = new Map<string, Passage>(passages.map((id, i) => {
    const title = next(texts);
    const passage = { id, text: next(texts) };
    return [id, i % 2 && title ? { ...passage, title } : passage];
  }));
  const test: Qrels = new Map(queries.map((query) => [
    query,
    new Map(passages.map((passage) => [passage, next(grades)])),
  ]));
  return {
    ...goodTask("toy"),
    prompt: next(texts),
    transform: next(texts),
    corpus,
    queries: new Map(queries.map((id) => [id, { id, text: next(texts) }])),
    qrels: { test },
  };
});

type Fc<T> = { next(): { value: T } };

Deno.test("a suite written and opened again is the same", () =>
  inTempFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(task, async (task) => {
        const suite: Suite = { name: "demo", tasks: [task] };
        await writeSuite(suite, `${folder}/suite`, { overwrite: true });
        const opened = await openSuite(`${folder}/suite`);
        assert.deepEqual(opened, suite);
        // deepEqual() takes maps of another order for equal.
        assert.deepEqual([...opened.tasks[0]!.corpus], [...task.corpus]);
        assert.deepEqual(
          [...opened.tasks[0]!.qrels.test!],
          [...task.qrels.test],
        );
      }),
      { numRuns: 60 },
    );
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name),
      ["suite"],
    );
  }));

Deno.test("writeSuite() keeps the order and every split", () =>
  inTempFolder(async (folder) => {
    const suite: Suite = {
      name: "demo",
      tasks: [
        { ...goodTask("z"), language: ["ja", "en"] },
        { ...goodTask("a"), kind: "faq", prompt: "Answer" },
      ],
    };
    await writeSuite(suite, `${folder}/deep/suite`);
    assert.deepEqual(await openSuite(`${folder}/deep/suite`), suite);
    const info = JSON.parse(
      await Deno.readTextFile(`${folder}/deep/suite/a/task.json`),
    );
    assert.deepEqual(info, {
      task: "a",
      language: "und",
      type: "faq",
      prompt: "Answer",
      license: "unstated",
      source: "",
      counts: { corpus: 2, queries_train: 1, queries_test: 1 },
    });
  }));

Deno.test("writeSuite() replaces a folder only when told to", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "suite/mine.txt": "keep me" });
    await assert.rejects(writeSuite(goodSuite(), `${folder}/suite`), {
      name: "RangeError",
      message:
        /the folder is there already; remove it, choose another, or set overwrite$/,
    });
    assert.equal(
      await Deno.readTextFile(`${folder}/suite/mine.txt`),
      "keep me",
    );
    // A folder that never was a suite is nobody's to replace.
    await assert.rejects(
      writeSuite(goodSuite(), `${folder}/suite`, { overwrite: true }),
      /the folder holds files, but no task\.json or suite\.json/,
    );
    assert.equal(
      await Deno.readTextFile(`${folder}/suite/mine.txt`),
      "keep me",
    );
    await writeSuite(goodSuite(), `${folder}/other`);
    await writeSuite(goodSuite(), `${folder}/other`, { overwrite: true });
    assert.deepEqual(await openSuite(`${folder}/other`), goodSuite());
  }));

/** What is wrong, and how to make it so. */
const BAD: [what: string, spoil: (suite: Suite) => unknown, message: RegExp][] =
  [
    ["no task", (s) => s.tasks.pop(), /it has no task$/],
    [
      "a name with a slash",
      (s) => s.tasks[0]!.name = "a/b",
      /the name must hold no slash .* to serve as a folder's name; rename the task$/,
    ],
    [
      "the name ..",
      (s) => s.tasks[0]!.name = "..",
      /folder's name; rename the task$/,
    ],
    [
      "no name",
      (s) => s.tasks[0]!.name = "",
      /folder's name; rename the task$/,
    ],
    [
      "one name twice",
      (s) => s.tasks.push(goodTask("TOY")),
      /another task has the name/,
    ],
    [
      "an empty corpus",
      (s) => s.tasks[0]!.corpus.clear(),
      /its corpus is empty$/,
    ],
    ["no queries", (s) => s.tasks[0]!.queries.clear(), /it has no queries$/],
    ["no judgments", (s) => s.tasks[0]!.qrels = {}, /it has no judgment$/],
    [
      "a key that isn't the id",
      (s) => s.tasks[0]!.corpus.set("p3", { id: "p4", text: "" }),
      /key "p3" holds what has id "p4"$/,
    ],
    [
      "a tab in an id",
      (s) => s.tasks[0]!.queries.set("q\t", { id: "q\t", text: "" }),
      /an id must hold no tab, line end or NUL: got "q\\t"$/,
    ],
    [
      "a judged query that isn't there",
      (s) => s.tasks[0]!.qrels.dev = new Map([["q9", new Map([["p1", 1]])]]),
      /query "q9" is judged but not there$/,
    ],
    [
      "a judged passage that isn't there",
      (s) => s.tasks[0]!.qrels.dev = new Map([["q1", new Map([["p9", 1]])]]),
      /passage "p9" is judged but not there$/,
    ],
    [
      "a grade that is no integer",
      (s) => s.tasks[0]!.qrels.dev = new Map([["q1", new Map([["p1", 0.5]])]]),
      /must be a 32-bit integer: got 0\.5$/,
    ],
  ];

for (const [what, spoil, message] of BAD) {
  Deno.test(`writeSuite() refuses ${what}, and leaves nothing behind`, () =>
    inTempFolder(async (folder) => {
      const suite = goodSuite();
      spoil(suite);
      await assert.rejects(writeSuite(suite, `${folder}/suite`), {
        name: "RangeError",
        message,
      });
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    }));
}
