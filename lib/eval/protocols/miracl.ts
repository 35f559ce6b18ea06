import type { BenchmarkSet } from "../../data/benchmarks/benchmark_set.ts";
import type { EncodeFunction } from "../../model/types.ts";
import {
  type BenchmarkPart,
  type JudgedBenchmarkOptions,
  runParts,
} from "./benchmark.ts";
import type {
  BenchmarkReport,
  BenchmarkTaskReport,
} from "../records/benchmark_report.ts";
import {
  catalogueRow,
  MIRACL_LANGUAGES,
  openBeirSet,
  openMiracl,
} from "../../data/mod.ts";
import { exists } from "../../base/files/exists.ts";

/** Options of {@linkcode evaluateMiracl}. */
export interface EvaluateMiraclOptions extends JudgedBenchmarkOptions {
  /** Languages to run, by their tags. @default those that are there */
  languages?: readonly string[];
  /**
   * Whether queries keep the line end of their line, as in the reference's
   * evaluation (spec section 16). @default {true}
   */
  lineEnd?: boolean;
}

/**
 * Measures an encoder on MIRACL (spec section 16): the dev queries of each
 * language against its own Wikipedia corpus, read as a stream; binary
 * judgments; nDCG@10 and Recall@100, and their means over the languages.
 *
 * @param encode Turns texts into vectors.
 * @param folder Holds a folder for each language, e.g. `sw`, in BEIR's form, as `tdro
 * data pull miracl` makes it; or the files as published, anywhere below.
 * @param options Languages, metrics, instructions.
 * @yields The report of each language when it is done; its task is `miracl-sw`.
 * @returns The report of the benchmark; its `missing` names the languages that
 * weren't there.
 * @throws {Deno.errors.NotFound} If no language is there, or one that `languages`
 * names isn't.
 * @throws {RangeError} If `languages` names none of MIRACL's, or a metric is unknown.
 * @throws {SyntaxError} If a file is malformed.
 *
 * @example Usage
 * ```ts
 * import { writeWhole } from "@tdro/tdro/data";
 * import { collectReport, evaluateMiracl } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const file = (kind: string) => `${folder}/${kind}.miracl-v1.0-yo-dev.tsv`;
 * await writeWhole(file("topics"), "7#0\tKí ni ọjà?\n");
 * await writeWhole(file("qrels"), "7#0\tQ0\t12#3\t1\n");
 * await writeWhole(
 *   `${folder}/miracl-corpus-v1.0-yo/docs-0.jsonl`,
 *   '{"docid":"12#3","title":"Ọjà","text":"Ibi ìtajà"}\n',
 * );
 * const encode = (texts: readonly string[]) =>
 *   Promise.resolve({
 *     data: Float32Array.from(texts, (text) => text.length),
 *     count: texts.length,
 *     dimension: 1,
 *   });
 * const report = await collectReport(evaluateMiracl(encode, folder));
 * assert.equal(report.tasks[0]!.language, "yo");
 * assert.equal(report.missing.length, 17);
 * ```
 */
export async function* evaluateMiracl(
  encode: EncodeFunction,
  folder: string,
  { languages, lineEnd = true, ...options }: EvaluateMiraclOptions = {},
): AsyncGenerator<BenchmarkTaskReport, BenchmarkReport> {
  const unknown = languages?.find((tag) => !MIRACL_LANGUAGES.includes(tag));
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot evaluate MIRACL: languages must be among ${
        MIRACL_LANGUAGES.join(", ")
      }: got ${JSON.stringify(unknown)}`,
    );
  }
  const parts: (() => Promise<BenchmarkPart>)[] = [];
  const missing: string[] = [];
  let why: Error | undefined;
  for (const language of languages ?? MIRACL_LANGUAGES) {
    try {
      // Opened twice, so that all languages don't sit in memory together.
      await openLanguage(folder, language, lineEnd);
      parts.push(() => openLanguage(folder, language, lineEnd));
    } catch (error) {
      if (languages || !(error instanceof Deno.errors.NotFound)) throw error;
      why ??= error;
      missing.push(`miracl-${language}`);
    }
  }
  if (parts.length === 0) throw why!;
  return yield* runParts(encode, parts, {
    ...options,
    benchmark: "MIRACL",
    split: "dev",
    missing,
  });
}

async function openLanguage(
  folder: string,
  language: string,
  lineEnd: boolean,
): Promise<BenchmarkPart> {
  const pulled = await exists(`${folder}/${language}/qrels`);
  return {
    set: pulled
      ? await openPulled(`${folder}/${language}`, language, lineEnd)
      : await openMiracl(folder, language, { lineEnd }),
    name: `miracl-${language}`,
    prompt: catalogueRow(`miracl/${language}`).prompt.query[0]!,
    ignoreIdenticalIds: false,
  };
}

/** A language that was put into BEIR's form. */
async function openPulled(
  folder: string,
  language: string,
  lineEnd: boolean,
): Promise<BenchmarkSet> {
  const set = await openBeirSet(folder, { split: "dev", language });
  for (const grades of set.qrels.values()) {
    grades.forEach((grade, id) => grades.set(id, grade >= 1 ? 1 : 0));
  }
  if (!lineEnd) return set;
  const queries = new Map(
    Array.from(set.queries, ([id, query]) => [
      id,
      { ...query, text: `${query.text}\n` },
    ]),
  );
  return { ...set, queries };
}
