/**
 * What columns are called in data sets, in lower case without `_`. Groups come best
 * first; two columns of one group are two readings. Names of one entry are the same
 * thing, and the first of them that is there counts.
 */
export const NAMES = {
  query: [
    [
      "query",
      "question",
      "anchor",
      "queries",
      "questions",
      "querytext",
      "searchquery",
      "claim",
    ],
    ["sentence1", "text1", "q"],
  ],
  passage: [
    [
      "passage",
      "positive",
      "document",
      "pos",
      "doc",
      "positivepassages",
      "positivectxs",
      "positivecontexts",
      "positivetext",
      "positives",
      "passages",
      "documents",
      "docs",
      "passagetext",
      "documenttext",
      "context",
      "contexts",
      "paragraph",
      "paragraphs",
    ],
    [
      "answer",
      "answers",
      "goodanswer",
      "bestanswer",
      "correctanswer",
      "response",
      "text",
      "content",
      "body",
    ],
    ["sentence2", "text2", "a"],
  ],
  title: [["title", "passagetitle", "doctitle", "documenttitle"]],
  split: [["split", "subset", "partition"]],
  queryId: [["queryid", "qid", "questionid"]],
  passageId: [[
    "passageid",
    "pid",
    "docid",
    "documentid",
    "corpusid",
    "answerid",
  ]],
} as const satisfies Record<string, readonly (readonly string[])[]>;

const THINGS =
  "(passage|doc|document|text|ctx|context|answer|sentence|example)";

const NEGATIVE = new RegExp(
  `^(?:(?:hard|bm25|mined|random|easy)*neg(?:ative)?s?${THINGS}?s?|(?:bad|wrong|incorrect|false)(?:answer|passage|document|context)s?)\\d*$`,
);

/** Whether a column is called like passages that don't answer. */
export function isNegativeName(column: string): boolean {
  return NEGATIVE.test(simplified(column));
}

/** Words of columns that tell matches from misses. */
const LABELS = new Set([
  "annotation",
  "correct",
  "duplicate",
  "entailment",
  "gold",
  "grade",
  "judgement",
  "judgment",
  "label",
  "match",
  "matche",
  "qrel",
  "rating",
  "relevance",
  "relevancy",
  "relevant",
  "score",
  "similar",
  "similarity",
  "target",
  "verdict",
]);

/** Whether a column is called like one that tells matches from misses. */
export function isLabelName(column: string): boolean {
  const words = wordsOf(column).map((word) => word.replace(/s$/, ""));
  const whole = simplified(column);
  return words.some((word) => LABELS.has(word)) ||
    [...LABELS].some((word) => whole === word || whole === `is${word}`);
}

/** Whether a column is called like passages that do answer. */
export function isPositiveName(column: string): boolean {
  return /^(pos|gold|relevant|correct|good|best)/.test(simplified(column));
}

/** Columns of few values that tell of a row what no judgment is. */
const ABOUT = new Set([
  "author",
  "category",
  "country",
  "dataset",
  "date",
  "difficulty",
  "domain",
  "lang",
  "language",
  "level",
  "licence",
  "license",
  "locale",
  "month",
  "prompt",
  "section",
  "partition",
  "source",
  "split",
  "subject",
  "subset",
  "title",
  "topic",
  "url",
  "year",
]);

/** Whether a column is called like one that tells of a row, and judges nothing. */
export function isAboutName(column: string): boolean {
  return wordsOf(column).some((word) => ABOUT.has(word));
}

/** `hardNegative_ctxs` → `hardnegativectxs`. */
export function simplified(column: string): string {
  return column.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** `isRelevant_2` → `is`, `relevant`, `2`. */
function wordsOf(column: string): string[] {
  return column.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").toLowerCase()
    .match(/\p{L}+|\p{N}+/gu) ?? [];
}
