import assert from "node:assert/strict";
import fc from "fast-check";
import type { Qrels, Run } from "../../lib/data/types.ts";
import { readTrecQrels } from "../../lib/data/trec/read_trec_qrels.ts";
import { readTrecRun } from "../../lib/data/trec/read_trec_run.ts";
import { evaluateRun } from "../../lib/eval/mod.ts";
import { rankPassages } from "../../lib/search/exact/rank_passages.ts";
import { readShared, shared, withShared } from "../_shared.ts";

type Row = [string, string, number];

function maps(queries: string[], rows: Row[]): Run {
  const all: Run = new Map(queries.map((id) => [id, new Map()]));
  for (const [query, id, value] of rows) all.get(query)!.set(id, value);
  return all;
}

/** Our name of a pytrec_eval measure. */
function ourName(measure: string): string {
  if (measure === "recip_rank") return "MRR";
  const [, name, cut] = /^(.+?)_(?:cut_)?(\d+)$/.exec(measure)!;
  const names: Record<string, string> = {
    ndcg: "nDCG",
    map: "MAP",
    recip_rank: "MRR",
    recall: "Recall",
    P: "P",
    success: "Success",
  };
  return `${names[name!]}@${cut}`;
}

/** Compares two records of numbers, the wanted one under pytrec_eval's names. */
function same(
  found: Record<string, number>,
  wanted: Record<string, number>,
  where: string,
  tolerance: number,
) {
  for (const [measure, value] of Object.entries(wanted)) {
    const got = found[ourName(measure)]!;
    assert.ok(
      Math.abs(got - value) <= tolerance,
      `${where} ${measure}: ${got} ≠ ${value}`,
    );
  }
}

withShared("evaluateRun() computes what trec_eval does", async (t) => {
  const file = readShared("fixtures/eval/trec_metrics.json");
  const [first] = file.cases;
  const names = Object.keys(first.mean).map(ourName);
  for (const c of file.cases) {
    await t.step(c.name, () => {
      const qrels = maps(c.qrels_queries, c.qrels);
      const run = maps(c.run_queries, c.run);
      const evaluated = (over: "scored" | "judged") =>
        evaluateRun(qrels, run, names, {
          relevanceLevel: c.relevance_level,
          over,
        });
      if (c.num_scored === 0) {
        assert.throws(() => evaluated("scored"), { name: "RangeError" });
      } else {
        const { perQuery, mean, scored, judged } = evaluated("scored");
        assert.equal(scored, c.num_scored);
        assert.equal(judged, c.num_judged);
        for (const [query, wanted] of c.per_query) {
          same(perQuery.get(query)!, wanted, query, file.tolerance);
        }
        assert.equal(perQuery.size, c.per_query.length);
        same(mean, c.mean, "mean", file.tolerance);
      }
      if (c.num_judged > 0) {
        same(evaluated("judged").mean, c.mean_complete, "-c", file.tolerance);
      }
    });
  }
});

/** A number as C's "%.4f" prints it: exact halves go to the even digit. */
function printed(value: number): string {
  // Halves of the fourth decimal that a float64 holds exactly are odd 32nds.
  const isHalf = Number.isInteger(value * 32) && value * 32 % 2 !== 0;
  if (!isHalf) return value.toFixed(4);
  const below = Math.floor(value * 1e4);
  return ((below % 2 === 0 ? below : below + 1) / 1e4).toFixed(4);
}

withShared(
  "evaluateRun() prints as trec_eval does, to the last of 4 decimals",
  () => {
    // 1/32 and 3/32, as printf has them.
    assert.deepEqual([1 / 32, 3 / 32, 0.00005].map(printed), [
      "0.0312",
      "0.0938",
      "0.0001",
    ]);
    const file = readShared("fixtures/eval/trec_metrics.json");
    let compared = 0;
    for (const c of file.cases) {
      if (c.num_scored === 0) continue;
      const { perQuery, mean } = evaluateRun(
        maps(c.qrels_queries, c.qrels),
        maps(c.run_queries, c.run),
        Object.keys(c.mean).map(ourName),
        { relevanceLevel: c.relevance_level },
      );
      const all = [...c.per_query, ["all", c.mean]] as [
        string,
        typeof c.mean,
      ][];
      for (const [query, wanted] of all) {
        const found = query === "all" ? mean : perQuery.get(query)!;
        for (const [measure, value] of Object.entries<number>(wanted)) {
          compared++;
          assert.equal(
            printed(found[ourName(measure)]!),
            printed(value),
            `${c.name} ${query} ${measure}`,
          );
        }
      }
    }
    assert.ok(compared > 3000, `${compared}`);
  },
);

