import type { Run, Suite, Task } from "../data/types.ts";
import type {
  EvalReport,
  EvalSettings,
  TaskReport,
} from "./records/eval_report.ts";
import { evaluateRetriever } from "./evaluate.ts";
import { mergeShards, parseShard } from "../search/mod.ts";

/** What the evaluation of one part of each corpus left. */
export interface EvaluatedShard {
  /** Its report, whose `settings.shard` says which part. */
  report: EvalReport;
  /** Gives the run of a task, for instance from a file. */
  run(task: string): Run | Promise<Run>;
}

/** Options of {@linkcode evaluateShards}. */
export interface EvaluateShardsOptions {
  /** Gets each task's run of the whole corpus. */
  onRun?: (task: Task, run: Run) => void | Promise<void>;
  /** Stops the work before the next task. */
  signal?: AbortSignal;
}

/**
 * Puts together what {@linkcode evaluate} measured of all shards: the report is that
 * of the whole corpora. No model is needed; the texts are, to see that they are
 * those that were searched.
 *
 * The search is the same to the bit. A model's vectors depend in the last digits on
 * the texts encoded along with them. These are the same ones in a shard where a corpus
 * has at least as many times {@linkcode PASSAGES_AT_ONCE} passages as there are shards.
 * Of a smaller corpus scores may differ by some 1e-7 from those of one machine, and
 * passages that close change places.
 *
 * @param shards All parts, in any order.
 * @param suite The tasks that were searched.
 * @param options What to do with the runs.
 * @yields The report of each task when it is done.
 * @returns The report of the suite.
 * @throws {RangeError} If a part is missing or appears twice, parts were made with
 * other settings or another model, or the suite has changed since.
 *
 * @example Usage
 * ```ts
 * import { collectReport, evaluate, evaluateShards } from "@tdro/tdro/eval";
 * import { taskFromRows, type Run } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const encode = (texts: readonly string[]) =>
 *   Promise.resolve({
 *     data: Float32Array.from(texts, (text) => text.length),
 *     count: texts.length,
 *     dimension: 1,
 *   });
 * const rows = ["a", "bcd", "ef"].map((passage) => ({ query: "x", passage, split: "test" }));
 * const suite = { name: "mine", tasks: [await taskFromRows(rows, { name: "faq" })] };
 * const part = async (index: number) => {
 *   const runs = new Map<string, Run>();
 *   const report = await collectReport(evaluate(encode, suite, {
 *     shard: { index, count: 2 },
 *     onRun: ({ name }, run) => void runs.set(name, run),
 *   }));
 *   return { report, run: (task: string) => runs.get(task)! };
 * };
 * const merged = await collectReport(
 *   evaluateShards([await part(0), await part(1)], suite),
 * );
 * const whole = await collectReport(evaluate(encode, suite));
 * assert.deepEqual(merged, whole);
 * ```
 */
export async function* evaluateShards(
  shards: readonly EvaluatedShard[],
  suite: Suite,
  options: EvaluateShardsOptions = {},
): AsyncGenerator<TaskReport, EvalReport> {
  const { settings, origin, tasks } = checkShards(shards, suite);
  const { shard: _, dtype, precision, rescore, rescoreBy, ...whole } = settings;
  const reports = evaluateRetriever(
    ({ name }) => async (_, k) =>
      mergeShards(
        await Promise.all(shards.map(({ run }) => run(name))),
        k,
      ),
    suite,
    { ...whole, ...options, origin },
  );
  while (true) {
    const next = await reports.next();
    if (next.done) {
      const report = next.value;
      // The merged runs no longer tell in which precision the shards searched.
      const searched = { dtype, precision, rescore, rescoreBy };
      for (const [name, value] of Object.entries(searched)) {
        if (value !== undefined) {
          Object.assign(report.settings, { [name]: value });
        }
      }
      return report;
    }
    const { task, domain, data, prompt } = next.value;
    const before = tasks[domain]!;
    if (data?.sha256 !== before.data?.sha256 || prompt !== before.prompt) {
      throw cannot(
        `task ${task} must be as it was searched: its texts, judgments or prompt have changed since`,
      );
    }
    yield next.value;
  }
}

/** What all shards have in common; throws unless they make a whole. */
function checkShards(
  shards: readonly EvaluatedShard[],
  suite: Suite,
): EvalReport {
  const [first] = shards;
  if (!first) throw cannot("there must be one: got none");
  const seen = new Set<number>();
  for (const { report } of shards) {
    const { shard } = report.settings;
    if (shard === undefined) {
      throw cannot("each must be of a part: got the report of whole corpora");
    }
    const { index, count } = parseShard(shard);
    if (count !== shards.length) {
      throw cannot(
        `there must be as many as the corpora were divided into, ${count}: got ${shards.length}`,
      );
    }
    if (seen.has(index)) {
      throw cannot(`each must come once: got ${shard} twice`);
    }
    seen.add(index);
    for (const [what, of] of COMMON) {
      const [wanted, got] = [first.report, report].map((r) =>
        JSON.stringify(of(r))
      );
      if (wanted === got) continue;
      throw cannot(
        `all must have the same ${what}: shard ${first.report.settings.shard} has ${wanted}, ${shard} ${got}`,
      );
    }
  }
  const names = suite.tasks.map(({ name }) => name).join(", ");
  const searched = first.report.tasks.map(({ task }) => task).join(", ");
  if (names !== searched) {
    throw cannot(`the suite must have the tasks ${searched}: got ${names}`);
  }
  return first.report;
}

/** What the parts of one evaluation must share. */
const COMMON: readonly [string, (report: EvalReport) => unknown][] = [
  ["settings", ({ settings }) => withoutShard(settings)],
  ["model", ({ origin }) => origin?.model?.sha256],
  ["lengths", ({ origin }) => origin?.lengths],
  ["prompts", ({ origin }) => origin?.prompts],
  ["data", ({ tasks }) => tasks.map(({ task, data }) => [task, data?.sha256])],
];

function withoutShard({ shard: _, ...settings }: EvalSettings): unknown {
  return settings;
}

function cannot(why: string): RangeError {
  return new RangeError(`Cannot merge shards: ${why}`);
}
