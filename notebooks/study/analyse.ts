/**
 * The study's analysis, as planned in README.md: reads `arms/`, writes `results.json`.
 *
 * ```sh
 * deno run --allow-read --allow-write=notebooks/study notebooks/study/analyse.ts
 * ```
 */
import { seedAgreement } from "@tdro/tdro/dro";
import {
  holm,
  pairedTTest,
  type SeedsAndQueries,
  seedsAndQueries,
} from "@tdro/tdro/eval";
import { createRng } from "@tdro/tdro/sampling";
import {
  BASELINE,
  CONTROLS,
  FEWEST_OF_OTHERS,
  FEWEST_SEEDS,
  MARGIN,
  OTHERS,
  PRIMARY,
  readArms,
  readTasks,
  type StudyArm,
  type StudyTasks,
  WORST,
} from "./study.ts";

/** A difference between two arms in mean nDCG@10. */
export interface Contrast {
  /** The arm. */
  arm: string;
  /** What it is compared with. */
  against: string;
  /** Mean difference over seeds and tasks. */
  difference: number;
  /** 95 % interval over other seeds and other queries. */
  interval: [number, number];
  /** Two-sided p over the same. */
  p: number;
  /** p of the paired t-test over the seeds alone. */
  pSeeds: number;
  /** Seeds with both. */
  seeds: number[];
  /** Difference of each of them. */
  bySeed: number[];
}

/** One of the planned four. */
export interface PrimaryContrast extends Contrast {
  /** p, corrected for the four. */
  pHolm: number;
  /** What may be said. */
  verdict: "better" | "worse" | "no difference shown";
  /** Of arms that leave tasks out: whether the interval lies above −margin. */
  notInferior?: boolean;
  /** Mean difference of each task over the seeds. */
  byTask: number[];
  /** p of the paired t-test over the tasks. */
  pTasks: number;
}

/** Weights of an arm over its seeds. */
export interface WeightSummary {
  /** The arm. */
  arm: string;
  /** Geometric mean of each task's weight over the seeds, sum 1. */
  weights: number[];
  /** The band of chance of each task, geometric means of its ends over the seeds. */
  bands: [number, number][] | null;
  /** Standard deviation of the log-weights, mean over the seeds. */
  spread: number;
  /**
   * Share of the tasks outside the band of chance, mean over the seeds; `null` where
   * no losses tell it.
   */
  outside: number | null;
  /** Spearman's correlation between the weights of two seeds, mean over all pairs. */
  agreement: number;
}

/** The content of `results.json`. */
export interface StudyResults {
  format: "tdro-study/1";
  /** Seeds with all arms of the primary outcome. */
  seeds: number[];
  /** The tasks, in the order of all lists. */
  tasks: { name: string; queries: number; english: boolean }[];
  /** Standard deviation of the baseline's mean between seeds. */
  baselineSpread: number;
  /** Each arm's mean nDCG@10, and by task; cost in seconds; means over its seeds. */
  arms: {
    arm: string;
    seeds: number[];
    mean: number;
    byTask: number[];
    dataUsed: number;
    seconds: { learn: number; train: number };
  }[];
  primary: PrimaryContrast[];
  others: Contrast[];
  controls: Contrast[];
  /** On the tasks that the baseline is worst at. */
  worst: { tasks: string[]; contrasts: Contrast[] };
  /** Gain on English tasks minus gain on the others. */
  english: Contrast[];
  weights: WeightSummary[];
  /** Spearman's correlation of the two measures' mean weights. */
  measuresAgree: number;
}

/**
 * Analyses finished arms.
 *
 * @param arms The arms; seeds that lack one of the primary outcome are left out, other
 * arms with fewer than three of these seeds, too.
 * @param tasks Languages of the tasks.
 * @throws {RangeError} If fewer seeds are finished than the plan wants.
 */
