import { SPLITS } from "../types.ts";
import type { Task } from "../types.ts";
import type { TaskFinding } from "./finding.ts";

/** With fewer test queries a score says little. */
const FEW = 50;

/** Judgments that point nowhere, splits that are missing or too small. */
export function checkJudgments(task: Task): TaskFinding[] {
  const { queries, corpus, qrels } = task;
  const absentQueries: string[] = [];
  const absentPassages: string[] = [];
  const noPositive: string[] = [];
  const judged = new Set<string>();
  let pairs = 0;
  for (const split of SPLITS) {
    for (const [query, grades] of qrels[split] ?? []) {
      judged.add(query);
      if (!queries.has(query)) absentQueries.push(query);
      let positive = false;
      for (const [passage, grade] of grades) {
        pairs++;
        if (!corpus.has(passage)) absentPassages.push(passage);
        else if (grade > 0) positive = true;
      }
      if (!positive) noPositive.push(query);
    }
  }
  const unjudged = [...queries.keys()].filter((id) => !judged.has(id));
  return [
    {
      severity: "problem",
      check: "absent-query",
      count: absentQueries.length,
      of: judged.size,
      examples: absentQueries,
      message: "judged queries that queries.jsonl doesn't have; add them or " +
        "remove their judgments",
    },
    {
      severity: "problem",
      check: "absent-passage",
      count: absentPassages.length,
      of: pairs,
      examples: absentPassages,
      message:
        "judgments of passages that corpus.jsonl doesn't have; add them or " +
        "remove the judgments",
    },
    {
      severity: "note",
      check: "no-positive",
      count: noPositive.length,
      of: judged.size,
      examples: noPositive,
      message:
        "judged queries without a relevant passage; they count 0 in tests and give no training row",
    },
    {
      severity: "note",
      check: "unjudged-query",
      count: unjudged.length,
      of: queries.size,
      examples: unjudged,
      message: "queries without a judgment; nothing uses them",
    },
    ...checkSplits(qrels),
  ];
}

/** Splits that are missing or too small. */
function checkSplits(qrels: Task["qrels"]): TaskFinding[] {
  const train = qrels.train?.size ?? 0;
  const test = qrels.test?.size ?? 0;
  const findings: TaskFinding[] = [];
  if (train === 0) {
    findings.push({
      severity: "note",
      check: "no-train",
      count: 1,
      of: 1,
      message: "no training queries: the task can be tested but not trained on",
    });
  }
  if (test === 0) {
    findings.push({
      severity: "note",
      check: "no-test",
      count: 1,
      of: 1,
      message: "no test queries: the task can be trained on but not tested",
    });
  } else if (test < FEW) {
    findings.push({
      severity: "note",
      check: "few-test",
      count: test,
      of: FEW,
      message: `test queries are few: intervals will be wide below ${FEW}`,
    });
  }
  return findings;
}
