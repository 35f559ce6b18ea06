import assert from "node:assert/strict";
import fc from "fast-check";
import type { Task } from "../../../lib/data/types.ts";
import {
  applyDecisions,
  auditNegatives,
  type Decision,
  decisionsOf,
  denseRetriever,
  formatDecisions,
  fusedRetriever,
  mineHardNegatives,
  type MineOptions,
  parseDecisions,
  previewNegatives,
} from "../../../lib/search/mod.ts";
import { testRng } from "../_reference.ts";

/** Twenty passages whose texts are far from one another, by id p0 … p19. */
const WORDS = "oak elm ash fir yew lime pear plum rose fern moss reed rush " +
  "sage mint dill leek kale bean corn";
const TASK: Task = {
  name: "plants",
  prompt: "",
  language: "en",
  kind: "question-passage",
  license: "MIT",
  source: "made up",
  corpus: new Map(
    WORDS.split(" ").map((word, i) => [
      `p${i}`,
      { id: `p${i}`, text: `${word} ${word.toUpperCase()} the ${word} plant` },
    ]),
  ),
  queries: new Map([["q", { id: "q", text: "which plant is it" }]]),
  qrels: { train: new Map([["q", new Map([["p4", 1]])]]) },
};
const ladder: MineOptions["retrieve"] = (queries, k) =>
  new Map(queries.map(({ id }) => [
    id,
    new Map([...TASK.corpus.keys()].slice(0, k).map((p, i) => [p, 20 - i])),
  ]));
const mine = (options: Partial<MineOptions>) =>
  mineHardNegatives(TASK, {
    rng: testRng(1),
    retrieve: ladder,
    fill: false,
    count: 20,
    ...options,
  });
const decide = (of: Record<string, Decision>) =>
  new Map([["q", new Map(Object.entries(of))]]);

Deno.test("mineHardNegatives() honours decisions over scores", async () => {
  // p4, the positive, scores 16: by its score p5 (15) stays, p0 to p3 go.
  const { negatives, statistics } = await mine({
    decisions: decide({ p0: "negative", p5: "doubtful", p6: "positive" }),
  });
  const ids = negatives.get("q")!;
  assert.deepEqual(ids.slice(0, 2), ["p0", "p7"]);
  assert.equal(ids.length, 14);
  assert.equal(statistics.leftOutDecision, 2);
  assert.equal(statistics.leftOutScore, 3);
});

Deno.test("mineHardNegatives() never fills up with what was decided", async () => {
  const { negatives } = await mineHardNegatives(TASK, {
    rng: testRng(1),
    retrieve: () => new Map(),
    count: 20,
    decisions: decide({ p5: "doubtful", p6: "positive" }),
  });
  assert.deepEqual(
    negatives.get("q")!.sort(),
    [...TASK.corpus.keys()].filter((p) => !["p4", "p5", "p6"].includes(p))
      .sort(),
  );
});

Deno.test("mineHardNegatives() keeps a margin below the positive", async () => {
  // The positive scores 16, so candidates must score below 12.5.
  const { negatives } = await mine({ positiveShare: Infinity, margin: 3.5 });
  assert.equal(negatives.get("q")![0], "p8"); // 12
  const both = await mine({ positiveShare: 0.5, margin: 3.5 });
  assert.equal(both.negatives.get("q")![0], "p13"); // 7 < 8
});

Deno.test("mineHardNegatives() filters by the scores of another model", async () => {
  const { negatives, details, statistics } = await mine({
    score: (queries, passages) =>
      new Map(queries.map(({ id }) => {
        assert.ok(
          passages.get(id)!.includes("p4"),
          "the positive is asked for",
        );
        // The other way round: the last passages are the nearest.
        return [
          id,
          new Map(passages.get(id)!.map((p) => [p, Number(p.slice(1)) + 1])),
        ];
      })),
  });
  assert.deepEqual(negatives.get("q"), ["p0", "p1", "p2", "p3"]);
  assert.equal(statistics.leftOutScore, 15);
  assert.deepEqual(details.get("q"), {
    positive: 5,
    negatives: [0, 1, 2, 3].map((i) => ({
      id: `p${i}`,
      rank: i + 1,
      score: i + 1,
    })),
  });
});

