import { lockFolder } from "../base/files/folder_lock.ts";
import type { ProgressEvent } from "../base/progress_event.ts";
import type { Suite } from "../data/mod.ts";
import {
  applyDecisions,
  decisionsOf,
  type FoundCandidates,
  parseShard,
  shardRange,
} from "../search/mod.ts";
import {
  hasCandidates,
  partFolder,
  writeCandidates,
} from "./candidate_file.ts";
import {
  closeMining,
  lengthEvents,
  type MineSuiteOptions,
  openMining,
  recordOf,
} from "./mine_suite.ts";
import { parseMineSuiteOptions } from "./mine_suite_options.ts";
import { batchesOf, findTaskCandidates } from "./mine_task.ts";

/** What {@linkcode minePart} did. */
export interface MinedPart {
  /** Folder with what it found. */
  folder: string;
  /** Batches of queries of each task that it has a share of. */
  tasks: { task: string; batches: number; of: number }[];
}

/**
 * Does one part of mining a suite: finds the candidates of its share of the queries,
 * which is what takes long, into `parts/<i>-of-<n>` in the folder. When all parts are
 * done, {@linkcode mineSuite} with the same settings takes them, and writes the same
 * bytes as if it had found everything itself. Parts follow the order of the tasks, so
 * that most of them need only some corpora.
 *
 * @param suite The tasks.
 * @param shard Which part, as in `"2/8"`.
 * @param options Settings, as for `mineSuite()`; `out` must be named.
 * @returns Progress; at the end, what the part was.
 * @throws {RangeError} If a setting is out of bounds, there is no such part, or `out`
 * is missing.
 */
export async function* minePart(
  suite: Suite,
  shard: string,
  { backend = "auto", force: _, signal, ...given }: MineSuiteOptions,
): AsyncGenerator<ProgressEvent, MinedPart> {
  const part = parseShard(shard);
  const settings = parseMineSuiteOptions(given);
  if (settings.out === undefined) {
    throw new RangeError(
      `Cannot mine part ${shard}: it goes to a folder; name it with --out`,
    );
  }
  if (settings.teacher !== undefined) {
    throw new RangeError(
      `Cannot mine part ${shard}: a teacher scores in one go; leave out --shard, or --teacher`,
    );
  }
  const folder = partFolder(settings.out, part);
  const mining = await openMining(suite, settings, { backend, signal });
  const done: MinedPart = { folder, tasks: [] };
  try {
    await using _lock = await lockFolder(folder);
    yield* lengthEvents(mining, settings);
    const counts = suite.tasks.map((task) => batchesOf(task, mining));
    const [first, end] = shardRange(counts.reduce((a, b) => a + b, 0), part);
    const event = {
      stage: "mine",
      label: `finding candidates, part ${shard} (${settings.by})`,
      total: end - first,
    };
    let start = 0;
    for (const [k, whole] of suite.tasks.entries()) {
      const of = counts[k]!;
      const from = Math.max(0, first - start);
      const to = Math.min(of, end - start);
      start += of;
      if (from >= to) continue;
      const record = await recordOf(whole, mining, backend);
      const task = applyDecisions(
        whole,
        decisionsOf(mining.decisions, whole.name),
      );
      const { name } = task;
      const before = start - of + from - first;
      yield { ...event, done: before, note: name };
      done.tasks.push({ task: name, batches: to - from, of });
      if (await hasCandidates(folder, task, record)) continue;
      const found = new Map<number, FoundCandidates>();
      for await (
        const [batch, own] of findTaskCandidates(task, mining, [from, to])
      ) {
        found.set(batch, own);
        yield { ...event, done: before + found.size, note: name };
      }
      await writeCandidates(folder, task, { settings: record, found });
    }
    yield { ...event, done: end - first };
    return done;
  } finally {
    closeMining(mining);
  }
}
