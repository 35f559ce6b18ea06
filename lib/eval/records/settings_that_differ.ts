import type { EvalReport, TaskReport } from "./eval_report.ts";

/** A setting in which two reports differ. */
export interface DifferentSetting {
  /** Which one, e.g. `"settings.k"`. */
  setting: string;
  /** Its value in the first report; `undefined` if not recorded. */
  a: unknown;
  /** Its value in the second report. */
  b: unknown;
  /** What it can do to the numbers. */
  effect: string;
}

/** What a setting can do to the numbers, by its name or the beginning of it. */
const EFFECTS: readonly [string, string][] = [
  ["settings.split", "other queries: the numbers can't be compared"],
  [
    "settings.pool",
    "other queries and passages: the numbers can't be compared",
  ],
  ["settings.k", "metrics beyond the smaller k see fewer passages"],
  ["settings.metrics", "only metrics of both are compared"],
  ["settings.prompts", "queries were encoded with other instructions"],
  ["settings.ignoreIdenticalIds", "passages with the query's id count or not"],
  ["settings.ties", "equal scores rank otherwise"],
  ["settings.retriever", "passages were found by other means"],
  ["settings.dtype", "near scores may change places"],
  ["settings.precision", "coarser vectors rank passages otherwise"],
  ["settings.rescore", "other passages were scored again, or by other vectors"],
  ["settings.sizes", "other smaller vectors were measured beside"],
  ["settings.shard", "a part of the corpus was searched: merge the shards"],
  ["origin.model.sha256", "another model"],
  ["origin.model", "another model, or the same one elsewhere"],
  ["origin.lengths", "long texts are cut elsewhere"],
  ["origin.prompts", "texts were encoded with other words before them"],
  ["origin.computeType", "vectors are coarser, by some thousandths"],
  ["origin.backend", "rounding differs in the last digits"],
  ["origin.versions", "other code"],
  ["origin.path", "none, if the data's hashes are the same"],
  ["suite", "none, if the data's hashes are the same"],
  ["prompt", "its queries were encoded with another instruction"],
  ["passages", "another corpus: the numbers can't be compared"],
  ["data", "other texts or judgments: the numbers can't be compared"],
  ["ignoreIdenticalIds", "passages with the query's id count or not"],
  ["split", "other queries: the numbers can't be compared"],
];

/**
 * Settings in which two reports differ, task by task where they are a task's. What
 * can't have done anything is left out: where the same model or the same data lay.
 */
export function settingsThatDiffer(
  a: EvalReport,
  b: EvalReport,
): DifferentSetting[] {
  // When it was measured can do nothing to the numbers.
  const ofReport = (
    { suite, settings, origin: { date: _, ...origin } = {} }: EvalReport,
  ) => flatten({ suite, settings, origin });
  const found = differences(ofReport(a), ofReport(b), "")
    .filter(({ setting }) =>
      !(setting.startsWith("origin.model.") && sameModel(a, b)) &&
      !(["suite", "origin.path"].includes(setting) && sameData(a, b))
    );
  for (const task of a.tasks) {
    const other = b.tasks.find(({ task: name }) => name === task.task);
    if (other) {
      found.push(...differences(ofTask(task), ofTask(other), task.task));
    }
  }
  return found;
}

function sameModel(a: EvalReport, b: EvalReport): boolean {
  const hash = a.origin?.model?.sha256;
  return hash !== undefined && hash === b.origin?.model?.sha256;
}

/** Whether the tasks of both have the same texts and judgments. */
function sameData(a: EvalReport, b: EvalReport): boolean {
  const hashes = new Map(
    b.tasks.map(({ task, data }) => [task, data?.sha256 ?? "not recorded"]),
  );
  const shared = a.tasks.filter(({ task }) => hashes.has(task));
  return shared.length > 0 &&
    shared.every(({ task, data }) => data?.sha256 === hashes.get(task));
}

/** What decides a task's numbers, apart from the numbers themselves. */
function ofTask(report: TaskReport): Map<string, unknown> {
  const { prompt, passages, data } = report;
  const { ignoreIdenticalIds, split } = report as unknown as Record<
    string,
    unknown
  >;
  return flatten({
    prompt,
    passages,
    data: data?.sha256,
    ignoreIdenticalIds,
    split,
  });
}

function differences(
  a: ReadonlyMap<string, unknown>,
  b: ReadonlyMap<string, unknown>,
  task: string,
): DifferentSetting[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((key) => a.get(key) !== b.get(key))
    .map((key) => ({
      setting: task ? `${task}: ${key}` : key,
      a: a.get(key),
      b: b.get(key),
      effect: EFFECTS.find(([start]) => key.startsWith(start))?.[1] ??
        "unknown",
    }));
}

/** `{a: {b: 1}}` → `a.b` → 1; lists become texts. */
function flatten(value: object, before = ""): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const name = before + key;
    if (Array.isArray(item)) flat.set(name, item.join(", "));
    else if (typeof item === "object" && item !== null) {
      for (const [k, v] of flatten(item, `${name}.`)) flat.set(k, v);
    } else flat.set(name, item);
  }
  return flat;
}