Deno.test("mineHardNegatives() samples the first, or earlier ones rather", async () => {
  const options = { positiveShare: Infinity, count: 3 };
  const top = await mine({ ...options, sampling: "top" });
  assert.deepEqual(top.negatives.get("q"), ["p0", "p1", "p2"]);
  const seen = new Map<string, number>();
  const rng = testRng(5);
  for (let i = 0; i < 2000; i++) {
    const { negatives } = await mine({
      ...options,
      count: 1,
      rng,
      sampling: "rank",
      depth: [6, 9],
    });
    const [id] = negatives.get("q")!;
    seen.set(id!, (seen.get(id!) ?? 0) + 1);
  }
  // Likelihoods as 1, 1/2, 1/3, 1/4 over 25/12; five standard deviations.
  ["p5", "p6", "p7", "p8"].forEach((id, i) => {
    const share = 12 / 25 / (i + 1);
    const spread = 5 * Math.sqrt(2000 * share * (1 - share));
    assert.ok(Math.abs(seen.get(id)! - 2000 * share) < spread, id);
  });
});

Deno.test("mineHardNegatives() takes nothing near a positive or another negative", async () => {
  const text = "The harbor lighthouse was built in 1874 by the town's guild " +
    "of masons and stands on the northern pier";
  const corpus = new Map([
    ["right", { id: "right", text }],
    ["near", { id: "near", text: text.replace("guild", "guilds") }],
    ["one", { id: "one", text: WORDS.repeat(3) }],
    ["two", { id: "two", text: `${WORDS.repeat(3)}s` }],
  ]);
  const task = {
    ...TASK,
    corpus,
    qrels: { train: new Map([["q", new Map([["right", 1]])]]) },
  };
  const near = (nearDuplicates?: number | "off") =>
    mineHardNegatives(task, {
      rng: testRng(1),
      retrieve: () =>
        new Map([["q", new Map([["near", 3], ["one", 2], ["two", 1]])]]),
      count: 4,
      sampling: "top",
      nearDuplicates,
    });
  const { negatives, statistics } = await near(4);
  assert.deepEqual(negatives.get("q"), ["one"]);
  assert.equal(statistics.leftOutNear, 2);
  assert.deepEqual((await near("off")).negatives.get("q"), [
    "near",
    "one",
    "two",
  ]);
  await assert.rejects(() => near(64), {
    message:
      'Cannot mine hard negatives of task "plants": nearDuplicates must be an integer from 0 to 63, or "off": got 64',
  });
  await assert.rejects(() => mine({ margin: -1 }), {
    message:
      'Cannot mine hard negatives of task "plants": margin must be finite and at least 0: got -1',
  });
});

Deno.test("denseRetriever() finds and scores by inner product", async () => {
  const encode = (texts: readonly string[]) =>
    Promise.resolve({
      data: Float32Array.from(texts.flatMap((t) => [t.length, 1])),
      count: texts.length,
      dimension: 2,
    });
  using dense = await denseRetriever(TASK, encode);
  const queries = [...TASK.queries.values()];
  const run = await dense.retrieve(queries, 20);
  const some = ["p3", "p0"];
  const scores = await dense.score(queries, new Map([["q", some]]));
  for (const id of some) {
    assert.equal(scores.get("q")!.get(id), run.get("q")!.get(id));
  }
  await assert.rejects(
    async () => await dense.score(queries, new Map([["q", ["zz"]]])),
    {
      message:
        'Cannot score query "q": its passages must be in the corpus: got "zz"',
    },
  );
  const fused = fusedRetriever([dense.retrieve, ladder!]);
  assert.equal((await fused(queries, 5)).get("q")!.size, 5);
});

Deno.test("auditNegatives() lists what scores near the positive, worst first", async () => {
  const scores = new Map([[
    "q",
    new Map([["p4", 1], ["p0", 0.96], ["p1", 1.2], ["p2", 0.9]]),
  ]]);
  const audit = (share?: number, limit?: number) =>
    auditNegatives(TASK, new Map([["q", ["p0", "p1", "p2", "p3"]]]), {
      score: (_, passages) => {
        assert.deepEqual(
          [...passages.get("q")!].sort(),
          ["p0", "p1", "p2", "p3", "p4"],
        );
        return scores;
      },
      share,
      limit,
    });
  const rows = await audit();
  assert.deepEqual(
    rows.map(({ passage, score, positiveScore, decision }) => [
      passage,
      score,
      positiveScore,
      decision,
    ]),
    [["p1", 1.2, 1, ""], ["p0", 0.96, 1, ""]],
  );
  assert.equal(rows[0]!.positiveText, TASK.corpus.get("p4")!.text);
  assert.deepEqual((await audit(0.5)).length, 3);
  assert.deepEqual((await audit(0.5, 1)).map((row) => row.passage), ["p1"]);
  await assert.rejects(() => audit(0), {
    message:
      'Cannot audit negatives of task "plants": share must be in (0, 1]: got 0',
  });
});

