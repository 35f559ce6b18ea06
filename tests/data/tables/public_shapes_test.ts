/**
 * Files as people have them, one or more of each kind, and how an import of them ends:
 * with the right judgments, or with a question that names its answer.
 */
import assert from "node:assert/strict";
import type { OpenImportOptions } from "../../../lib/data/mod.ts";
import { importFiles, pairs } from "./_cases.ts";

/** Rows as JSON lines. */
function lines(...rows: unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

type Case = [
  file: string,
  content: string,
  right: string[] | RegExp,
  options?: OpenImportOptions,
];

const TABLES: Case[] = [
  ["bom.csv", '\uFEFF"question","answer"\na,b\n', ["a → b: 1"]],
  ["sep.csv", "sep=;\nquestion;answer\na, b;c\n", ["a, b → c: 1"]],
  ["sep.csv", '"sep=,"\r\nquestion,answer\r\n"a, b",c\r\n', ["a, b → c: 1"]],
  [
    "sep.csv",
    "sep=;\nquestion;answer\na;b;c\n",
    /sep\.csv:3: .*must have 2 columns/,
  ],
  [
    "sep.csv",
    'sep=;\nquestion;answer\n"a;b\n',
    /sep\.csv:3: .*a double quote is opened and never closed/,
  ],
  [
    "comma.csv",
    "query;passage;score\na;b;4,5\n",
    /comma\.csv:2: .*"score" must hold a grade.*got "4,5"/,
    { score: "score", minScore: 4 },
  ],
  [
    "percent.csv",
    "query,passage,score\na,b,90%\n",
    /"score" must hold a grade.*got "90%"/,
    { score: "score", minScore: 0.5 },
  ],
  [
    "thousand.csv",
    'query,passage,score\na,b,"1,000"\n',
    /"score" must hold a grade.*got "1,000"/,
    { score: "score", minScore: 5 },
  ],
  [
    "bool.csv",
    "query,passage,label\na,b,TRUE\na,c,FALSE\n",
    ["a → b: 1", "a → c: 0"],
    { score: "label" },
  ],
  [
    "lines.csv",
    'question,answer\r\n"a\nb",c\r\nd,"e\r\nf"\n',
    ["a\nb → c: 1", "d → e\nf: 1"],
  ],
  ["mac.csv", "question,answer\ra,b\rc,d\r", ["a → b: 1", "c → d: 1"]],
  ["twice.csv", "question,answer,answer\na,b,c\n", /"answer" appears twice/],
  ["nul.csv", "question,answer\na,b\0c\n", ["a → b\0c: 1"]],
  ["empty.csv", "question,answer,,\na,b,,\n", ["a → b: 1"]],
  ["short.csv", "question,answer,note\na,b\n", /must have 3 columns.*got 2/],
  [
    "blank.csv",
    "question,answer\na,b\n\n,\nc,d\n",
    /blank\.csv:4: .*"question" must hold a text/,
  ],
  [
    "blank.csv",
    "question,answer\na,b\n\n,\nc,d\n",
    ["a → b: 1", "c → d: 1"],
    { skipEmpty: true },
  ],
  ["escape.csv", 'question,answer\n"a \\"b\\"",c\n', /write it twice \(""\)/],
  ["na.csv", "query,passage\nNA,None\nnull,nan\n", [
    "NA → None: 1",
    "null → nan: 1",
  ]],
  [
    "lists.csv",
    "query,positives\na,\"['b', 'c']\"\nd,\"['e']\"\n",
    /"positives" holds lists that are written as texts \(\['b', 'c'\]\)/,
  ],
  [
    "lists.csv",
    'query,positives\na,"[""b"", ""c""]"\n',
    /"positives" holds lists that are written as texts/,
  ],
  [
    "lists.csv",
    "query,passage\na,\"['b']\"\nd,[e] is a vowel\n",
    ["a → ['b']: 1", "d → [e] is a vowel: 1"],
  ],
  [
    "excel.csv",
    "query_id,query,passage\n1.6E+18,a,b\n1.6E+18,c,d\n",
    /excel\.csv:3: .*query "1\.6E\+18" must have one text: .*excel\.csv:2 gives/,
  ],
];

const SHAPES: Case[] = [
  [
    "quora.csv",
    "id,qid1,qid2,question1,question2,is_duplicate\n0,1,2,a,b,0\n1,3,4,c,d,1\n",
    ["a → b: 0", "c → d: 1"],
    { query: "question1", passage: "question2", score: "is_duplicate" },
  ],
  [
    "fever.jsonl",
    lines({ claim: "a", evidence_text: "b", label: "SUPPORTS" }, {
      claim: "c",
      evidence_text: "d",
      label: "REFUTES",
    }),
    ["a → b: 1", "c → d: 0"],
    {
      passage: "evidence_text",
      score: "label",
      mapLabels: ["SUPPORTS=1", "REFUTES=0"],
    },
  ],
  [
    "snli.jsonl",
    lines({ sentence1: "a", sentence2: "b", gold_label: "-" }),
    /got "-"; add "-=…"/,
    { score: "gold_label", mapLabels: ["entailment=1"] },
  ],
  [
    "mmarco.tsv",
    'was ist "x"\tgut\tschlecht\nwo\tda\tdort\n',
    [
      'was ist "x" → gut: 1',
      'was ist "x" → schlecht: 0',
      "wo → da: 1",
      "wo → dort: 0",
    ],
    { header: false, columns: ["query", "positive", "negative"] },
  ],
  [
    "graded.jsonl",
    lines({ query: "a", docs: ["b", "c"], labels: [2, 0] }),
    ["a → b: 2", "a → c: 0"],
    { score: "labels" },
  ],
  [
    "graded.jsonl",
    lines({ query: "a", docs: ["b", "c"], labels: [2, 0] }),
    /column "labels" may tell which rows match/,
  ],
  [
    "graded.jsonl",
    lines({ query: "a", docs: ["b", "c"], labels: [2] }),
    /"labels" must have a grade for each of the 2 passages: got 1/,
    { score: "labels" },
  ],
  [
    "scores.jsonl",
    lines({ query: "a", passages: ["b", "c"], scores: [0.9, 0.1] }),
    /column "scores" may tell which rows match/,
  ],
  [
    "scores.jsonl",
    lines({ query: "a", passages: ["b", "c"], scores: [0.9, 0.1] }),
    ["a → b: 1", "a → c: 0"],
    { score: "scores", minScore: 0.5 },
  ],
  [
    "objects.jsonl",
    lines({
      query: "a",
      documents: [{ text: "b", relevance: 1 }, { text: "c", relevance: 0 }],
    }),
    /column "documents\.relevance" may tell .*--score documents\.relevance, --score none/,
  ],
  [
    "objects.jsonl",
    lines({
      query: "a",
      documents: [{ text: "b", relevance: 1 }, { text: "c", relevance: 0 }],
    }),
    ["a → b: 1", "a → c: 0"],
    { score: "documents.relevance" },
  ],
  [
    "objects.jsonl",
    lines({ query: "a", documents: [{ text: "b", relevance: 0.2 }] }),
    ["a → b: 1"],
    { score: null },
  ],
  [
    "objects.jsonl",
    lines({ query: "a", note: {}, documents: [{ text: "b" }] }),
    /Cannot find column "note\.x"/,
    { score: "note.x" },
  ],
  [
    "eli5.jsonl",
    lines({ title: "a", answers: { text: ["b", "c"], score: [3, -1] } }),
    ["a → b: 3", "a → c: -1"],
    { query: "title", score: "answers.score" },
  ],
  [
    "fid.jsonl",
    lines({
      question: "a",
      answers: ["x"],
      ctxs: [{ text: "b", hasanswer: true }, { text: "c", hasanswer: false }],
    }),
    ["a → b: 1", "a → c: 0"],
    { passage: "ctxs", score: "ctxs.hasanswer" },
  ],
  [
    "dpr.jsonl",
    lines({
      question: "a",
      positive_ctxs: [{ text: "b", title: "T", score: 0, title_score: 1 }],
      hard_negative_ctxs: [{ text: "c", title: "U", score: 9 }],
    }),
    ["a → b: 1", "a → c: 0"],
  ],
  [
    "flag.jsonl",
    lines({
      query: "a",
      pos: ["b"],
      neg: ["c"],
      pos_scores: [1],
      neg_scores: [0],
    }),
    ["a → b: 1", "a → c: 0"],
  ],
  [
    "reward.jsonl",
    lines({
      query: "a",
      positive: "b",
      positive_score: 9,
      negative: "c",
      hard_negative_scores: [1],
    }),
    ["a → b: 1", "a → c: 0"],
  ],
  [
    "studio.csv",
    "query,passage,sentiment\na,b,relevant\na,c,not relevant\nd,e,relevant\nd,f,not relevant\n",
    /column "sentiment" \("not relevant", relevant\) may tell/,
  ],
  [
    "chat.jsonl",
    lines({ messages: [{ role: "user", content: "a" }] }),
    /no column is called like a query/,
  ],
  [
    "columns.json",
    JSON.stringify({ question: { 0: "a" }, answer: { 0: "b" } }),
    /"question" must hold a text: got \{"0":"a"\}/,
  ],
  ["lists.jsonl", lines(["a", "b"]), /the line must be an object/],
];

for (const [file, content, right, options] of [...TABLES, ...SHAPES]) {
  Deno.test(`${file}: ${JSON.stringify(content).slice(0, 60)} ${JSON.stringify(options ?? {})}`, async () => {
    const imported = importFiles({ [file]: content }, options);
    if (right instanceof RegExp) await assert.rejects(imported, right);
    else assert.deepEqual(pairs((await imported).task), right);
  });
}
