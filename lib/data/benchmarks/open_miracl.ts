import type { BenchmarkSet } from "./benchmark_set.ts";
import { judgedQueries } from "./judged_queries.ts";
import { listFiles } from "./list_files.ts";
import { readPassages } from "./records.ts";
import { readJudgments } from "./read_judgments.ts";
import { readTopics } from "./read_topics.ts";

/** The 18 languages of MIRACL, the two surprise languages last. */
export const MIRACL_LANGUAGES: readonly string[] = [
  "ar",
  "bn",
  "en",
  "es",
  "fa",
  "fi",
  "fr",
  "hi",
  "id",
  "ja",
  "ko",
  "ru",
  "sw",
  "te",
  "th",
  "zh",
  "de",
  "yo",
];

/** Options of {@linkcode openMiracl}. */
export interface OpenMiraclOptions {
  /** Split of topics and judgments. @default {"dev"} */
  split?: string;
  /**
   * Whether the query's text keeps the line end of its line, as in the
   * reference's evaluation (spec section 16). @default {true}
   */
  lineEnd?: boolean;
}

/**
 * Opens one language of MIRACL as published: topics
 * (`topics.miracl-v1.0-sw-dev.tsv`), judgments (`qrels.miracl-v1.0-sw-dev.tsv`)
 * and the corpus (`miracl-corpus-v1.0-sw/docs-0.jsonl.gz` …), anywhere below the
 * folder. Grades are made binary.
 *
 * @param folder Folder that holds the files.
 * @param language One of {@linkcode MIRACL_LANGUAGES}.
 * @param options Split, and how lines are read.
 * @returns The set; its corpus is read as a stream, shard by shard.
 * @throws {RangeError} If MIRACL has no such language.
 * @throws {SyntaxError} If a file is malformed.
 * @throws {Deno.errors.NotFound} If a file is missing.
 *
 * @example Usage
 * ```ts
 * import { openMiracl, writeWhole } from "@tdro/tdro/data";
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
 * const { queries } = await openMiracl(folder, "yo", { lineEnd: false });
 * assert.equal(queries.get("7#0")!.text, "Kí ni ọjà?");
 * ```
 */
export async function openMiracl(
  folder: string,
  language: string,
  { split = "dev", lineEnd = true }: OpenMiraclOptions = {},
): Promise<BenchmarkSet> {
  if (!MIRACL_LANGUAGES.includes(language)) {
    throw new RangeError(
      `Cannot open MIRACL: language must be one of ${
        MIRACL_LANGUAGES.join(", ")
      }: got ${JSON.stringify(language)}`,
    );
  }
  const files = await listFiles(folder);
  const one = (kind: string) => {
    const name = `${kind}.miracl-v1.0-${language}-${split}.tsv`;
    const path = files.find((path) =>
      path.endsWith(name) || path.endsWith(`${name}.gz`)
    );
    return path ?? missing(folder, name);
  };
  const topics = one("topics");
  const judgments = one("qrels");
  const corpus = files.filter((path) =>
    path.includes(`miracl-corpus-v1.0-${language}/docs-`) &&
    /\.jsonl(\.gz)?$/.test(path)
  );
  if (corpus.length === 0) {
    missing(folder, `miracl-corpus-v1.0-${language}/docs-*.jsonl.gz`);
  }
  const qrels = await readJudgments(`${folder}/${judgments}`);
  for (const grades of qrels.values()) {
    grades.forEach((grade, id) => grades.set(id, grade >= 1 ? 1 : 0));
  }
  const queries = await readTopics(`${folder}/${topics}`);
  if (lineEnd) { for (const query of queries.values()) query.text += "\n"; }
  return {
    name: `miracl-${language}`,
    prompt: "",
    language,
    kind: "question-passage",
    license: "Apache-2.0 (topics and judgments), CC-BY-SA (Wikipedia)",
    source: "MIRACL v1.0",
    split,
    queries: await judgedQueries(queries.values(), qrels, folder),
    qrels,
    files: [...corpus, topics, judgments],
    passages: () => readPassages(corpus.map((path) => `${folder}/${path}`)),
  };
}

function missing(folder: string, name: string): never {
  throw new Deno.errors.NotFound(
    `Cannot open MIRACL in ${folder}: ${name} is missing; fetch it with tdro data pull, or copy it there`,
  );
}