withShared("evaluateRun() computes what BEIR does", () => {
  const file = readShared("fixtures/eval/trec_metrics.json");
  let compared = 0;
  for (const c of file.cases) {
    if (!c.beir) continue;
    const qrels = maps(c.qrels_queries, c.qrels);
    const run = maps(c.run_queries, c.run);
    const compare = (
      wanted: Record<string, number>,
      options: Parameters<typeof evaluateRun>[3],
    ) => {
      // Where BEIR fails (no scored query, unknown query) we need not.
      if (wanted.error) return;
      const names = Object.keys(wanted).map((m) => m.replace("NDCG", "nDCG"));
      const { mean } = evaluateRun(qrels, run, names, options);
      Object.values(wanted).forEach((value, i) => {
        compared++;
        assert.ok(
          // BEIR rounds to 5 decimals, halves to even.
          Math.abs(mean[names[i]!]! - value) <= 1.1e-5,
          `${c.name} ${names[i]}: ${mean[names[i]!]} ≠ ${value}`,
        );
      });
    };
    for (const ignoreIdenticalIds of [true, false]) {
      compare(c.beir[`ignore_identical_ids=${ignoreIdenticalIds}`], {
        ignoreIdenticalIds,
      });
    }
    // These two count all judged queries and keep the order of insertion. BEIR
    // counts a query without any row as judged too; trec_eval and we don't.
    if (c.name === "qrels_query_without_rows") continue;
    compare(c.beir.mrr, { over: "judged", ties: "insertion" });
    compare(c.beir.acc, { over: "judged", ties: "insertion" });
  }
  assert.ok(compared > 2000);
});

withShared("evaluateRun() scores a run read from files", async () => {
  const folder = "fixtures/eval/runfile";
  const { end_to_end } = readShared(`${folder}/expected.json`);
  const qrels = await readTrecQrels(shared(`${folder}/${end_to_end.qrels}`));
  const run = await readTrecRun(shared(`${folder}/${end_to_end.run}`));
  const names = Object.keys(end_to_end.mean).map(ourName);
  const { perQuery, mean } = evaluateRun(qrels, run, names);
  same(mean, end_to_end.mean, "mean", 1e-9);
  for (const [query, wanted] of end_to_end.per_query) {
    same(perQuery.get(query)!, wanted, query, 1e-9);
  }
});

Deno.test("evaluateRun() computes R-precision, worked by hand", () => {
  const qrels: Qrels = new Map([
    ["q", new Map([["a", 1], ["b", 1], ["c", 2], ["x", 0]])],
    ["none", new Map([["x", 0]])],
  ]);
  const run: Run = new Map([
    ["q", new Map([["a", 9], ["x", 8], ["c", 7], ["b", 6]])],
    ["none", new Map([["x", 1]])],
  ]);
  const { perQuery } = evaluateRun(qrels, run, ["RPrec", "nDCG", "MAP"]);
  // Two of the three relevant are among the first three.
  assert.equal(perQuery.get("q")!.RPrec, 2 / 3);
  assert.equal(perQuery.get("q")!.MAP, (1 + 2 / 3 + 3 / 4) / 3);
  const ideal = 2 + 1 / Math.log2(3) + 1 / 2;
  const got = 1 + 2 / 2 + 1 / Math.log2(5);
  assert.ok(Math.abs(perQuery.get("q")!.nDCG! - got / ideal) < 1e-12);
  assert.deepEqual(perQuery.get("none"), { RPrec: 0, nDCG: 0, MAP: 0 });
});

Deno.test("evaluateRun() computes bpref as trec_eval does", () => {
  // Values of pytrec_eval 0.5.11 (Python, RelevanceEvaluator, measure bpref).
  const cases: [
    order: string,
    grades: Record<string, number>,
    level1: number,
    level2: number,
  ][] = [
    ["n1 a u n2 b n3 c n4", ABC({ n1: 0, n2: 0, n3: 0, n4: 0 }), 1 / 3, 0],
    ["n1 a u1 b n2 c", { ...ABC({ n1: 0, n2: 0 }), c: 2 }, 1 / 3, 0],
    ["c n1 a u1 b n2", { ...ABC({ n1: 0, n2: 0 }), c: 2 }, 2 / 3, 1],
    ["x a n y b", ABC({ x: -1, y: -2, n: 0 }), 1 / 3, 0],
    ["u a v", { a: 1, b: 1 }, 0.5, 0],
    ["n u", { n: 0 }, 0, 0],
    ["n1 a b c", ABC({ n1: 0, n2: 0, n3: 0 }), 2 / 3, 0],
    [
      "n5 n4 a n3 n2 n1 b",
      ABC({ d: 1, n1: 0, n2: 0, n3: 0, n4: 0, n5: 0 }),
      1 / 8,
      0,
    ],
  ];
  for (const [order, grades, ...wanted] of cases) {
    const ids = order.split(" ");
    const qrels: Qrels = new Map([["q", new Map(Object.entries(grades))]]);
    const run: Run = new Map([
      ["q", new Map(ids.map((id, i) => [id, ids.length - i]))],
    ]);
    wanted.forEach((value, i) => {
      const options = { relevanceLevel: i + 1 };
      const { mean } = evaluateRun(qrels, run, ["Bpref"], options);
      assert.ok(
        Math.abs(mean.Bpref! - value) < 1e-9,
        `${order}: ${mean.Bpref}`,
      );
    });
  }
});