export function analyse(
  arms: readonly StudyArm[],
  tasks: StudyTasks,
): StudyResults {
  const bySeed = Map.groupBy(arms, ({ seed }) => seed);
  const armOf = (name: string, seed: number) =>
    bySeed.get(seed)!.find((arm) => arm.strategy === name);
  const having = (among: number[], names: readonly string[]) =>
    among.filter((seed) => names.every((name) => armOf(name, seed)));
  const seeds = having([...bySeed.keys()], [BASELINE, ...PRIMARY])
    .sort((a, b) => a - b);
  if (seeds.length < FEWEST_SEEDS) {
    throw new RangeError(
      `Cannot analyse the study: the plan wants at least ${FEWEST_SEEDS} finished seeds: got ${seeds.length}`,
    );
  }
  const of = (name: string, among = having(seeds, [name])) =>
    among.map((seed) => armOf(name, seed)!);
  const told = (...names: string[]) =>
    having(seeds, names).length >= FEWEST_OF_OTHERS;
  const names = of(BASELINE)[0]!.tasks.map(({ task }) => task);
  const indices = names.map((_, k) => k);
  const english = indices.filter((k) => isEnglish(tasks, names[k]!));
  const others = indices.filter((k) => !english.includes(k));
  const baseline = meanByTask(of(BASELINE));
  const worst = indices.toSorted((a, b) => baseline[a]! - baseline[b]!)
    .slice(0, WORST);
  const contrast = (
    arm: string,
    against: string = BASELINE,
    only = indices,
  ) => {
    const both = having(seeds, [arm, against]);
    return contrastOf(
      { arm, against, seeds: both },
      differences(of(arm, both), of(against, both), only),
    );
  };

  const planned = PRIMARY.map((arm) => contrast(arm));
  const corrected = holm(planned.map(({ p }) => p));
  return {
    format: "tdro-study/1",
    seeds,
    tasks: of(BASELINE)[0]!.tasks.map(({ task, ndcg }, k) => ({
      name: task,
      queries: ndcg.length,
      english: english.includes(k),
    })),
    baselineSpread: deviation(of(BASELINE).map((arm) => mean(means(arm)))),
    arms: [BASELINE, ...PRIMARY, ...OTHERS.filter((arm) => told(arm))].map((
      arm,
    ) => ({
      arm,
      seeds: having(seeds, [arm]),
      mean: mean(meanByTask(of(arm))),
      byTask: meanByTask(of(arm)),
      dataUsed: mean(of(arm).map(({ dataUsed }) => dataUsed)),
      seconds: {
        learn: mean(of(arm).map(({ seconds }) => seconds.learn)),
        train: mean(of(arm).map(({ seconds }) => seconds.train)),
      },
    })),
    primary: planned.map((found, i) => {
      const byTask = meanByTask(of(found.arm)).map((v, k) => v - baseline[k]!);
      const pHolm = corrected[i]!;
      return {
        ...found,
        pHolm,
        verdict: pHolm > 0.05
          ? "no difference shown"
          : found.difference > 0
          ? "better"
          : "worse",
        ...found.arm.includes("-top-") &&
          { notInferior: found.interval[0] > -MARGIN },
        byTask,
        pTasks: pairedTTest(byTask, byTask.map(() => 0)).p,
      };
    }),
    others: OTHERS.filter((arm) => told(arm)).map((arm) => contrast(arm)),
    controls: CONTROLS.filter((pair) => told(...pair))
      .map(([arm, control]) => contrast(arm, control)),
    worst: {
      tasks: worst.map((k) => names[k]!),
      contrasts: PRIMARY.map((arm) => contrast(arm, BASELINE, worst)),
    },
    english: PRIMARY.map((arm) =>
      contrastOf(
        { arm, against: BASELINE, seeds },
        englishDifferences(of(arm), of(BASELINE), { english, others }),
      )
    ),
    weights: [...PRIMARY.slice(0, 2), "odm"].filter((arm) => told(arm))
      .map((arm) => weightSummary(arm, of(arm))),
    measuresAgree: seedAgreement(
      PRIMARY.slice(0, 2).map((arm) => weightSummary(arm, of(arm)).weights),
    ).rankCorrelation,
  };
}

