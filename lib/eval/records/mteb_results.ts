import type { EvalReport, TaskReport } from "./eval_report.ts";

/** A file of MTEB's results. */
export interface MtebResult {
  /** Its path in the folder of results: model, revision, task. */
  path: string;
  /** Its content. */
  content: {
    task_name: string;
    dataset_revision: string;
    mteb_version: null;
    evaluation_time: null;
    kg_co2_emissions: null;
    date: string | null;
    scores: Record<string, Record<string, unknown>[]>;
  };
}

/** Options for {@linkcode mtebResults}. */
export interface MtebResultsOptions {
  /** BCP 47 tags of each task, in the report's order. */
  languages: readonly (string | readonly string[])[];
}

/**
 * An evaluation in the form of MTEB's result files, one for each task. What was
 * measured is told by our own hashes: the model's where it has no revision, the
 * data's for each set.
 *
 * @param report What `evaluate()` gave, for whole corpora.
 * @param options The languages, which reports don't have.
 *
 * @example Usage
 * ```ts
 * import { mtebResults } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const [result] = mtebResults({
 *   format: "tdro-eval/1",
 *   suite: "mine",
 *   settings: {
 *     split: "test", metrics: ["nDCG@10"], k: 100, prompts: "none", ignoreIdenticalIds: false,
 *     ties: "float32 score descending, then passage id descending",
 *   },
 *   origin: { model: { name: "models/e5", revision: "owner/e5@main" } },
 *   tasks: [{
 *     task: "faq", domain: 0, prompt: "", passages: 9, mean: { "nDCG@10": 0.5 },
 *     queryIds: ["q1"], perQuery: { "nDCG@10": [0.5] },
 *   }],
 *   mean: { "nDCG@10": 0.5 },
 * }, { languages: ["en"] });
 * assert.equal(result!.path, "owner__e5/main/faq.json");
 * assert.deepEqual(result!.content.scores.test, [{
 *   ndcg_at_10: 0.5, main_score: 0.5, hf_subset: "default", languages: ["eng-Latn"],
 * }]);
 * ```
 */
export function mtebResults(
  report: EvalReport,
  { languages }: MtebResultsOptions,
): MtebResult[] {
  const { origin, settings } = report;
  const codes = isoCodes();
  const folder = modelFolder(report);
  return report.tasks.map((task, k) => ({
    path: `${folder}/${task.task}.json`,
    content: {
      task_name: task.task,
      dataset_revision: task.data?.sha256 ?? "unknown",
      mteb_version: null,
      evaluation_time: null,
      kg_co2_emissions: null,
      date: origin?.date ?? null,
      scores: {
        [splitOf(task) ?? settings.split]: [{
          ...scoresOf(task),
          hf_subset: "default",
          languages: [languages[k]!].flat().map((tag) => mtebTag(tag, codes)),
        }],
      },
    },
  }));
}

/** Sets of a benchmark have splits of their own. */
function splitOf(task: TaskReport & { split?: string }): string | undefined {
  return task.split;
}

/** MTEB puts two underscores for the slash of a name. */
function modelFolder({ origin, settings }: EvalReport): string {
  const model = origin?.model;
  const [, id, pulled] = /^(.*)@(.*?)$/.exec(model?.revision ?? "") ?? [];
  const name = id ??
    model?.name.split(/[\\/]/).findLast((part) => part !== "") ??
    settings.retriever ?? "unknown";
  const revision = pulled ?? model?.sha256 ?? "no_revision_available";
  return [name, revision].map((part) =>
    part.replaceAll("/", "__").replaceAll(/[^\w.-]/g, "_")
  ).join("/");
}

/** `nDCG@10` → `ndcg_at_10`; the first one, or nDCG@10, is the main one. */
function scoresOf({ mean }: TaskReport): Record<string, number> {
  const scores = Object.entries(mean).map(([metric, value]) =>
    [
      metric.toLowerCase().replace(/^p@/, "precision@").replace("@", "_at_"),
      value,
    ] as const
  );
  const main = mean["nDCG@10"] ?? scores[0]?.[1] ?? NaN;
  return { ...Object.fromEntries(scores), main_score: main };
}

/** `en` → `eng-Latn`: ISO 639-3 and the script. */
function mtebTag(
  tag: string,
  codes: ReadonlyMap<string, readonly string[]>,
): string {
  let locale: Intl.Locale;
  try {
    locale = new Intl.Locale(tag);
  } catch {
    return tag; // no tag at all
  }
  const { language } = locale;
  // What is not known would be taken for English.
  const likely = language === "und" ? undefined : locale.maximize().script;
  const script = locale.script ?? likely ?? "Zyyy";
  const three = codes.get(language) ?? [language];
  // Some have two: the one of the language's own name is ISO 639-3's.
  const code = three.find((code) => code.startsWith(language)) ?? three[0]!;
  return `${code}-${script}`;
}

/** The codes of three letters for each of two: those that mean the same tag. */
function isoCodes(): Map<string, string[]> {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const all = letters.flatMap((a) =>
    letters.flatMap((b) => letters.map((c) => `${a}${b}${c}`))
  );
  const codes = new Map<string, string[]>();
  const canonical = Intl.getCanonicalLocales;
  for (const code of all) {
    const short = canonical(code)[0]!;
    if (short.length === 2) codes.set(short, [...codes.get(short) ?? [], code]);
  }
  return codes;
}