function ABC(others: Record<string, number>): Record<string, number> {
  return { a: 1, b: 1, c: 1, ...others };
}

Deno.test("Hole@k is the share of the first ranks that nobody judged", () => {
  const qrels: Qrels = new Map([[
    "q",
    new Map([["a", 1], ["b", 0], ["c", -1]]),
  ]]);
  const holes = (ids: string[], options = {}) => {
    const run: Run = new Map([
      ["q", new Map(ids.map((id, i) => [id, ids.length - i]))],
    ]);
    const names = ["Hole@1", "Hole@4", "Hole@10"];
    return Object.values(evaluateRun(qrels, run, names, options).mean);
  };
  assert.deepEqual(holes(["x", "a", "b", "y", "c"]), [1, 0.5, 0.2]);
  assert.deepEqual(holes(["a", "b", "c"]), [0, 0, 0]);
  // A place that holds nothing is no hole; the query itself holds none either.
  assert.deepEqual(holes(["q", "x"], { ignoreIdenticalIds: true }), [
    1,
    0.25,
    0.1,
  ]);
});

Deno.test("the ranks behind the metrics are those of rankPassages()", () => {
  // Scores that tie as float32 but not as float64 are among them.
  const scored = fc.uniqueArray(
    fc.tuple(
      passageId,
      fc.constantFrom(-Infinity, -1, 0.1, 0.1 + 1e-12, 2, Infinity),
    ),
    { selector: ([id]) => id, maxLength: 12 },
  );
  fc.assert(fc.property(scored, gradeList, (scores, grades) => {
    const graded = new Map(grades);
    const list = new Map(scores);
    const order = rankPassages(list);
    const first = order.findIndex((id) => (graded.get(id) ?? 0) > 0);
    const hits = order.filter((id) => (graded.get(id) ?? 0) > 0);
    const { mean } = evaluateRun(
      new Map([["q", graded]]),
      new Map([["q", list]]),
      ["MRR", "P@1", "P@2", "P@7", "P@20"],
    );
    assert.equal(mean.MRR, first < 0 ? 0 : 1 / (first + 1));
    for (const k of [1, 2, 7, 20]) {
      const top = order.slice(0, k);
      assert.equal(
        mean[`P@${k}`],
        hits.filter((id) => top.includes(id)).length / k,
      );
    }
  }));
});

const METRICS = [
  "nDCG@3",
  "nDCG",
  "MAP@3",
  "MAP",
  "MRR@3",
  "MRR",
  "Recall@3",
  "P@3",
  "Success@3",
  "Accuracy@3",
  "RPrec",
  "Bpref",
];

const passageId = fc.constantFrom(..."abcdefghij", "\u{1F600}", "\uFF5E");
const scoreList = fc.uniqueArray(
  fc.tuple(passageId, fc.integer({ min: -2, max: 3 })),
  { selector: ([id]) => id, maxLength: 12 },
);
const gradeList = fc.uniqueArray(
  fc.tuple(passageId, fc.integer({ min: -1, max: 3 })),
  { selector: ([id]) => id, minLength: 1, maxLength: 8 },
);

