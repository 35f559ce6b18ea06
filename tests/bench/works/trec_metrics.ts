import type { Qrels, Run } from "../../../lib/data/types.ts";
import { evaluateRun } from "../../../lib/eval/mod.ts";
import type { Work } from "../_work.ts";

const METRICS = ["nDCG@10", "Recall@100"];

/** Metrics of a run in an order in which no search would give it. */
export function setup(quick: boolean): Promise<Work> {
  const { qrels, run } = made(quick ? 1000 : 10_000);
  const { mean } = evaluateRun(qrels, run, METRICS);
  return Promise.resolve({
    check: mean["nDCG@10"]! + mean["Recall@100"]!,
    round: () => void evaluateRun(qrels, run, METRICS),
  });
}

/**
 * 1,000 passages a query, 20 of them judged; scores of 3 digits, so many tie.
 * The peer makes the same by the same arithmetic.
 */
function made(queries: number): { qrels: Qrels; run: Run } {
  const qrels: Qrels = new Map();
  const run: Run = new Map();
  for (let q = 0; q < queries; q++) {
    const grades = new Map<string, number>();
    const scores = new Map<string, number>();
    for (let i = 0; i < 1000; i++) {
      const id = `d${(q * 7919 + i * 104729) % 1000003}`;
      const mixed = Math.imul(q * 1000 + i, 0x9e3779b1) >>> 0;
      scores.set(id, (mixed >>> 8) % 1000 / 1000);
      if (i % 50 === 0) grades.set(id, (q + i / 50) % 3);
    }
    qrels.set(`q${q}`, grades);
    run.set(`q${q}`, scores);
  }
  return { qrels, run };
}