Deno.test("parseDecisions() reads back what formatDecisions() wrote", () => {
  const id = fc.string({ minLength: 1 }).filter((s) =>
    !/[\t\r\n\ufeff]/.test(s)
  );
  const text = fc.string();
  const row = fc.record({
    decision: fc.constantFrom("" as const, "positive", "negative", "doubtful"),
    task: id,
    query: id,
    passage: id,
    score: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) =>
      x || 0
    ),
    positiveScore: fc.integer(),
    queryText: text,
    positiveText: text,
    passageText: text,
  });
  const flat = (s: string) => s.replace(/\s+/g, " ");
  fc.assert(fc.property(fc.array(row), (rows) => {
    assert.deepEqual(
      parseDecisions(formatDecisions(rows)),
      rows.map((r) => ({
        ...r,
        queryText: flat(r.queryText),
        positiveText: flat(r.positiveText),
        passageText: flat(r.passageText),
      })),
    );
  }));
});

Deno.test("parseDecisions() takes what spreadsheets make of the file", () => {
  const rows = parseDecisions(
    '\ufeffpassage\tdecision\ttask\tquery\r\np1\tPositive \tt\t"q ""1"""\r\n\r\n',
  );
  assert.deepEqual(
    rows.map(({ decision, query, passage }) => [decision, query, passage]),
    [["positive", 'q "1"', "p1"]],
  );
  assert.deepEqual([...decisionsOf(rows, "t").get('q "1"')!], [[
    "p1",
    "positive",
  ]]);
});

Deno.test("parseDecisions() names the line that is wrong", () => {
  const head = "decision\ttask\tquery\tpassage\n";
  const fails = (text: string, message: string) =>
    assert.throws(() => parseDecisions(text, "d.tsv"), {
      name: "SyntaxError",
      message,
    });
  fails(
    "a,b\n",
    'Cannot read d.tsv:1: the header must name the column "decision", columns separated by tabs: got "a,b"',
  );
  fails(
    `${head}\n\nyes\tt\tq\tp\n`,
    'Cannot read d.tsv:4: decision must be positive, negative, doubtful, or empty: got "yes"',
  );
  fails(`${head}\tt\t\tp\n`, "Cannot read d.tsv:2: query must not be empty");
  assert.throws(
    () =>
      formatDecisions([{
        ...parseDecisions(`${head}\tt\tq\tp`)[0]!,
        query: "a\tb",
      }]),
    {
      message:
        'Cannot write decisions: query must hold no tab or line end: got "a\\tb"',
    },
  );
});

Deno.test("applyDecisions() makes decided positives known, and nothing else", () => {
  const before = structuredClone(TASK);
  const task = applyDecisions(TASK, decide({ p1: "positive", p2: "negative" }));
  assert.deepEqual(TASK, before);
  assert.deepEqual([...task.qrels.train!.get("q")!], [["p4", 1], ["p1", 1]]);
  assert.equal(applyDecisions(TASK, decide({ p2: "doubtful" })), TASK);
  assert.throws(() => applyDecisions(TASK, decide({ zz: "positive" })), {
    message:
      'Cannot apply decisions to task "plants": its corpus must hold passage "zz" of query "q"',
  });
});

Deno.test("previewNegatives() shows a positive and the negatives of some queries", async () => {
  const mined = await mine({ count: 2, sampling: "top" });
  const rows = previewNegatives(TASK, mined, { length: 12 });
  assert.deepEqual(
    rows.map(({ kind, rank, score }) => [kind, rank, score]),
    [["positive", null, 16], ["hard negative", 6, 15], [
      "hard negative",
      7,
      14,
    ]],
  );
  for (const row of rows) assert.ok(row.passage.length <= 12);
});
