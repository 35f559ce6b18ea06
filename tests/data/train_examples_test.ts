import assert from "node:assert/strict";
import { type Suite, suiteRows, trainExamples } from "../../lib/data/mod.ts";
import { goodSuite, goodTask } from "./_folders.ts";

Deno.test("trainExamples() takes grades > 0 as positives, others first among negatives", () => {
  const suite: Suite = {
    name: "demo",
    tasks: [goodTask("a"), goodTask("b")],
  };
  const b = suite.tasks[1]!;
  for (const id of ["p3", "p4", "p5"]) b.corpus.set(id, { id, text: id });
  b.qrels.train = new Map([
    ["q2", new Map([["p5", 2], ["p4", 0], ["p3", -1], ["p1", 1]])],
    ["q1", new Map([["p1", 0]])],
  ]);
  const negatives = [
    undefined,
    new Map([["q2", ["p1", "p2", "p4", "p2"]], ["q9", ["p1"]]]),
  ];
  const [first, second] = trainExamples(suite, { negatives });
  assert.deepEqual(first, [{
    domain: 0,
    query: { id: "q1", text: "France?" },
    positives: [{ id: "p1", title: "Capitals", text: "Paris" }],
    negatives: [{ id: "p2", text: "Rome" }],
  }]);
  // q1 of b has no positive and makes no row; p1 is no negative of q2.
  assert.equal(second!.length, 1);
  assert.equal(second![0]!.domain, 1);
  assert.deepEqual(second![0]!.positives.map((p) => p.id), ["p5", "p1"]);
  assert.deepEqual(second![0]!.negatives.map((p) => p.id), ["p4", "p3", "p2"]);
});

Deno.test("trainExamples() takes another split when asked", () => {
  const rows = trainExamples(goodSuite(), { split: "test" });
  assert.deepEqual(rows[0]!.map((row) => row.query.id), ["q2"]);
});

Deno.test("trainExamples() refuses a task without rows, and unknown passages", () => {
  assert.throws(() => trainExamples(goodSuite(), { split: "dev" }), {
    name: "RangeError",
    message:
      'Cannot make training rows of task "toy": no query of split "dev" has a passage of grade > 0; leave the task out',
  });
  const negatives = [new Map([["q1", ["p9"]]])];
  assert.throws(() => trainExamples(goodSuite(), { negatives }), {
    name: "RangeError",
    message:
      'Cannot make training rows of task "toy": passage "p9" is not in it',
  });
});

Deno.test("suiteRows() counts and measures", () => {
  assert.deepEqual(suiteRows(goodSuite()), [{
    domain: 0,
    task: "toy",
    kind: "unknown",
    language: "und",
    passages: 2,
    train: 1,
    dev: 0,
    test: 1,
    pairs: 2,
    queryLength: (7 + 6) / 2,
    passageLength: (5 + 4) / 2,
  }]);
});
