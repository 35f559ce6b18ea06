import assert from "node:assert/strict";
import { openSuite } from "../../lib/data/mod.ts";
import { ROOT } from "../_paths.ts";
import { inTempFolder, writeFiles } from "../data/_folders.ts";
import { tdro } from "./_capture.ts";

/** Rows as JSON lines. */
function lines(...rows: unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

const BEIR = (split: string) => ({
  "corpus/part.jsonl": lines({ _id: "p1", text: "one" }),
  "queries/part.jsonl": lines({ _id: "q1", text: "uno" }),
  [`qrels/${split}.jsonl`]: lines({
    "query-id": "q1",
    "corpus-id": "p1",
    score: 1,
  }),
});

/** Files of a folder, in another. */
function inFolder(name: string, files: Record<string, string>) {
  const entries = Object.entries(files);
  return Object.fromEntries(
    entries.map(([path, text]) => [`${name}/${path}`, text]),
  );
}

/** A small file of each format, as its publisher has it. */
const FILES: Record<string, string> = {
  "faq.csv": "anchor,positive\nWhen?,At nine\nWhere?,Here\n",
  "fragen.csv": "Frage,Antwort\nWann?,Um neun\nWo?,Hier\n",
  "triples.jsonl": lines({ anchor: "a", positive: "b", negative: "c" }),
  "sts.csv": "sentence1,sentence2,score\na,b,4.5\na,c,1.2\n",
  "quora.csv":
    "id,qid1,qid2,question1,question2,is_duplicate\n0,1,2,a,b,0\n1,3,4,c,d,1\n",
  "mmarco.tsv": "a\tb\tc\nd\te\tf\n",
  "graded.jsonl": lines({ query: "a", passages: ["b", "c"], labels: [1, 0] }),
  "ranked.jsonl": lines({
    query: "a",
    passages: [{ text: "b", relevance: 2 }, { text: "c", relevance: 0 }],
  }),
  "nli.jsonl": lines(
    { premise: "a", hypothesis: "b", gold_label: "entailment" },
    { premise: "a", hypothesis: "c", gold_label: "contradiction" },
    { premise: "a", hypothesis: "d", gold_label: "neutral" },
  ),
  "esci.csv":
    "query_id,query,product_id,product_title,esci_label\n1,shoe,B1,boot,E\n1,shoe,B2,sandal,S\n1,shoe,B3,lace,C\n1,shoe,B4,cup,I\n",
  "dpr.json": JSON.stringify([{
    dataset: "nq",
    question: "who?",
    answers: ["Ann"],
    positive_ctxs: [{ title: "T", text: "Ann did.", passage_id: "1" }],
    negative_ctxs: [],
    hard_negative_ctxs: [{ title: "U", text: "Bob ate.", passage_id: "2" }],
  }]),
  "tevatron.jsonl": lines({
    query_id: "1",
    query: "a",
    positive_passages: [{ docid: "p", title: "", text: "b" }],
    negative_passages: [{ docid: "n", title: "", text: "c" }],
  }),
  "flag.jsonl": lines({
    query: "a",
    pos: ["b"],
    neg: ["c"],
    pos_scores: [9],
    neg_scores: [1],
    prompt: "p",
    type: "normal",
  }),
  "hotpot.jsonl": lines({
    id: "1",
    question: "a",
    answer: "yes",
    type: "bridge",
    level: "hard",
    supporting_facts: { title: ["T", "T", "U"], sent_id: [0, 1, 0] },
    context: {
      title: ["T", "U", "V"],
      sentences: [["One.", " Two."], ["Three."], ["Four."]],
    },
  }),
  "musique.jsonl": lines({
    id: "2hop__1",
    question: "a",
    answer: "x",
    paragraphs: [
      { idx: 0, title: "T", paragraph_text: "b", is_supporting: true },
      { idx: 1, title: "U", paragraph_text: "c", is_supporting: false },
    ],
  }),
  "msmarco.jsonl": lines(
    {
      query: "a",
      query_id: 1,
      query_type: "description",
      answers: ["x"],
      passages: {
        is_selected: [0, 1],
        passage_text: ["b", "c"],
        url: ["u", "v"],
      },
    },
    {
      query: "d",
      query_id: 2,
      query_type: "entity",
      answers: ["No Answer Present."],
      passages: { is_selected: [0], passage_text: ["e"], url: ["w"] },
    },
  ),
  "squad.jsonl": lines({
    id: "1",
    title: "T",
    context: "b",
    question: "a",
    answers: { text: ["x"], answer_start: [0] },
  }),
  ...inFolder("hub_set", {
    "data/train-00000-of-00001.jsonl": lines({ query: "a", positive: "b" }),
    "data/validation-00000-of-00001.jsonl": lines({
      query: "c",
      positive: "d",
    }),
  }),
  ...inFolder("hub_hard", {
    "data/train-00000-of-00001.jsonl": lines({ query: "a", positive: "b" }),
    "data/test_hard-00000-of-00001.jsonl": lines({ query: "c", positive: "d" }),
  }),
  ...inFolder("mteb_set", BEIR("test")),
  ...inFolder("nano_set", BEIR("train")),
  "topics.csv":
    "topic,question,answer\nhours,When?,At nine\nplace,Where?,Here\n",
};

/** Task → train, dev and test queries, passages, and pairs that match. */
const RIGHT: Record<string, [number, number, number, number, number]> = {
  faq: [2, 0, 0, 2, 2],
  fragen: [2, 0, 0, 2, 2],
  triples: [1, 0, 0, 2, 1],
  sts: [1, 0, 0, 2, 1],
  quora: [2, 0, 0, 2, 1],
  mmarco: [2, 0, 0, 4, 2],
  graded: [1, 0, 0, 2, 1],
  ranked: [1, 0, 0, 2, 1],
  nli: [1, 0, 0, 2, 1],
  esci: [1, 0, 0, 4, 3],
  nq: [1, 0, 0, 2, 1],
  marco: [1, 0, 0, 2, 1],
  flag: [1, 0, 0, 2, 1],
  hotpot: [1, 0, 0, 3, 2],
  musique: [1, 0, 0, 2, 1],
  msmarco: [1, 0, 0, 2, 1],
  squad: [1, 0, 0, 1, 1],
  hub: [1, 1, 0, 2, 2],
  hard: [1, 0, 1, 2, 2],
  mteb: [0, 0, 1, 1, 1],
  nano: [0, 0, 1, 1, 1],
  hours: [1, 0, 0, 1, 1],
  place: [1, 0, 0, 1, 1],
};

Deno.test("each import line of docs/coming-from.md does what it says", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/coming-from.md`);
  const shown = page.match(/^tdro data import .*/gm) ?? [];
  assert.equal(shown.length, Object.keys(RIGHT).length - 1);
  await inTempFolder(async (folder) => {
    await writeFiles(folder, FILES);
    for (const line of shown) {
      const words = line.split(" ").slice(1).map((word) =>
        Object.keys(FILES).some((path) =>
            path === word || path.startsWith(`${word}/`)
          ) || word.startsWith("my/")
          ? `${folder}/${word}`
          : word
      );
      const { code, err } = await tdro(...words, "--dev", "0", "--test", "0");
      assert.equal(code, 0, `${line}: ${err}`);
    }
    for (const suite of ["my/suite", "my/topics"]) {
      for (
        const { name, qrels, corpus } of (await openSuite(`${folder}/${suite}`))
          .tasks
      ) {
        const matches = Object.values(qrels).flatMap((split) =>
          [...split.values()].flatMap((grades) => [...grades.values()])
        ).filter((grade) => grade > 0);
        assert.deepEqual(
          [
            qrels.train?.size ?? 0,
            qrels.dev?.size ?? 0,
            qrels.test?.size ?? 0,
            corpus.size,
            matches.length,
          ],
          RIGHT[name],
          name,
        );
      }
    }
  });
});
