import type { Passage, Run } from "../../data/types.ts";
import type { EncodeFunction } from "../../model/types.ts";
import {
  type BenchmarkOptions,
  promptFor,
  searchOptions,
  settingsOf,
} from "./benchmark.ts";
import { streamSearch } from "../stream_search.ts";
import {
  type BenchmarkReport,
  type BenchmarkTaskReport,
  meanOf,
} from "../records/benchmark_report.ts";
import { DataHash, noting } from "../records/data_hash.ts";
import type { EvalData } from "../records/eval_report.ts";
import { reportHead } from "../records/report_head.ts";
import { answerKey } from "../metrics/has_answer.ts";
import {
  catalogueRow,
  MKQA_LANGUAGES,
  type MkqaQuestion,
  openCorpus,
  openMkqa,
} from "../../data/mod.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import { queryText } from "../../base/texts/query_text.ts";

/** Options of {@linkcode evaluateMkqa}. */
export interface EvaluateMkqaOptions extends BenchmarkOptions {
  /** Languages to run, e.g. `["fi", "zh_cn"]`. @default those that are there */
  languages?: readonly string[];
  /** Folder of the corpus, the passages of BEIR's NQ. @default {the folder itself} */
  corpus?: string;
  /**
   * Cuts at which accuracy is computed; the largest is how many passages are
   * retrieved. @default {[1, 3, 5, 10, 20, 100]}
   */
  cuts?: readonly number[];
  /**
   * Languages searched in one pass over the corpus. Fewer need less memory (each
   * about 6,600 queries with 100 results: 60 MB and their vectors), but the
   * corpus is encoded again for each pass. @default {26}
   */
  atOnce?: number;
}

/** A language's question, by its place in the pass. */
interface Asked extends MkqaQuestion {
  /** Id of the query in the search: languages share question ids. */
  key: string;
  /** Least rank, from 0, of a passage that holds an answer. */
  hit: number;
}

/**
 * Measures an encoder on MKQA (spec section 16): questions in up to 26 languages
 * against the English passages of BEIR's NQ. Accuracy@k is the share of a
 * language's questions with a passage among the first k that holds an answer, by
 * the rule of {@linkcode hasAnswer}. The mean is over all languages; `means` has it also
 * without English, which some papers leave out.
 *
 * @param encode Turns texts into vectors.
 * @param folder Holds the questions (see `openMkqa`) and, unless `corpus` says
 * otherwise, the corpus; `tdro data pull mkqa` makes it.
 * @param options Languages, corpus, cuts, instruction.
 * @yields The report of each language when it is done; its task is `mkqa-fi`.
 * @returns The report of the benchmark; its `missing` names the languages that
 * weren't there.
 * @throws {Deno.errors.NotFound} If questions or corpus are missing.
 * @throws {RangeError} If a language or a cut is none.
 * @throws {SyntaxError} If a file is malformed.
 *
 * @example Usage
 * ```ts
 * import { writeWhole } from "@tdro/tdro/data";
 * import { collectReport, evaluateMkqa } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await writeWhole(
 *   `${folder}/test/de.jsonl`,
 *   '{"id":"1","question":"Wer schrieb Emma?","answers":["Jane Austen"]}\n',
 * );
 * await writeWhole(
 *   `${folder}/corpus.jsonl`,
 *   '{"_id":"p1","title":"Emma","text":"A novel by Jane Austen"}\n',
 * );
 * const encode = (texts: readonly string[]) =>
 *   Promise.resolve({
 *     data: Float32Array.from(texts, (text) => text.length),
 *     count: texts.length,
 *     dimension: 1,
 *   });
 * const report = await collectReport(evaluateMkqa(encode, folder));
 * assert.equal(report.mean["Accuracy@1"], 1);
 * ```
 */
