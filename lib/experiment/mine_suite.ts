import { checkPrecision } from "../backend/kernels/mod.ts";
import { recordedComputeType } from "./retriever/vectors_of.ts";
import { lockFolder } from "../base/files/folder_lock.ts";
import { readText } from "../base/files/read_text.ts";
import { type BackendName, useBackend } from "../backend/mod.ts";
import type { ProgressEvent } from "../base/progress_event.ts";
import type { Suite, Task } from "../data/mod.ts";
import {
  disposeCrossEncoder,
  disposeTowers,
  lengthLine,
  loadCrossEncoder,
  loadTowers,
  type TextLimits,
  textLimits,
  type Towers,
} from "../model/mod.ts";
import {
  applyDecisions,
  type DecisionRow,
  decisionsOf,
  type MineStatistics,
  parseDecisions,
  previewNegatives,
  type PreviewRow,
} from "../search/mod.ts";
import { readCandidates } from "./candidate_file.ts";
import {
  batchesOf,
  type FoundBatches,
  mineTask,
  type Mining,
} from "./mine_task.ts";
import { firstRecord, openMinedFile } from "./mined_file.ts";
import {
  EARLIER_MINING,
  openLengths,
  recordedLengths,
} from "./settled_lengths.ts";
import { taskHash } from "./run_folder.ts";
import {
  type MineSuiteSettings,
  parseMineSuiteOptions,
} from "./mine_suite_options.ts";

/** What {@linkcode mineSuite} may be told beside the settings. */
export interface MineSuiteOptions extends Partial<MineSuiteSettings> {
  /** Where a model computes. @default {"auto"} */
  backend?: BackendName | "auto";
  /**
   * Whether files that were mined with other settings are replaced, each when the
   * new one is whole. @default {false}
   */
  force?: boolean;
  /** Stops the work at the next batch of queries. */
  signal?: AbortSignal;
}

/** What mining a suite gave. */
export interface MinedSuite {
  /** What was done for each task. */
  tasks: ({ task: string } & MineStatistics)[];
  /** Some queries of each task with what was mined for them. */
  preview: { task: string; rows: PreviewRow[] }[];
}

/**
 * Mines hard negatives for every task of a suite, by BM25, a model or both, and
 * writes a training file for each (tDRO's JSONL: each query with all its
 * positives and its negatives) if it is told where. Known positives, their
 * near-duplicates, and what scores too near the best positive are never taken.
 * Called again after an interruption it goes on with the first task whose file
 * isn't there.
 *
 * @param suite The tasks.
 * @param options Settings; what is left out has the default of `tdro mine`.
 * @returns Progress; at the end counts, and a look at some queries.
 * @throws {RangeError} If a setting is out of bounds, or the folder holds a file
 * that was mined with other settings, or changed since.
 * @throws {SyntaxError} If a model is needed and none is named, or the file of
 * decisions is damaged.
 *
 * @example Usage
 * ```ts
 * import { mineSuite } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const passages = ["the lighthouse was built in 1874", "a keeper slept", "a lamp of the lighthouse"];
 * const task = {
 *   name: "lights", prompt: "", language: "en", kind: "faq", license: "MIT", source: "",
 *   corpus: new Map(passages.map((text, i) => [`p${i}`, { id: `p${i}`, text }])),
 *   queries: new Map([["q", { id: "q", text: "when was the lighthouse built" }]]),
 *   qrels: { train: new Map([["q", new Map([["p0", 1]])]]) },
 * };
 * const mining = mineSuite({ name: "toy", tasks: [task] }, { count: 1, sampling: "top" });
 * let next = await mining.next();
 * while (!next.done) next = await mining.next();
 * assert.equal(next.value.tasks[0]!.queries, 1);
 * assert.equal(next.value.preview[0]!.rows[1]!.passage, "a lamp of the lighthouse");
 * ```
 */
export async function* mineSuite(
  suite: Suite,
  { backend = "auto", force = false, signal, ...given }: MineSuiteOptions = {},
): AsyncGenerator<ProgressEvent, MinedSuite> {
  const settings = parseMineSuiteOptions(given);
  const { out, by } = settings;
  const mining = await openMining(suite, settings, { backend, signal });
  const previewed = settings.preview || (out === undefined ? 2 : 0);
  const mined: MinedSuite = { tasks: [], preview: [] };
  const event = {
    stage: "mine",
    label: `mining hard negatives (${by})`,
    total: suite.tasks.length,
  };
  await using held = new AsyncDisposableStack();
  try {
    const tasks = suite.tasks.map((task) =>
      applyDecisions(task, decisionsOf(mining.decisions, task.name))
    );
    if (out !== undefined) held.use(await lockFolder(out));
    // All of them before the first is mined, which may take hours.
    const files = out === undefined ? [] : await Promise.all(
      suite.tasks.map(async (task, k) => {
        const record = await recordOf(task, mining, backend);
        return openMinedFile(out, { task: tasks[k]!, settings: record, force });
      }),
    );
    yield* lengthEvents(mining, settings);
    for (const [done, task] of tasks.entries()) {
      const { name } = task;
      yield { ...event, done, note: name };
      const before = files[done]?.statistics;
      if (before) {
        mined.tasks.push({ task: name, ...before });
        continue;
      }
      const found = out === undefined ? undefined : yield* partsOf(out, task, {
        record: await recordOf(suite.tasks[done]!, mining, backend),
        batches: batchesOf(task, mining),
      });
      const negatives = await mineTask(task, mining, found);
      await files[done]?.write(negatives);
      mined.tasks.push({ task: name, ...negatives.statistics });
      if (previewed === 0) continue;
      const rows = previewNegatives(task, negatives, { queries: previewed });
      mined.preview.push({ task: name, rows });
    }
  } finally {
    closeMining(mining);
  }
  yield { ...event, done: suite.tasks.length };
  return mined;
}

