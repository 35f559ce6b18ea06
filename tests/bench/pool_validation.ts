/**
 * How well a pool stands for whole corpora: differences between the arms of a finished
 * arena, measured on both. Beside it a random cut of the same size, and whole corpora
 * with the pool's queries alone, which tells what the fewer queries do.
 *
 * ```sh
 * deno run --allow-all tests/bench/pool_validation.ts SUITE POOL ARENA HELD_OUT
 * ```
 *
 * HELD_OUT, as in `seed-1/uniform`, is the arm that the pool was made with. Differences
 * are those to the first other arm on the uniform mixture.
 */
import { join } from "node:path";
import { nearestRows, useBackend } from "../../lib/backend/mod.ts";
import { byLot } from "../../lib/base/by_lot.ts";
import { mean } from "../../lib/base/mean.ts";
import { hash32 } from "../../lib/base/hash32.ts";
import { openSuite, type Suite } from "../../lib/data/mod.ts";
import {
  collectReport,
  type EvalReport,
  evaluate,
  type Pool,
  pooledSuite,
  readPool,
  readReport,
} from "../../lib/eval/mod.ts";
import {
  disposeEncoder,
  encodeFunction,
  loadEncoder,
} from "../../lib/model/mod.ts";

const METRIC = "nDCG@10";
const WAYS = ["whole, the pool's queries", "pool", "random cut"] as const;

/** Means by task of one model, by whole corpora and otherwise. */
interface Scores {
  arm: string;
  seed: string;
  whole: number[];
  ways: number[][];
}

const [suiteFolder, poolFile, arena, heldOut] = Deno.args;
if (!arena) throw new Error("SUITE POOL ARENA HELD_OUT");
await useBackend();
const whole = await openSuite(suiteFolder!);
const { pool } = await readPool(poolFile!);
const pooled = pooledSuite(whole, pool);
const cut = randomCut(whole, pool);
const scores: Scores[] = [];
for (const { name: seed } of Deno.readDirSync(arena)) {
  if (!seed.startsWith("seed-")) continue;
  for (const { name: arm } of Deno.readDirSync(join(arena, seed, "arms"))) {
    if (`${seed}/${arm}` === heldOut) continue;
    const file = join(arena, seed, "arms", arm, "result.json");
    const report = await readReport(`${file}#report`);
    const model = join(arena, seed, "models", arm);
    const [onPool, onCut] = [
      await evaluated(model, pooled, report),
      await evaluated(model, cut, report),
    ];
    scores.push({
      arm,
      seed,
      whole: means(report),
      ways: [queriesOf(report, pool), means(onPool), means(onCut)],
    });
    console.error(arm, seed, mean(means(report)), mean(means(onPool)));
  }
}
const base = scores.find(({ arm }) => arm === "uniform")!;
const passages = (suite: Suite) =>
  suite.tasks.reduce((sum, { corpus }) => sum + corpus.size, 0);
console.log({
  arms: scores.length,
  passages: {
    whole: passages(whole),
    pool: passages(pooled),
    cut: passages(cut),
  },
});
const rms = (errors: readonly number[]) =>
  Math.sqrt(mean(errors.map((error) => error ** 2)));
/** Differences to the base by task, by one way less another. */
const byTask = (
  of: (score: Scores) => readonly number[],
  other: (score: Scores) => readonly number[],
) =>
  scores.filter((score) => score !== base).flatMap((score) =>
    of(score).map((value, k) =>
      value - of(base)[k]! - (other(score)[k]! - other(base)[k]!)
    )
  );
for (const [w, way] of WAYS.entries()) {
  console.log(way, {
    sameQueries: {
      shift: mean(
        scores.map(({ ways }) => mean(ways[w]!) - mean(ways[0]!)),
      ),
      differenceOfDifferencesByTask: rms(
        byTask(({ ways }) => ways[w]!, ({ ways }) => ways[0]!),
      ),
      kendall: kendall(
        scores.map(({ ways }) => mean(ways[0]!)),
        scores.map(({ ways }) => mean(ways[w]!)),
      ),
    },
    shift: mean(scores.map(({ whole, ways }) => mean(ways[w]!) - mean(whole))),
    largestShift: Math.max(
      ...whole.tasks.map((_, k) =>
        mean(scores.map(({ whole, ways }) => ways[w]![k]! - whole[k]!))
      ),
    ),
    differenceOfDifferencesByTask: rms(
      byTask(({ ways }) => ways[w]!, ({ whole }) => whole),
    ),
    differenceOfDifferencesOfMeans: Math.sqrt(
      mean(
        scores.filter((score) => score !== base).map((score) =>
          (mean(score.ways[w]!) - mean(base.ways[w]!) -
            mean(score.whole) + mean(base.whole)) ** 2
        ),
      ),
    ),
    kendall: kendall(
      scores.map(({ whole }) => mean(whole)),
      scores.map(({ ways }) => mean(ways[w]!)),
    ),
  });
}

async function evaluated(
  folder: string,
  suite: Suite,
  { origin }: EvalReport,
): Promise<EvalReport> {
  const encoder = await loadEncoder(folder);
  const { query, passage } = origin!.lengths!;
  try {
    const encode = encodeFunction(encoder, {
      queryLength: query,
      passageLength: passage,
    });
    return await collectReport(evaluate(encode, suite, {
      metrics: [METRIC],
      k: 100,
      prepare: (passages) => nearestRows(passages),
    }));
  } finally {
    disposeEncoder(encoder);
  }
}

function means({ tasks }: EvalReport): number[] {
  return tasks.map(({ mean }) => mean[METRIC]!);
}

/** Means over the pool's queries of what was measured on whole corpora. */
function queriesOf({ tasks }: EvalReport, pool: Pool): number[] {
  return tasks.map(({ queryIds, perQuery }, k) => {
    const chosen = new Set(pool.tasks[k]!.queries);
    return mean(
      perQuery[METRIC]!.filter((_, i) => chosen.has(queryIds[i]!)),
    );
  });
}

/** As many passages as the pool has: the judged ones, and others by lot. */
function randomCut(suite: Suite, pool: Pool): Suite {
  return {
    ...suite,
    tasks: pooledSuite(suite, pool).tasks.map((part, k) => {
      const { corpus } = suite.tasks[k]!;
      const judged = new Set(
        [...part.qrels.test!.values()].flatMap((grades) => [...grades.keys()]),
      );
      const others = byLot(
        [...corpus.keys()].filter((id) => !judged.has(id)),
        (id) => hash32(`cut\n${id}`),
      ).slice(0, Math.max(0, part.corpus.size - judged.size));
      const kept = new Set([...judged, ...others]);
      return {
        ...part,
        corpus: new Map([...corpus].filter(([id]) => kept.has(id))),
      };
    }),
  };
}

/** Kendall's tau-b. */
function kendall(a: readonly number[], b: readonly number[]): number {
  let agree = 0, tiesA = 0, tiesB = 0, pairs = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const x = Math.sign(a[i]! - a[j]!), y = Math.sign(b[i]! - b[j]!);
      pairs++;
      agree += x * y;
      if (x === 0) tiesA++;
      if (y === 0) tiesB++;
    }
  }
  return agree / Math.sqrt((pairs - tiesA) * (pairs - tiesB));
}
