import assert from "node:assert/strict";
import fc from "fast-check";
import { nearestRows } from "../../lib/backend/mod.ts";
import type { Run, Suite, Task } from "../../lib/data/types.ts";
import type { EncodeFunction } from "../../lib/model/types.ts";
import {
  collectReport,
  type EvalReport,
  evaluate,
  type EvaluatedShard,
  type EvaluateOptions,
  evaluateShards,
} from "../../lib/eval/mod.ts";
import type { Shard } from "../../lib/search/mod.ts";
import { onBackends } from "../_backends.ts";
import { toySuite } from "../_toy_suite.ts";
import { type Encoded, letterEncoder } from "./_letters.ts";
import { tempFolder } from "../_temp_folder.ts";

const METRICS = ["nDCG@10", "MRR@10", "Recall@20"];

async function whole(
  options: EvaluateOptions = {},
  suite = toySuite(),
): Promise<{ report: EvalReport; runs: Map<string, Run> }> {
  const runs = new Map<string, Run>();
  const report = await collectReport(evaluate(letterEncoder(), suite, {
    metrics: METRICS,
    k: 20,
    onRun: ({ name }, run) => void runs.set(name, run),
    ...options,
  }));
  return { report, runs };
}

async function part(
  shard: Shard,
  options: EvaluateOptions = {},
): Promise<EvaluatedShard> {
  const { report, runs } = await whole({ ...options, shard });
  return { report, run: (task) => runs.get(task)! };
}

function parts(count: number): Promise<EvaluatedShard[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => part({ index, count })),
  );
}

Deno.test("evaluateShards() of any number in any order is the whole, to the bit", async () => {
  const { report, runs } = await whole();
  await fc.assert(
    fc.asyncProperty(
      // The smallest corpus has 18 passages: beyond, some shards are empty.
      fc.integer({ min: 1, max: 25 }).chain((n) =>
        fc.shuffledSubarray([...Array(n).keys()], { minLength: n })
      ),
      async (order) => {
        const shards = await parts(order.length);
        const merged = new Map<string, Run>();
        const found = await collectReport(evaluateShards(
          order.map((i) => shards[i]!),
          toySuite(),
          { onRun: ({ name }, run) => void merged.set(name, run) },
        ));
        assert.deepEqual(found, report);
        for (const [task, run] of runs) {
          for (const [query, list] of run) {
            assert.deepEqual([...merged.get(task)!.get(query)!], [...list]);
          }
        }
      },
    ),
    { numRuns: 15 },
  );
});

/** An encoder whose vectors depend on the texts encoded along, as a real one's do. */
function sociable(): EncodeFunction {
  const encode = letterEncoder();
  return async (texts, options) => {
    const { data, ...shape } = await encode(texts, options);
    const along = options?.kind === "passage" ? texts.join("").length : 0;
    return { ...shape, data: data.map((value) => value + along * 2 ** -20) };
  };
}

Deno.test("shards of whole chunks are the whole to the bit, whatever is encoded along", async () => {
  const measured = (shard?: Shard) => {
    const runs = new Map<string, Run>();
    const onRun = ({ name }: Task, run: Run) => void runs.set(name, run);
    const options = { metrics: METRICS, k: 20, chunk: 4, onRun, shard };
    return { runs, report: evaluate(sociable(), toySuite(), options) };
  };
  const one = measured();
  const report = await collectReport(one.report);
  // The smallest corpus has five chunks.
  for (const count of [2, 3, 5]) {
    const shards = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const { runs, report } = measured({ index, count });
        const run = (task: string) => runs.get(task)!;
        return { report: await collectReport(report), run };
      }),
    );
    const merged = await collectReport(evaluateShards(shards, toySuite()));
    assert.deepEqual(merged, report);
  }
});

Deno.test("a shard's metrics are of its part, and its settings say so", async () => {
  const { report } = await part({ index: 1, count: 3 });
  assert.equal(report.settings.shard, "2/3");
  assert.ok(
    report.mean["Recall@20"]! < (await whole()).report.mean["Recall@20"]!,
  );
});

Deno.test("evaluateShards() names what doesn't fit", async () => {
  const [a, b, c] = await parts(3) as [
    EvaluatedShard,
    EvaluatedShard,
    EvaluatedShard,
  ];
  const fails = (
    shards: EvaluatedShard[],
    message: RegExp,
    suite: Suite = toySuite(),
  ) =>
    assert.rejects(collectReport(evaluateShards(shards, suite)), {
      name: "RangeError",
      message,
    });
  await fails([], /^Cannot merge shards: there must be one: got none$/);
  await fails([a, b], /as many as .* divided into, 3: got 2$/);
  await fails([a, b, b], /each must come once: got 2\/3 twice$/);
  const { report } = await whole();
  await fails([{ ...a, report }], /got the report of whole corpora$/);
  const deeper = await part({ index: 2, count: 3 }, { k: 30 });
  await fails([a, b, deeper], /the same settings: .*"k":20.*"k":30/);
  const other = await part({ index: 2, count: 3 }, {
    origin: { model: { name: "other", sha256: "ab" } },
  });
  await fails([a, b, other], /the same model: .* 3\/3 "ab"$/);
  const suite = toySuite();
  suite.tasks.pop();
  await fails(
    [a, b, c],
    /must have the tasks shades, .*: got shades, w/,
    suite,
  );
  for (
    const change of [
      (suite: Suite) => suite.tasks[1]!.prompt = "Find more",
      (suite: Suite) =>
        suite.tasks[1]!.corpus.get("weights-p0")!.text += "changed",
    ]
  ) {
    const changed = toySuite();
    change(changed);
    await fails([a, b, c], /task weights must be as it was searched/, changed);
  }
});

onBackends(
  "evaluate() with nearestRows() gives the same to the bit",
  async () => {
    const { report, runs } = await whole();
    const fast = await whole({ prepare: nearestRows });
    assert.deepEqual(fast.report, report);
    assert.deepEqual(fast.runs, runs);
  },
);

Deno.test("evaluate() takes vectors from the cache, those of this model and corpus alone", async () => {
  const folder = await tempFolder();
  try {
    const measure = async (
      model: string,
      more: EvaluateOptions = {},
      suite = toySuite(),
    ) => {
      const seen: Encoded[] = [];
      const report = await collectReport(evaluate(letterEncoder(seen), suite, {
        metrics: METRICS,
        k: 20,
        cache: { folder, model },
        ...more,
      }));
      const encoded = seen.filter(({ kind }) => kind === "passage").length;
      return { report, encoded };
    };
    const { report } = await whole();
    const passages = 36 + 18 + 24;
    assert.deepEqual(await measure("a"), { report, encoded: passages });
    assert.deepEqual(await measure("a"), { report, encoded: 0 });
    assert.deepEqual(await measure("a", { chunk: 7 }), { report, encoded: 0 });
    assert.deepEqual(await measure("b"), { report, encoded: passages });
    const changed = toySuite();
    changed.tasks[1]!.corpus.get("weights-p0")!.text += " changed";
    assert.equal((await measure("a", {}, changed)).encoded, 18);
    const shard = { index: 0, count: 2 };
    assert.equal((await measure("a", { shard })).encoded, passages / 2);
    const again = await measure("a", { shard });
    assert.equal(again.encoded, 0);
    assert.deepEqual(again.report, (await whole({ shard })).report);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
