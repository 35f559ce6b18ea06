import { withoutTraining } from "../summary.ts";
import { idleSentences, ruleOf } from "../dev/kept_step.ts";
import { fewQueries } from "../few_queries.ts";
import { type ArenaResult, type ArenaStrategy, MARGIN } from "./result.ts";

/** Largest p-value that counts as beyond chance. */
const ALPHA = 0.05;

/**
 * An arena's verdict in sentences: which differences from uniform sampling are
 * beyond chance, which aren't, and what that rests on. Only differences that other
 * seeds would show too are called better or worse; with one seed none is.
 *
 * @param result An arena's result.
 * @returns Sentences, one for each strategy but uniform, then the limits.
 *
 * @example Usage
 * ```ts
 * import { type ArenaResult, type ArenaStrategy, arenaVerdict } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const uniform = {
 *   name: "uniform", source: "", formula: "1 / K", failsWhen: "", warnings: [],
 *   mean: 0.3, tasks: [0.2, 0.4], worst: { task: "faq", ndcg: 0.2 }, deltas: [0, 0], difference: 0,
 *   interval: null, p: null, pHolm: null, seedMeans: [0.3, 0.3], seedDeviation: 0, weights: [0.5, 0.5],
 *   dataUsed: 1, rowsSeen: 1, proxySteps: 0, referenceSteps: 0, seconds: 9,
 * };
 * const tdro: ArenaStrategy = {
 *   ...uniform, name: "tdro", mean: 0.4, tasks: [0.4, 0.4], deltas: [0.2, 0], difference: 0.1,
 *   interval: [0.05, 0.15], p: 0.01, pHolm: 0.01, seedDifferences: [0.09, 0.11],
 *   weights: [0.8, 0.2], proxySteps: 50,
 * };
 * const arena: ArenaResult = { // what compareMixtures() writes to arena.json
 *   format: "tdro-arena/1", suite: "mine", tasks: [{ name: "faq", size: 90 }, { name: "code", size: 90 }],
 *   steps: 50, budget: 50, seeds: [1, 2], backend: "wasm", strategies: [uniform, tdro], arms: [], versions: {},
 * };
 * assert.match(arenaVerdict(arena)[0]!, /^tdro: better than uniform, beyond chance \(\+0\.1000/);
 * ```
 */
export function arenaVerdict(result: ArenaResult): string[] {
  return [
    ...[...result.strategies].sort((a, b) => b.mean - a.mean)
      .flatMap((strategy) => strategy.interval ? [sentence(strategy)] : []),
    ...beforeTraining(result),
    ...result.strategies.flatMap(({ name, warnings }) =>
      warnings.map((warning) => `${name}: ${warning}`)
    ),
    ...keptSteps(result),
    ...fewQueries(result.arms[0]?.report),
    ...limits(result),
  ];
}

/** What a strategy came to, beside uniform sampling. */
function sentence(s: ArenaStrategy): string {
  const [low, high] = s.interval!;
  const seeds = s.seedDifferences ?? [];
  const numbers = `${signed(s.difference)} mean nDCG@10, ` +
    `95 % interval ${signed(low)} to ${signed(high)}`;
  const cost = s.proxySteps > 0
    ? `; choosing took ${Math.round(s.proxySteps)} proxy steps${
      s.referenceSteps > 0
        ? ` beside a reference trained for ${s.referenceSteps}`
        : ""
    }`
    : "; choosing was free";
  if (seeds.length < 2) return `${s.name}: ${numbers}${cost}.`;
  return `${s.name}: ${judged(s)} (${numbers}, ${
    pText(s.pHolm!)
  } after Holm; by seed ${seeds.map(signed).join(", ")})${
    notInferior(s)
  }${cost}.`;
}

/** The word for a difference, as far as seeds and queries tell. */
function judged(s: ArenaStrategy): string {
  if (s.pHolm! <= ALPHA) {
    return `${
      s.difference > 0 ? "better" : "worse"
    } than uniform, beyond chance`;
  }
  const [low, high] = s.interval!;
  return low > 0 || high < 0
    ? "no different from uniform, as far as these seeds and queries tell: its " +
      "own interval excludes 0, but the test of all strategies doesn't"
    : "no different from uniform, as far as these seeds and queries tell";
}

/** Of strategies that leave training rows out: whether that was free. */
function notInferior(s: ArenaStrategy): string {
  if (s.dataUsed >= 1 || s.pInferior === undefined || s.pInferior === null) {
    return "";
  }
  const share = `${(100 * s.dataUsed).toFixed(0)} % of the training rows`;
  return s.pInferior <= ALPHA
    ? `; with ${share} not worse by ${MARGIN} or more (${pText(s.pInferior)})`
    : `; whether ${share} cost less than ${MARGIN} is open (${
      pText(s.pInferior)
    })`;
}

/** After how many updates the model of each arm was kept, where that was a choice. */
function keptSteps({ strategies, arms, steps }: ArenaResult): string[] {
  const told = strategies.flatMap(({ name }) => {
    const kept = arms.filter((arm) => arm.strategy === name)
      .flatMap((arm) => arm.kept ?? []);
    const updates = kept.map(({ step }) => step);
    return updates.some((step) => step < steps)
      ? [`${name} ${updates.join(", ")}`]
      : [];
  });
  return told.length === 0 ? [] : [
    `Kept after fewer than ${steps} updates (with each seed; 0 is the start): ${
      told.join("; ")
    }.`,
    ...idleSentences(arms.flatMap(({ kept }) => kept ?? [])),
  ];
}

/** What training came to at all. */
function beforeTraining({ baselines, strategies }: ArenaResult): string[] {
  if (!baselines) return [];
  const { start, bm25 } = baselines;
  const worse = strategies.filter(({ mean }) => mean < start.mean);
  const names = worse.map(({ name }) => name).join(", ");
  return [
    withoutTraining(
      { start: start.mean, bm25: bm25.mean },
      "the models that the arms started from",
    ),
    ...worse.length > 0
      ? [`Training did harm: below the start are ${names}.`]
      : [],
  ];
}

/** What the numbers rest on. */
function limits({ seeds, steps, strategies, arms }: ArenaResult): string[] {
  const alike =
    `Every arm: ${steps} updates, same start, rows and selection rule (${
      ruleOf(arms.flatMap(({ kept }) => kept ?? []))
    }), `;
  if (seeds.length === 1) {
    return [
      `${alike}one seed (${
        seeds[0]
      }). Intervals are over test queries. One seed can't tell a mixture from luck: add seeds to the same folder (--seeds 1,2,3), which trains only what is new.`,
    ];
  }
  const many = `${alike}${seeds.length} seeds (${seeds.join(", ")}). `;
  const earlier = strategies.some(({ interval, seedDifferences }) =>
    interval && !seedDifferences
  );
  return [
    many +
    (earlier
      ? "Intervals and p-values were made by an earlier version, over test queries alone: run the arena again to have them over seeds, too."
      : "Intervals and p-values are over seeds and test queries alike: what other seeds and other queries would show."),
  ];
}

function pText(p: number): string {
  return p < 0.001 ? "p < 0.001" : `p ${p.toFixed(3)}`;
}

function signed(x: number): string {
  return `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(4)}`;
}