Deno.test("metrics lie in [0, 1] and don't depend on order", () => {
  const input = fc.array(fc.tuple(gradeList, scoreList), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(fc.property(input, (queries) => {
    const qrels: Qrels = new Map(
      queries.map(([grades], i) => [`q${i}`, new Map(grades)]),
    );
    const run: Run = new Map(
      queries.map(([, scores], i) => [`q${i}`, new Map(scores)]),
    );
    const { perQuery, mean } = evaluateRun(qrels, run, METRICS);
    for (const values of [...perQuery.values(), mean]) {
      for (const value of Object.values(values)) {
        assert.ok(value >= 0 && value <= 1 + 1e-12);
      }
    }
    const reversed = (all: Run): Run =>
      new Map(
        [...all].reverse().map((
          [id, list],
        ) => [id, new Map([...list].reverse())]),
      );
    const other = evaluateRun(reversed(qrels), reversed(run), METRICS);
    for (const [id, values] of perQuery) {
      assert.deepEqual(other.perQuery.get(id), values);
    }
  }));
});

Deno.test("an irrelevant passage at the end raises no metric", () => {
  fc.assert(fc.property(gradeList, scoreList, (grades, scores) => {
    const qrels: Qrels = new Map([["q", new Map(grades)]]);
    const before: Run = new Map([["q", new Map(scores)]]);
    const after: Run = new Map([["q", new Map([...scores, ["zzz", -99]])]]);
    const a = evaluateRun(qrels, before, METRICS).mean;
    const b = evaluateRun(qrels, after, METRICS).mean;
    assert.deepEqual(b, a);
  }));
});

Deno.test("moving a relevant passage to the top lowers no metric", () => {
  fc.assert(
    fc.property(gradeList, scoreList, fc.nat(), (grades, scores, at) => {
      const graded = new Map(grades);
      const relevant = scores.filter(([id]) => (graded.get(id) ?? 0) === 3);
      fc.pre(relevant.length > 0);
      const [id] = relevant[at % relevant.length]!;
      const qrels: Qrels = new Map([["q", graded]]);
      const raised = new Map(scores).set(id, 99);
      const a = evaluateRun(qrels, new Map([["q", new Map(scores)]]), METRICS);
      const b = evaluateRun(qrels, new Map([["q", raised]]), METRICS);
      for (const metric of METRICS) {
        assert.ok(b.mean[metric]! >= a.mean[metric]! - 1e-12, metric);
      }
    }),
  );
});

Deno.test("evaluateRun() changes neither run nor qrels", () => {
  const qrels: Qrels = new Map([["a", new Map([["b", 1]])]]);
  const run: Run = new Map([["a", new Map([["a", 2], ["b", 1]])]]);
  const options = { ignoreIdenticalIds: true };
  assert.equal(evaluateRun(qrels, run, ["P@1"], options).mean["P@1"], 1);
  assert.deepEqual([...run.get("a")!], [["a", 2], ["b", 1]]);
  assert.equal(evaluateRun(qrels, run, ["P@1"]).mean["P@1"], 0);
});

Deno.test("evaluateRun() says what is wrong", () => {
  const qrels: Qrels = new Map([["q", new Map([["a", 1]])]]);
  const run: Run = new Map([["q", new Map([["a", 1]])]]);
  const fails = (act: () => unknown, message: string | RegExp) =>
    assert.throws(act, { name: "RangeError", message });
  fails(
    () => evaluateRun(new Map(), run, ["MAP"]),
    "Cannot evaluate: qrels must judge at least one query: got none",
  );
  fails(
    () => evaluateRun(qrels, new Map([["x", new Map()]]), ["MAP"]),
    "Cannot evaluate: none of the 1 queries of the run is among the 1 judged ones; give the qrels that belong to it",
  );
  fails(
    () => evaluateRun(qrels, new Map([["q", new Map([["a", NaN]])]]), ["MAP"]),
    'Cannot evaluate: the score of query "q" and passage "a" must be a number: got NaN',
  );
  fails(
    () => evaluateRun(new Map([["q", new Map([["a", 0.5]])]]), run, ["MAP"]),
    'Cannot evaluate: the grade of query "q" and passage "a" must be an integer: got 0.5',
  );
  fails(
    () => evaluateRun(qrels, run, []),
    "Cannot evaluate: metrics must name at least one: got none",
  );
  fails(
    () => evaluateRun(qrels, run, ["MAP"], { relevanceLevel: 0.5 }),
    "Cannot evaluate: relevanceLevel must be an integer: got 0.5",
  );
  const list =
    "nDCG@k, MAP@k, MRR@k, Recall@k, P@k, Success@k, Accuracy@k, Hole@k, RPrec, Bpref";
  const nearest: [string, string | undefined][] = [
    ["ndcg@10", "nDCG@10"],
    ["ndcg_cut_5", "nDCG@5"],
    ["recall", "Recall@10"],
    ["recal@100", "Recall@100"],
    ["precision@5", "P@5"],
    ["mrr10", "MRR@10"],
    ["map", "MAP"],
    ["Rprec", "RPrec"],
    ["RPrec@5", "RPrec"],
    ["P", "P@10"],
    ["nDCG@0", "nDCG"],
    ["nDCG@-3", "nDCG@3"],
    ["nDCG@1.5", "nDCG@1"],
    ["bpref", "Bpref"],
    ["Bpref@10", "Bpref"],
    ["hole", "Hole@10"],
    ["toString", undefined],
    ["", undefined],
  ];
  for (const [name, hint] of nearest) {
    fails(
      () => evaluateRun(qrels, run, [name]),
      `Cannot evaluate: metric must be one of ${list}: got "${name}"` +
        (hint ? `; did you mean "${hint}"?` : ""),
    );
  }
});