export async function* evaluateMkqa(
  encode: EncodeFunction,
  folder: string,
  options: EvaluateMkqaOptions = {},
): AsyncGenerator<BenchmarkTaskReport, BenchmarkReport> {
  const { languages, corpus = folder, cuts = CUTS, atOnce = 26 } = options;
  for (const [name, value] of [["atOnce", atOnce], ...cuts.map(asCut)]) {
    if (Number.isInteger(value) && Number(value) >= 1) continue;
    throw new RangeError(
      `Cannot evaluate MKQA: ${name} must be an integer of at least 1: got ${value}`,
    );
  }
  const questions = await openMkqa(folder, languages);
  const passages = await openCorpus(corpus);
  const metrics = cuts.map((cut) => `Accuracy@${cut}`);
  const all = [...questions.keys()];
  const tasks: BenchmarkTaskReport[] = [];
  for (let from = 0; from < all.length; from += atOnce) {
    const pass = all.slice(from, from + atOnce);
    const asked = new Map(pass.map((language) => [
      language,
      questions.get(language)!.map((question, i): Asked => ({
        ...question,
        key: `${language} ${i}`,
        hit: Infinity,
      })),
    ]));
    const { count, sha256 } = await searchAnswers(
      encode,
      { asked, passages },
      options,
    );
    for (const [language, list] of asked) {
      const report: BenchmarkTaskReport = {
        task: `mkqa-${language}`,
        domain: tasks.length,
        prompt: promptOf(language, options),
        passages: count,
        data: dataOf(list, sha256),
        ...accuracy(list, cuts),
        queryIds: list.map(({ id }) => id),
        split: "test",
        language,
        ignoreIdenticalIds: false,
      };
      tasks.push(report);
      yield report;
    }
  }
  const foreign = tasks.filter(({ language }) => language !== "en");
  const settings = settingsOf(options, {
    split: "test",
    metrics,
    k: Math.max(...cuts),
  });
  return {
    ...reportHead("MKQA", settings, options.origin),
    benchmark: "MKQA",
    tasks,
    mean: meanOf(tasks, metrics),
    means: foreign.length === 0 ? [] : [{
      name: "without English",
      tasks: foreign.map(({ task }) => task),
      mean: meanOf(foreign, metrics),
    }],
    missing: MKQA_LANGUAGES.filter((language) => !questions.has(language))
      .map((language) => `mkqa-${language}`),
  };
}

const CUTS = [1, 3, 5, 10, 20, 100] as const;

function asCut(cut: number): [string, number] {
  return ["a cut", cut];
}

function promptOf(language: string, options: BenchmarkOptions): string {
  return promptFor({
    name: `mkqa-${language}`,
    prompt: catalogueRow("mkqa").prompt.query[0]!,
  }, options);
}

/** Searches, and notes for each question the first rank that holds an answer. */
async function searchAnswers(
  encode: EncodeFunction,
  { asked, passages }: {
    asked: ReadonlyMap<string, readonly Asked[]>;
    passages: () => AsyncIterable<Passage>;
  },
  { onProgress, cuts = CUTS, ...options }: EvaluateMkqaOptions,
): Promise<{ count: number; sha256: string }> {
  const corpus = new DataHash([], new Map());
  const queries = [...asked].flatMap(([language, list]) =>
    list.map(({ key, question }) => ({
      id: key,
      text: queryText(promptOf(language, options), question),
    }))
  );
  const { run, passages: count } = await streamSearch(
    encode,
    { queries, passages: noting(passages(), corpus) },
    {
      ...searchOptions(options),
      k: Math.max(...cuts),
      onProgress: onProgress && ((done) => onProgress("mkqa", done)),
    },
  );
  await noteHits([...asked.values()].flat(), run, passages());
  return { count, sha256: corpus.end().sha256 };
}

/** Hash of a language's questions with their answers, and of the corpus. */
function dataOf(questions: readonly MkqaQuestion[], corpus: string): EvalData {
  const hash = new DataHash(
    questions.map(({ id, question, answers }) => ({
      id,
      text: JSON.stringify([question, answers]),
    })),
    new Map(),
  );
  hash.add({ id: "corpus", text: corpus });
  return hash.end();
}

/** Reads the corpus again: the texts of what was found. */
async function noteHits(
  asked: readonly Asked[],
  run: Run,
  passages: AsyncIterable<Passage>,
): Promise<void> {
  // Passage id → questions and ranks, alternating: numbers, as there are millions.
  const found = new Map<string, number[]>();
  asked.forEach(({ key }, question) => {
    let rank = 0;
    for (const id of run.get(key)!.keys()) {
      const list = found.get(id);
      if (list) list.push(question, rank++);
      else found.set(id, [question, rank++]);
    }
  });
  const keys = new Map<string, string>();
  const keyOf = (answer: string) => {
    let key = keys.get(answer);
    if (key === undefined) keys.set(answer, key = answerKey(answer));
    return key;
  };
  for await (const passage of passages) {
    const list = found.get(passage.id);
    if (!list) continue;
    const text = answerKey(passageText(passage));
    for (let i = 0; i < list.length; i += 2) {
      const question = asked[list[i]!]!;
      const rank = list[i + 1]!;
      if (rank >= question.hit) continue;
      if (question.answers.some((answer) => text.includes(keyOf(answer)))) {
        question.hit = rank;
      }
    }
  }
}

function accuracy(
  asked: readonly Asked[],
  cuts: readonly number[],
): Pick<BenchmarkTaskReport, "mean" | "perQuery"> {
  const perQuery = Object.fromEntries(cuts.map((cut) => [
    `Accuracy@${cut}`,
    asked.map(({ hit }) => hit < cut ? 1 : 0),
  ]));
  const mean = Object.fromEntries(
    Object.entries(perQuery).map(([metric, values]) => [
      metric,
      values.reduce((sum: number, value) => sum + value, 0) / values.length,
    ]),
  );
  return { mean, perQuery };
}
