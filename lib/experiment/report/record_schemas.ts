import { z } from "zod";
import { describeIssue } from "../../base/describe_issue.ts";
import type { ArenaIdentity } from "../arena/folder.ts";
import type { ArenaResult } from "../arena/result.ts";
import { keptStepSchema } from "../dev/kept_step.ts";
import type { RunRecord } from "../run_folder.ts";
import type { ExperimentSummary } from "../summary.ts";

// The records say more; here stands what reports and plots look into.

const number = z.number();
const numbers = z.array(number);
const text = z.string();
const texts = z.array(text);
const versions = z.record(text, text);
const byArm = z.looseObject({
  uniform: number,
  reweighted: number,
  top: number,
});

const byBaseline = z.object({ bm25: number, start: number }).optional();

const difference = z.looseObject({
  difference: number,
  interval: z.tuple([number, number]),
  better: number,
  worse: number,
});

const summary = z.looseObject({
  suite: text,
  tasks: z.array(z.looseObject({
    name: text.min(1),
    size: number,
    weight: number,
    otherWeight: number,
    chance: z.tuple([number, number]).optional(),
    ndcg: byArm,
    baselines: byBaseline,
  })).min(1),
  mean: byArm,
  baselines: byBaseline,
  dataUsed: byArm,
  kept: z.record(text, keptStepSchema).optional(),
  compared: z.looseObject({ reweighted: difference, top: difference }),
  backend: text,
  seed: z.int(),
  measure: text,
  topPercent: number,
  warnings: texts,
  versions,
});

const suite = z.looseObject({ name: text, tasks: texts, sha256: text });
const backend = z.looseObject({ name: text, device: text });

const run = z.looseObject({
  options: z.looseObject({}),
  suite,
  backend,
});

const identity = z.looseObject({
  settings: z.record(text, z.unknown()),
  suite,
  backend,
});

const strategy = z.looseObject({
  name: text.min(1),
  source: text,
  formula: text,
  failsWhen: text,
  mean: number,
  tasks: numbers,
  worst: z.looseObject({ task: text, ndcg: number }),
  deltas: numbers,
  difference: number,
  interval: z.tuple([number, number]).nullable(),
  p: number.nullable(),
  pHolm: number.nullable(),
  pSeeds: number.nullish(),
  pInferior: number.nullish(),
  seedDifferences: numbers.optional(),
  seedMeans: numbers.min(1),
  seedDeviation: number.nullable(),
  weights: numbers,
  warnings: texts,
  dataUsed: number,
  proxySteps: number,
  referenceSteps: number,
  seconds: number,
});

const baseline = z.looseObject({ mean: number, tasks: numbers });

const arena = z.looseObject({
  format: z.literal("tdro-arena/1", 'must be "tdro-arena/1"'),
  suite: text,
  tasks: z.array(z.looseObject({ name: text.min(1), size: number })).min(1),
  steps: number,
  budget: number,
  seeds: numbers.min(1),
  backend: text,
  strategies: z.array(strategy).min(1),
  baselines: z.object({ bm25: baseline, start: baseline }).optional(),
  versions,
}).superRefine(({ tasks, strategies, baselines }, issues) => {
  for (const [name, value] of Object.entries(baselines ?? {})) {
    if (value.tasks.length === tasks.length) continue;
    const message = `must have a number for each of ${tasks.length} tasks`;
    issues.addIssue({ code: "custom", path: ["baselines", name], message });
  }
  strategies.forEach((strategy, i) => {
    for (const name of ["tasks", "deltas", "weights"] as const) {
      if (strategy[name].length === tasks.length) continue;
      const message = `must have a number for each of ${tasks.length} tasks`;
      const path = ["strategies", i, name];
      issues.addIssue({ code: "custom", path, message });
    }
  });
});

/** What a folder of a finished run or arena may hold beside log and scores. */
export interface Parts {
  "summary.json": ExperimentSummary;
  "run.json": RunRecord;
  "negatives.json": Record<string, object>;
  "tasks.json": Record<string, unknown>[];
  "arena.json": ArenaResult;
  "settings.json": ArenaIdentity;
}

const row = z.record(text, z.unknown());

const SCHEMAS: { readonly [Name in keyof Parts]: z.ZodType } = {
  "summary.json": summary,
  "run.json": run,
  "negatives.json": z.record(text, row),
  "tasks.json": z.array(row),
  "arena.json": arena,
  "settings.json": identity,
};

/** What is wrong with a part's content, in words; nothing if it's all right. */
export function partProblem(
  name: keyof Parts,
  value: unknown,
): string | undefined {
  const { error } = SCHEMAS[name].safeParse(value);
  return error && describeIssue(error.issues[0]!, value)
    .replace("the line", "it");
}
