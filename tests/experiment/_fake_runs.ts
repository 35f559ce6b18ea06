/** Folders like those that runs and arenas leave, made of arithmetic. */
import type {
  ArenaResult,
  DevLine,
  ExperimentSummary,
  KeptStep,
} from "../../lib/experiment/mod.ts";

const ARMS = ["uniform", "reweighted", "top"] as const;

/** A number in (0, 1) that depends on its arguments alone. */
function chance(...parts: number[]): number {
  const x = Math.sin(parts.reduce((sum, p, i) => sum + p * (12.9898 + i), 1)) *
    43758.5453;
  return x - Math.floor(x);
}

function evalReport(tasks: readonly string[], arm: number, seed: number) {
  const rows = tasks.map((task, domain) => {
    const perQuery = Array.from(
      { length: 30 },
      (_, q) => 0.3 + 0.3 * chance(q, domain) + 0.03 * arm * chance(q, seed),
    );
    return {
      ...{ task, domain, prompt: "", passages: 100 },
      mean: { "nDCG@10": mean(perQuery) },
      queryIds: perQuery.map((_, q) => `q${q}`),
      perQuery: { "nDCG@10": perQuery },
    };
  });
  return {
    format: "tdro-eval/1",
    suite: "fake",
    settings: { metrics: ["nDCG@10"], k: 10 },
    tasks: rows,
    mean: { "nDCG@10": mean(rows.map((row) => row.mean["nDCG@10"])) },
  };
}

