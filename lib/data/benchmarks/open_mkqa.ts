import { z } from "zod";
import { readJsonl } from "../beir/read_jsonl.ts";
import { listFiles } from "./list_files.ts";
import { describeIssue } from "../../base/describe_issue.ts";

/** The 26 languages of MKQA. */
export const MKQA_LANGUAGES: readonly string[] = [
  "ar",
  "da",
  "de",
  "en",
  "es",
  "fi",
  "fr",
  "he",
  "hu",
  "it",
  "ja",
  "km",
  "ko",
  "ms",
  "nl",
  "no",
  "pl",
  "pt",
  "ru",
  "sv",
  "th",
  "tr",
  "vi",
  "zh_cn",
  "zh_hk",
  "zh_tw",
];

/** A question of MKQA in one language. */
export interface MkqaQuestion {
  /** Id, the same in all languages. */
  id: string;
  /** The question. */
  question: string;
  /** Accepted answers, in English, as is the corpus. */
  answers: string[];
}

/** Language → its questions. */
export type MkqaQuestions = Map<string, MkqaQuestion[]>;

/** Ids of 18 digits, which no JavaScript number holds. */
const id = z.union([z.string(), z.number(), z.bigint()]).transform(String);

const perLanguage = z.object({
  id,
  question: z.string(),
  answers: z.array(z.string()),
});

const answer = z.object({
  type: z.string(),
  text: z.string().nullish(),
  aliases: z.array(z.string()).nullish(),
});

const original = z.object({
  example_id: id,
  queries: z.record(z.string(), z.string()),
  answers: z.record(z.string(), z.array(answer)),
});

/** Questions that no passage can answer by containing a text. */
const WITHOUT_TEXT = ["unanswerable", "long_answer", "binary"];

/**
 * Opens the questions of MKQA: a file a language (`de.jsonl` … with `id`,
 * `question`, `answers`, as the reference's evaluation has them), anywhere below
 * the folder, or the original `mkqa.jsonl` (or `.gz`), of which the English answers and
 * their aliases are taken and questions without a short answer left out.
 *
 * @param folder Folder that holds the files.
 * @param languages Languages to take. @default {those that are there}
 * @returns Language → questions, in the order of {@linkcode MKQA_LANGUAGES}.
 * @throws {SyntaxError} If a line is malformed; the message begins with
 * `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such folder, or no language in it.
 *
 * @example Usage
 * ```ts
 * import { openMkqa, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await writeWhole(
 *   `${folder}/test/de.jsonl`,
 *   '{"id":"1","question":"Wer schrieb Emma?","answers":["Jane Austen"]}\n',
 * );
 * const questions = await openMkqa(folder);
 * assert.deepEqual(questions.get("de")![0]!.answers, ["Jane Austen"]);
 * ```
 */
export async function openMkqa(
  folder: string,
  languages: readonly string[] = [],
): Promise<MkqaQuestions> {
  const unknown = languages.find((name) => !MKQA_LANGUAGES.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot open MKQA: a language must be one of ${
        MKQA_LANGUAGES.join(", ")
      }: got ${JSON.stringify(unknown)}`,
    );
  }
  const files = await listFiles(folder);
  const wanted = MKQA_LANGUAGES.filter((name) =>
    languages.length === 0 || languages.includes(name)
  );
  const questions = await openOriginal(folder, files, wanted) ??
    await openLanguages(folder, files, wanted);
  const missing = languages.find((name) => !questions.get(name)?.length);
  if (questions.size === 0 || missing !== undefined) {
    throw new Deno.errors.NotFound(
      `Cannot open MKQA in ${folder}: it needs ${
        missing ?? "de"
      }.jsonl, or mkqa.jsonl.gz of the original release`,
    );
  }
  return questions;
}

async function openLanguages(
  folder: string,
  files: readonly string[],
  languages: readonly string[],
): Promise<MkqaQuestions> {
  const questions: MkqaQuestions = new Map();
  for (const language of languages) {
    const path = files.find((file) =>
      new RegExp(`(^|/)${language}\\.jsonl(\\.gz)?$`).test(file)
    );
    if (path === undefined) continue;
    const rows: MkqaQuestion[] = [];
    const lines = readJsonl(`${folder}/${path}`, perLanguage, {
      exact: true,
    });
    for await (const { value } of lines) rows.push(value);
    questions.set(language, rows);
  }
  return questions;
}

async function openOriginal(
  folder: string,
  files: readonly string[],
  languages: readonly string[],
): Promise<MkqaQuestions | undefined> {
  const path = files.find((file) => /(^|\/)mkqa\.jsonl(\.gz)?$/.test(file));
  if (path === undefined) return undefined;
  const questions: MkqaQuestions = new Map(languages.map((name) => [name, []]));
  for await (
    const { line, value } of readJsonl(`${folder}/${path}`, original, {
      exact: true,
    })
  ) {
    const english = value.answers.en ?? [];
    if (english.some(({ type }) => WITHOUT_TEXT.includes(type))) continue;
    const answers: string[] = [];
    for (const { text, aliases } of english) {
      if (text) answers.push(text);
      if (aliases) answers.push(...aliases);
    }
    if (answers.length === 0) continue;
    for (const [language, rows] of questions) {
      const question = value.queries[language];
      if (question === undefined) {
        throw new SyntaxError(
          `${folder}/${path}:${line}: Cannot use the line: ${
            describeIssue(
              {
                code: "invalid_type",
                expected: "string",
                path: ["queries", language],
                message: "",
              },
              value,
            )
          }`,
        );
      }
      rows.push({ id: value.example_id, question, answers });
    }
  }
  return questions;
}
