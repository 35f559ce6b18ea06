import { readText } from "../base/read_text.ts";
import { isDeepStrictEqual } from "node:util";
import { type BackendName, nearestRows, useBackend } from "../backend/mod.ts";
import { exists } from "../base/exists.ts";
import { readJsonIfThere, writeJson } from "../base/json_file.ts";
import type { ProgressEvent } from "../base/progress_event.ts";
import {
  type Suite,
  type Task,
  trainExamples,
  writeTdroJsonl,
} from "../data/mod.ts";
import {
  disposeEncoder,
  encodeFunction,
  type Encoder,
  loadEncoder,
} from "../model/mod.ts";
import { createRng } from "../sampling/mod.ts";
import {
  applyDecisions,
  bm25Retriever,
  type DecisionRow,
  decisionsOf,
  denseRetriever,
  fusedRetriever,
  hashPassages,
  type MinedNegatives,
  mineHardNegatives,
  type MineStatistics,
  parseDecisions,
  previewNegatives,
  type PreviewRow,
  type RetrieveFunction,
} from "../search/mod.ts";
import {
  type MineSuiteSettings,
  parseMineSuiteOptions,
} from "./mine_suite_options.ts";
import { asJson } from "./run_folder.ts";
import { minedSchema } from "./stages/result_schemas.ts";

/** What {@linkcode mineSuite} may be told beside the settings. */
export interface MineSuiteOptions extends Partial<MineSuiteSettings> {
  /** Where a model computes. @default {"auto"} */
  backend?: BackendName | "auto";
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

/** What the negatives of every task are mined with. */
interface Mining {
  settings: MineSuiteSettings;
  backend: BackendName | "auto";
  encoder: Encoder | undefined;
  decisions: readonly DecisionRow[];
  signal: AbortSignal | undefined;
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
 * that was mined with other settings.
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
  { backend = "auto", signal, ...given }: MineSuiteOptions = {},
): AsyncGenerator<ProgressEvent, MinedSuite> {
  const settings = parseMineSuiteOptions(given);
  const { out, by, model } = settings;
  const decisions = await readDecisions(settings.decisions);
  if (model !== undefined) await useBackend(backend);
  const encoder = model === undefined ? undefined : await loadEncoder(model);
  const mining = { settings, backend, encoder, decisions, signal };
  const previewed = settings.preview || (out === undefined ? 2 : 0);
  const mined: MinedSuite = { tasks: [], preview: [] };
  const event = {
    stage: "mine",
    label: `mining hard negatives (${by})`,
    total: suite.tasks.length,
  };
  try {
    for (const [done, { name }] of suite.tasks.entries()) {
      const task = applyDecisions(
        suite.tasks[done]!,
        decisionsOf(decisions, name),
      );
      yield { ...event, done, note: name };
      const record = recordOf(task, mining);
      const before = await minedBefore(name, record, out);
      if (before) {
        mined.tasks.push({ task: name, ...before });
        continue;
      }
      const negatives = await mineTask(task, mining);
      if (out !== undefined) await writeMined(task, negatives, { record, out });
      mined.tasks.push({ task: name, ...negatives.statistics });
      if (previewed === 0) continue;
      const rows = previewNegatives(task, negatives, { queries: previewed });
      mined.preview.push({ task: name, rows });
    }
  } finally {
    if (encoder) disposeEncoder(encoder);
  }
  yield { ...event, done: suite.tasks.length };
  return mined;
}

async function readDecisions(path?: string): Promise<DecisionRow[]> {
  if (path === undefined) return [];
  const complaint = `Cannot read decisions: no file ${path}`;
  return parseDecisions(await readText(path, complaint), path);
}

async function mineTask(
  task: Task,
  { settings, encoder, decisions, signal }: Mining,
): Promise<MinedNegatives> {
  using dense = encoder &&
    await denseRetriever(task, encodeFunction(encoder, settings), {
      prepare: (passages) => nearestRows(passages),
      prompts: settings.prompts,
      signal,
    });
  const retrievers: Record<typeof settings.by, () => RetrieveFunction> = {
    bm25: () => bm25Retriever(task),
    dense: () => dense!.retrieve,
    fused: () => fusedRetriever([bm25Retriever(task), dense!.retrieve]),
  };
  return await mineHardNegatives(task, {
    positiveShare: settings.filter ? settings.positiveShare : Infinity,
    margin: settings.filter ? settings.margin : 0,
    rng: createRng(settings.seed, `negatives/${task.name}`),
    split: settings.split,
    count: settings.count,
    depth: [settings.from, settings.to],
    sampling: settings.sampling,
    nearDuplicates: settings.nearDuplicates,
    fill: settings.fill,
    retrieve: retrievers[settings.by](),
    score: dense?.score,
    decisions: decisionsOf(decisions, task.name),
    signal,
  });
}

/** All that the negatives of a task depend on. */
function recordOf(
  task: Task,
  { settings, backend, decisions }: Mining,
): Record<string, unknown> {
  const { out: _, preview: __, ...rest } = settings;
  return {
    ...rest,
    backend: settings.model === undefined ? undefined : backend,
    decisions: decisions.filter(({ task: of }) => of === task.name)
      .map(({ query, passage, decision }) => [query, passage, decision]),
    corpus: hashPassages(task.corpus.values()),
    queries: hashPassages(task.queries.values()),
    judged: [...task.qrels[settings.split] ?? []].length,
  };
}

/** The statistics of an earlier run with these settings, if it got this far. */
async function minedBefore(
  task: string,
  record: Record<string, unknown>,
  out: string | undefined,
): Promise<MineStatistics | undefined> {
  if (out === undefined || !await exists(`${out}/${task}.jsonl`)) return;
  const before = await readJsonIfThere(
    `${out}/${task}.mined.json`,
    minedSchema,
  );
  if (before === undefined) return;
  if (isDeepStrictEqual(before.settings, asJson(record))) {
    return before.statistics as unknown as MineStatistics;
  }
  throw new RangeError(
    `Cannot go on in ${out}: ${task}.jsonl was mined with other settings or from other data; choose another --out, or delete it`,
  );
}

async function writeMined(
  task: Task,
  { negatives, statistics }: MinedNegatives,
  { record, out }: { record: Record<string, unknown>; out: string },
): Promise<void> {
  const [rows] = trainExamples({ name: task.name, tasks: [task] }, {
    split: record.split as MineSuiteSettings["split"],
    negatives: [negatives],
  });
  await writeTdroJsonl(`${out}/${task.name}.jsonl`, rows!);
  const file = `${out}/${task.name}.mined.json`;
  await writeJson(file, { settings: record, statistics });
}