/** Losses of two examples a task, which stage 1 learned its weights from. */
function exampleLosses(tasks: number, step: number, seed: number) {
  const domains = Array.from({ length: 2 * tasks }, (_, i) => i % tasks);
  return {
    losses: domains.map((k, i) => Math.fround(1 + chance(k, seed, step, i))),
    references: domains.map(() => 1.5),
    domains,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** Every task is at its best after two of four updates, and loses the more later. */
function devCourse(stage: string, tasks: readonly string[]): DevLine[] {
  return [0.3, 0.5, 0.4].map((score, i) => {
    const ndcg = tasks.map((_, k) => score - (i === 2 ? 0.01 * k : 0));
    const byTask = tasks.map((task, k) => [task, ndcg[k]!]);
    return {
      stage,
      step: 2 * i,
      mean: mean(ndcg),
      ndcgByTask: Object.fromEntries(byTask),
      seconds: 1,
    };
  });
}

/** What `--keep best` makes of it. */
const KEPT: KeptStep = {
  ...{ rule: "best", step: 2, mean: 0.5, planned: 4 },
  ...{ best: { step: 2, mean: 0.5 }, end: { step: 4, mean: 0.39 } },
} as const;

/** Writes what a finished run leaves. */
export async function writeFakeRun(
  folder: string,
  { tasks = ["a", "b", "c"], seed = 1, suite = "fake", dev = false }: {
    tasks?: readonly string[];
    seed?: number;
    suite?: string;
    dev?: boolean;
  } = {},
): Promise<ExperimentSummary> {
  const reports = Object.fromEntries(
    ARMS.map((arm, i) => [arm, evalReport(tasks, i, seed)]),
  );
  const weights = tasks.map((_, k) => 1 + chance(k, seed));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const byArm = <T>(value: (arm: string) => T) =>
    Object.fromEntries(ARMS.map((arm) => [arm, value(arm)]));
  const gain = (arm: string) =>
    reports[arm]!.mean["nDCG@10"] - reports.uniform!.mean["nDCG@10"];
  const compared = (arm: string) => ({
    difference: gain(arm),
    interval: [gain(arm) - 0.01, gain(arm) + 0.01],
    better: tasks.length,
    worse: 0,
  });
  const summary = {
    suite,
    tasks: tasks.map((name, k) => ({
      ...{
        name,
        size: 100 + k,
        weight: weights[k]! / total,
        otherWeight: 0.3,
      },
      ndcg: byArm((arm) => reports[arm]!.tasks[k]!.mean["nDCG@10"]),
    })),
    mean: byArm((arm) => reports[arm]!.mean["nDCG@10"]),
    dataUsed: { uniform: 1, reweighted: 1, top: 0.7 },
    rowsSeen: { uniform: 1, reweighted: 0.9, top: 0.7 },
    compared: { reweighted: compared("reweighted"), top: compared("top") },
    seconds: { uniform: 1 },
    backend: "wasm",
    seed,
    measure: "released",
    topPercent: 70,
    warnings: [`${tasks[0]} is drawn 40 times over`],
    versions: { tdro: "0.0.0" },
    ...dev && { kept: byArm(() => KEPT) },
  } as unknown as ExperimentSummary;
  const metrics = [0, 1, 2, 3].flatMap((step) => [
    { stage: "uniform", step, loss: 2 - step / 4 },
    {
      ...{ stage: "weights", step, loss: 1 },
      examples: exampleLosses(tasks.length, step, seed),
      weights: weights.map((w) =>
        (w / total * step + (3 - step) / tasks.length) / 3
      ),
    },
  ]).map((line) => ({
    ...{ lossByTask: {}, gradNorm: 1, learningRate: 1, tokens: 1, seconds: 1 },
    ...line,
  }));
  const record = {
    format: "tdro-run/1",
    status: "finished",
    options: {
      out: folder,
      seed,
      steps: 4,
      eta: 0.02,
      measure: "released",
      weightSteps: 4,
    },
    suite: { name: suite, tasks, sha256: `hash of ${suite}` },
    backend: { name: "wasm", device: "cpu" },
    started: "2026-01-01T00:00:00.000Z",
    seconds: { uniform: 1 },
    versions: { tdro: "0.0.0" },
  };
  await write(folder, {
    "summary.json": summary,
    "eval.json": reports,
    "run.json": record,
    "tasks.json": tasks.map((task) => ({ task, passages: 100 })),
    "negatives.json": Object.fromEntries(tasks.map((t) => [t, { mined: 3 }])),
  });
  await Deno.writeTextFile(
    `${folder}/metrics.jsonl`,
    metrics.map((line) => JSON.stringify(line) + "\n").join(""),
  );
  if (dev) {
    const lines = ARMS.flatMap((arm) => devCourse(arm, tasks));
    await Deno.writeTextFile(
      `${folder}/dev.jsonl`,
      lines.map((line) => JSON.stringify(line) + "\n").join(""),
    );
  }
  return summary;
}

/** Writes what a finished arena leaves. */
export async function writeFakeArena(
  folder: string,
  {
    tasks = ["a", "b", "c"],
    strategies = ["uniform", "tdro", "doremi"],
    dev = false,
  }: {
    tasks?: readonly string[];
    strategies?: readonly string[];
    dev?: boolean;
  } = {},
): Promise<ArenaResult> {
  const result = {
    format: "tdro-arena/1",
    suite: "fake",
    tasks: tasks.map((name, k) => ({ name, size: 100 + k })),
    ...{ steps: 4, budget: 8, seeds: [1, 2], backend: "wasm" },
    strategies: strategies.map((name, i) => ({
      ...{ name, source: "a paper", formula: "w = 1/K", failsWhen: "never" },
      mean: 0.4 + i / 100,
      tasks: tasks.map(() => 0.4 + i / 100),
      worst: { task: tasks[0], ndcg: 0.3 },
      deltas: tasks.map((_, k) => i * (chance(i, k) - 0.4) / 10),
      difference: i / 100,
      interval: i === 0 ? null : [i / 100 - 0.015, i / 100 + 0.015],
      ...(i === 0 ? { p: null, pHolm: null } : { p: 0.01, pHolm: 0.02 }),
      ...{ seedMeans: [0.4, 0.41], seedDeviation: 0.005 },
      weights: tasks.map(() => 1 / tasks.length),
      warnings: i === 1 ? ["one task takes half"] : [],
      ...{ dataUsed: 1, rowsSeen: 0.9, proxySteps: 8 * i, referenceSteps: 0 },
      seconds: 3,
    })),
    arms: dev
      ? strategies.flatMap((strategy) =>
        [1, 2].map((seed) => ({
          ...{ strategy, seed, kept: KEPT },
          course: devCourse(strategy, tasks),
        }))
      )
      : [],
    versions: { tdro: "0.0.0" },
  } as unknown as ArenaResult;
  await write(folder, {
    "arena.json": result,
    "settings.json": {
      settings: { steps: 4, budget: 8 },
      suite: { name: "fake", tasks, sha256: "hash of fake" },
      backend: { name: "wasm", device: "cpu" },
    },
  });
  return result;
}

async function write(
  folder: string,
  files: Record<string, unknown>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, value] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
  }
}