/** By seed, task and query. */
function differences(
  arms: readonly StudyArm[],
  baseline: readonly StudyArm[],
  only: readonly number[],
): number[][][] {
  return arms.map((arm, s) =>
    only.map((k) =>
      arm.tasks[k]!.ndcg.map((v, q) => v - baseline[s]!.tasks[k]!.ndcg[q]!)
    )
  );
}

function contrastOf(
  what: Pick<Contrast, "arm" | "against" | "seeds">,
  gained: number[][][],
): Contrast {
  const { difference, interval, p, pSeeds, bySeed }: SeedsAndQueries =
    seedsAndQueries(gained, {
      // The same draws whatever is compared, so that an arm can be added later.
      rng: createRng(2026, "study"),
      resamples: 10_000,
    });
  return { ...what, difference, interval, p, pSeeds, bySeed };
}

/**
 * The difference of two means over tasks as one mean over tasks: gains of the others
 * count negatively, and each group with its own share.
 */
function englishDifferences(
  own: readonly StudyArm[],
  baseline: readonly StudyArm[],
  { english, others }: { english: number[]; others: number[] },
): number[][][] {
  const tasks = english.length + others.length;
  const scaled = (only: number[], sign: 1 | -1) =>
    differences(own, baseline, only).map((seed) =>
      seed.map((task) =>
        task.map((value) => sign * value * tasks / only.length)
      )
    );
  const [plus, minus] = [scaled(english, 1), scaled(others, -1)];
  return plus.map((seed, s) => [...seed, ...minus[s]!]);
}

function isEnglish(tasks: StudyTasks, name: string): boolean {
  const languages = tasks[name];
  if (!languages) {
    throw new RangeError(
      `Cannot analyse the study: tasks.json lacks the languages of ${name}`,
    );
  }
  return languages.length === 1 && languages[0] === "en";
}

function weightSummary(
  arm: string,
  seeds: readonly StudyArm[],
): WeightSummary {
  const logs = seeds.map(({ weights }) => weights.map(Math.log));
  const middle = geometricMeans(seeds.map((own) => own.weights));
  const total = middle.reduce((a, b) => a + b, 0);
  const banded = seeds.every(({ bands }) => bands);
  const ends = (end: 0 | 1) =>
    geometricMeans(seeds.map(({ bands }) => bands!.map((band) => band[end])));
  const [lows, highs] = banded ? [ends(0), ends(1)] : [];
  return {
    arm,
    weights: middle.map((w) => w / total),
    bands: lows?.map((low, k) => [low, highs![k]!]) ?? null,
    spread: mean(logs.map(deviation)),
    outside: banded ? mean(seeds.map(shareOutside)) : null,
    agreement: seedAgreement(seeds.map((own) => own.weights)).rankCorrelation,
  };
}

/** Of each column. */
function geometricMeans(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.map((_, k) =>
    Math.exp(mean(rows.map((row) => Math.log(row[k]!))))
  );
}

function shareOutside({ weights, bands }: StudyArm): number {
  return mean(
    weights.map((w, k) => Number(w < bands![k]![0] || w > bands![k]![1])),
  );
}

function meanByTask(seeds: readonly StudyArm[]): number[] {
  const each = seeds.map(means);
  return each[0]!.map((_, k) => mean(each.map((own) => own[k]!)));
}

function means(arm: StudyArm): number[] {
  return arm.tasks.map(({ ndcg }) => mean(ndcg));
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(
    values.reduce((sum, v) => sum + (v - middle) ** 2, 0) /
      (values.length - 1),
  );
}

if (import.meta.main) {
  const results = analyse(await readArms(), await readTasks());
  await Deno.writeTextFile(
    new URL("results.json", import.meta.url),
    `${JSON.stringify(results, null, 1)}\n`,
  );
  for (const { arm, difference, interval, pHolm, verdict } of results.primary) {
    console.log(arm, difference, interval, pHolm, verdict);
  }
}