/** What parts of other processes found for a task, and what is told of it. */
async function* partsOf(
  out: string,
  task: Task,
  { record, batches }: { record: unknown; batches: number },
): AsyncGenerator<ProgressEvent, FoundBatches> {
  const { found, others } = await readCandidates(out, task, record);
  const lines = others.map((file) =>
    `${file} isn't used: it was found with other settings, or in other data`
  );
  if (found.size > 0) {
    lines.push(
      `${task.name}: candidates of ${found.size} of ${batches} batches of queries were found by parts`,
    );
  }
  for (const label of lines) {
    yield {
      stage: `parts of ${label}`,
      label,
      lines: [label],
      done: 1,
      total: 1,
    };
  }
  return found;
}

/**
 * Loads what tasks are mined with; {@linkcode closeMining} frees it.
 *
 * @param suite The tasks.
 * @param settings The settings.
 * @param options Where a model computes, and what stops the work.
 */
export async function openMining(
  suite: Suite,
  settings: MineSuiteSettings,
  { backend, signal }: {
    backend: BackendName | "auto";
    signal: AbortSignal | undefined;
  },
): Promise<Mining> {
  const { model, teacher: teacherFolder } = settings;
  const decisions = await readDecisions(settings.decisions);
  if (model !== undefined || teacherFolder !== undefined) {
    await useBackend(backend);
    checkPrecision(settings.computeType ?? "float32");
  }
  const towers = model === undefined ? undefined : await loadTowers(model);
  const limits = towers && await miningLimits(towers, suite, settings);
  const teacher = teacherFolder === undefined
    ? undefined
    : await loadCrossEncoder(teacherFolder);
  return {
    settings: { ...settings, ...limits },
    towers,
    teacher,
    decisions,
    signal,
  };
}

/** Frees the models that tasks were mined with. */
export function closeMining({ towers, teacher }: Mining): void {
  if (towers) disposeTowers(towers);
  if (teacher) disposeCrossEncoder(teacher);
}

/** What is told of the lengths for a model's texts. */
export function* lengthEvents(
  { settings: { queryLength, passageLength }, towers }: Mining,
  given: MineSuiteSettings,
): Generator<ProgressEvent> {
  if (!towers) return;
  const limits = {
    queryLength: queryLength!,
    passageLength: passageLength!,
  };
  const label = lengthLine(limits, {
    maxLength: towers.passage.maxLength,
    open: given.passageLength === undefined,
  });
  yield { stage: "lengths", label, lines: [label], done: 1, total: 1 };
}

/**
 * Lengths for the model's texts; in a folder that an earlier version began, those
 * that it took.
 */
async function miningLimits(
  towers: Towers,
  suite: Suite,
  settings: MineSuiteSettings,
): Promise<TextLimits> {
  const limits = textLimits(towers);
  const open = openLengths(settings);
  const before = settings.out !== undefined && open.length > 0
    ? await firstRecord(settings.out, suite)
    : undefined;
  const recorded = before && recordedLengths(before, {
    names: open,
    known: true,
  }, { earlier: true, defaults: EARLIER_MINING });
  const { queryLength, passageLength } = { ...settings, ...recorded };
  return {
    queryLength: queryLength ?? limits.queryLength,
    passageLength: passageLength ?? limits.passageLength,
  };
}

async function readDecisions(path?: string): Promise<DecisionRow[]> {
  if (path === undefined) return [];
  const complaint = `Cannot read decisions: no file ${path}`;
  return parseDecisions(await readText(path, complaint), path);
}

/** All that the negatives of a task depend on. */
export async function recordOf(
  task: Task,
  { settings, decisions }: Mining,
  backend: string,
): Promise<Record<string, unknown>> {
  const { out: _, preview: __, computeType, ...rest } = settings;
  return {
    ...rest,
    ...recordedComputeType(computeType),
    ...settings.model === undefined
      ? { queryLength: undefined, passageLength: undefined }
      : undefined,
    ...settings.model !== undefined || settings.teacher !== undefined
      ? { backend }
      : undefined,
    decisions: decisions.filter(({ task: of }) => of === task.name)
      .map(({ query, passage, decision }) => [query, passage, decision]),
    data: await taskHash(task),
  };
}
