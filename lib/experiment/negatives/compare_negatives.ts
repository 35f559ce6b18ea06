import { join } from "node:path";
import type { Backend } from "../../backend/mod.ts";
import { lockFolder } from "../../base/files/folder_lock.ts";
import { writeJson } from "../../base/files/json_file.ts";
import { mean } from "../../base/mean.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { prefixed } from "../../base/progress_rows.ts";
import type { Suite } from "../../data/mod.ts";
import { type EvalReport, holm, seedsAndQueries } from "../../eval/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import { parseExperimentOptions } from "../experiment_options.ts";
import type { RetrieverSettings } from "../retriever_options.ts";
import { METRIC } from "../summary.ts";
import { trainRetriever } from "../train_retriever.ts";
import { armFolders, type NegativesArm, type ReadyArm } from "./arms.ts";

/** What {@linkcode compareNegatives} needs beside suite and arms. */
export interface CompareNegativesOptions
  extends Partial<Omit<RetrieverSettings, "seed" | "mined">> {
  /** What tensors are computed with: the result of `useBackend()`. */
  backend: Backend;
  /** Folder of everything. */
  out: string;
  /** Seeds, at least one, all different. @default {[1, 2, 3]} */
  seeds?: readonly number[];
  /** File of decisions, for the arm `judged`. */
  decisions?: string | undefined;
  /** Stops the work at the next step and leaves a checkpoint. */
  signal?: AbortSignal;
}

/** What one kind of negatives came to. */
export interface ComparedNegatives extends ReadyArm {
  /** Mean nDCG@10 over seeds and tasks. */
  mean: number;
  /** The same of each seed. */
  seedMeans: number[];
  /** Mean nDCG@10 of each task over the seeds. */
  tasks: number[];
  /** What it gains over the first arm; 0 for that one. */
  difference: number;
  /** 95 % interval of that over other seeds and queries; `null` for the first arm. */
  interval: [number, number] | null;
  /** Two-sided p-value; `null` for the first arm. */
  p: number | null;
  /** The same, corrected for the number of arms (Holm). */
  pHolm: number | null;
}

/** A comparison of kinds of negatives. */
export interface NegativesComparison {
  /** Form of this record. */
  format: "tdro-negatives/1";
  /** Name of the suite. */
  suite: string;
  /** Names of the tasks. */
  tasks: string[];
  /** The seeds. */
  seeds: number[];
  /** Training queries, the same for all arms. */
  queries: number;
  /** Hard negatives of a query, at most. */
  count: number;
  /** Updates of each retriever. */
  steps: number;
  /** The arms; the others are compared with the first. */
  arms: ComparedNegatives[];
}

/**
 * Trains a retriever on each kind of negatives, with each seed, and compares them on
 * the test splits: same queries, same number of negatives at most, same start, steps
 * and draws, so that arms differ in their negatives alone (and in the positives that
 * decisions add). Intervals are over seeds and queries.
 *
 * Called again after an interruption it goes on where it stopped.
 *
 * @param suite The tasks, with train and test judgments.
 * @param arms The arms: `bm25`, `dense`, `fused` (mined by `mineModel`), `judged`
 * (mined by `decisions`), others with a folder of training files; `dense+llm` is half
 * of each. The first is what the others are compared with.
 * @param options Settings of training.
 * @returns Progress; at the end the comparison, also in `negatives.json`.
 * @throws {RangeError} If an arm has no negatives, or arms share no query.
 */
export async function* compareNegatives(
  suite: Suite,
  arms: readonly (NegativesArm | string)[],
  { backend, out, seeds = [1, 2, 3], decisions, signal, ...settings }:
    CompareNegativesOptions,
): AsyncGenerator<ProgressEvent, NegativesComparison> {
  const named = checked(arms, seeds);
  const parsed = parseExperimentOptions({ ...settings, out });
  await using _ = await lockFolder(out);
  const { arms: ready, queries } = yield* armFolders(suite, named, {
    out,
    count: parsed.negatives,
    decisions,
    mining: {
      ...parsed.mineModel !== undefined && { model: parsed.mineModel },
      // As a run mines: with the lengths that it trains with.
      queryLength: parsed.queryLength,
      passageLength: parsed.passageLength,
      prompts: parsed.prompts,
      seed: seeds[0]!,
      backend: backend.name,
      ...signal && { signal },
    },
  });
  const { mineModel: _model, mineBy: _by, ...training } = settings;
  const reports: EvalReport[][] = [];
  for (const arm of ready) {
    const own: EvalReport[] = [];
    for (const seed of seeds) {
      const { report } = yield* prefixed(
        `${arm.name}, seed ${seed}`,
        trainRetriever(suite, {
          ...training,
          backend,
          seed,
          mined: arm.folder,
          // They are the same for all.
          baselines: reports.length === 0 && own.length === 0,
          out: join(out, "runs", arm.name, `seed-${seed}`),
          ...signal && { signal },
        }),
      );
      own.push(report!);
    }
    reports.push(own);
  }
  const result: NegativesComparison = {
    format: "tdro-negatives/1",
    suite: suite.name,
    tasks: suite.tasks.map(({ name }) => name),
    seeds: [...seeds],
    queries,
    count: parsed.negatives,
    steps: parsed.steps,
    arms: compared(ready, reports, seeds[0]!),
  };
  await writeJson(join(out, "negatives.json"), result);
  return result;
}

function checked(
  arms: readonly (NegativesArm | string)[],
  seeds: readonly number[],
): NegativesArm[] {
  const named = arms.map((arm) =>
    typeof arm === "string" ? { name: arm } : arm
  );
  const names = named.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  const odd = names.find((name) => !/^[\w-]+(?:\+[\w-]+)*$/.test(name));
  const wrong = names.length < 2
    ? `there must be two arms at least: got ${names.length}`
    : odd !== undefined
    ? `an arm's name must be of letters, digits, - and _, with + between two: got ${
      JSON.stringify(odd)
    }`
    : twice !== undefined
    ? `the arm ${twice} appears twice`
    : seeds.length === 0 || new Set(seeds).size < seeds.length
    ? `seeds must be different, one at least: got ${seeds.join(", ") || "none"}`
    : undefined;
  if (wrong) throw new RangeError(`Cannot compare negatives: ${wrong}`);
  return named;
}

function compared(
  arms: readonly ReadyArm[],
  reports: readonly EvalReport[][],
  seed: number,
): ComparedNegatives[] {
  const values = (report: EvalReport) =>
    report.tasks.map((task) => task.perQuery[METRIC]!);
  const tests = reports.slice(1).map((own) =>
    seedsAndQueries(
      own.map((report, s) =>
        values(report).map((task, k) =>
          task.map((value, q) => value - values(reports[0]![s]!)[k]![q]!)
        )
      ),
      { rng: createRng(seed, "negatives/compared") },
    )
  );
  const corrected = holm(tests.map(({ p }) => p));
  return arms.map((arm, i) => {
    const own = reports[i]!;
    const test = tests[i - 1];
    return {
      ...arm,
      mean: mean(own.map((report) => report.mean[METRIC]!)),
      seedMeans: own.map((report) => report.mean[METRIC]!),
      tasks: own[0]!.tasks.map((_, k) =>
        mean(own.map((report) => report.tasks[k]!.mean[METRIC]!))
      ),
      difference: test?.difference ?? 0,
      interval: test?.interval ?? null,
      p: test?.p ?? null,
      pHolm: corrected[i - 1] ?? null,
    };
  });
}
