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
import { mineTask, type Mining } from "./mine_task.ts";
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
  const { out, by, model, teacher: teacherFolder } = settings;
  const decisions = await readDecisions(settings.decisions);
  if (model !== undefined || teacherFolder !== undefined) {
    await useBackend(backend);
  }
  const towers = model === undefined ? undefined : await loadTowers(model);
  const limits = towers && await miningLimits(towers, suite, settings);
  const teacher = teacherFolder === undefined
    ? undefined
    : await loadCrossEncoder(teacherFolder);
  const mining = {
    settings: { ...settings, ...limits },
    towers,
    teacher,
    decisions,
    signal,
  };
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
      applyDecisions(task, decisionsOf(decisions, task.name))
    );
    if (out !== undefined) held.use(await lockFolder(out));
    // All of them before the first is mined, which may take hours.
    const files = out === undefined ? [] : await Promise.all(
      suite.tasks.map(async (task, k) => {
        const record = await recordOf(task, mining, backend);
        return openMinedFile(out, { task: tasks[k]!, settings: record, force });
      }),
    );
    if (towers && limits) {
      const label = lengthLine(limits, {
        maxLength: towers.passage.maxLength,
        open: settings.passageLength === undefined,
      });
      yield { stage: "lengths", label, lines: [label], done: 1, total: 1 };
    }
    for (const [done, task] of tasks.entries()) {
      const { name } = task;
      yield { ...event, done, note: name };
      const before = files[done]?.statistics;
      if (before) {
        mined.tasks.push({ task: name, ...before });
        continue;
      }
      const negatives = await mineTask(task, mining);
      await files[done]?.write(negatives);
      mined.tasks.push({ task: name, ...negatives.statistics });
      if (previewed === 0) continue;
      const rows = previewNegatives(task, negatives, { queries: previewed });
      mined.preview.push({ task: name, rows });
    }
  } finally {
    if (towers) disposeTowers(towers);
    if (teacher) disposeCrossEncoder(teacher);
  }
  yield { ...event, done: suite.tasks.length };
  return mined;
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
async function recordOf(
  task: Task,
  { settings, decisions }: Mining,
  backend: string,
): Promise<Record<string, unknown>> {
  const { out: _, preview: __, ...rest } = settings;
  return {
    ...rest,
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
