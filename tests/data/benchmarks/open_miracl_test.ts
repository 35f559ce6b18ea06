import assert from "node:assert/strict";
import {
  MIRACL_LANGUAGES,
  openMiracl,
  readJudgments,
  readTopics,
} from "../../../lib/data/mod.ts";
import { shared, withShared } from "../../_shared.ts";
import { folderOf } from "./_files.ts";

const FILES = {
  "miracl-v1.0-sw/topics/topics.miracl-v1.0-sw-dev.tsv":
    "6#0\tBandari iko wapi?\n8#0\tJe, ni gani?\n9#0\tunjudged\n",
  "miracl-v1.0-sw/qrels/qrels.miracl-v1.0-sw-dev.tsv":
    "6#0\tQ0\t10#2\t1\n6#0\tQ0\t10#11\t0\n8#0\tQ0\t2#0\t2\n",
  "miracl-corpus-v1.0-sw/docs-10.jsonl.gz": [
    { docid: "10#11", title: "B", text: "c" },
  ],
  "miracl-corpus-v1.0-sw/docs-2.jsonl.gz": [
    { docid: "2#0", title: "A", text: "a" },
    { docid: "10#2", title: "", text: "b" },
  ],
  "miracl-corpus-v1.0-yo/docs-0.jsonl.gz": [{ docid: "x", text: "y" }],
};

Deno.test("MIRACL as published", async () => {
  const folder = await folderOf(FILES);
  const set = await openMiracl(folder, "sw");
  assert.deepEqual([...set.queries.values()], [
    { id: "6#0", text: "Bandari iko wapi?\n" },
    { id: "8#0", text: "Je, ni gani?\n" },
  ]);
  // Binary; and shard 2 comes before shard 10.
  assert.deepEqual([...set.qrels.get("6#0")!], [["10#2", 1], ["10#11", 0]]);
  assert.equal(set.qrels.get("8#0")!.get("2#0"), 1);
  assert.deepEqual(
    (await Array.fromAsync(set.passages())).map(({ id }) => id),
    ["2#0", "10#2", "10#11"],
  );
  const trimmed = await openMiracl(folder, "sw", { lineEnd: false });
  assert.equal(trimmed.queries.get("6#0")!.text, "Bandari iko wapi?");
});

Deno.test("openMiracl() says what is wrong", async () => {
  const folder = await folderOf(FILES);
  const fails = (language: string, message: RegExp) =>
    assert.rejects(openMiracl(folder, language), { message });
  await fails("xx", /language must be one of ar, bn, .*yo: got "xx"/);
  await fails("yo", /topics\.miracl-v1\.0-yo-dev\.tsv is missing; fetch/);
  await assert.rejects(
    openMiracl(folder, "sw", { split: "train" }),
    /topics\.miracl-v1\.0-sw-train\.tsv is missing/,
  );
  assert.equal(new Set(MIRACL_LANGUAGES).size, 18);
});

Deno.test("readTopics() says what is wrong", async () => {
  for (
    const [content, message] of [
      ["1 no tab\n", /t\.tsv:1: .*2 columns \(id, text\)/],
      ["1\ta\n\n1\tb\n", /t\.tsv:3: .*earlier line has the id "1"/],
      ["\ta\n", /t\.tsv:1: .*the id must not be empty/],
    ] as const
  ) {
    const folder = await folderOf({ "t.tsv": content });
    await assert.rejects(readTopics(`${folder}/t.tsv`), { message });
  }
});

withShared("the real topics and judgments of MIRACL and BEIR", async () => {
  const folder = shared("data/qrels");
  // Counts of its README.
  const lines = { fr: 3429, ko: 3057, sw: 5092, zh: 3928 };
  const queries = { fr: 343, ko: 213, sw: 482, zh: 393 };
  for (const [language, count] of Object.entries(lines)) {
    const name = `miracl-v1.0-${language}-dev.tsv`;
    const topics = await readTopics(`${folder}/topics.${name}`);
    const qrels = await readJudgments(`${folder}/qrels.${name}`);
    assert.equal(topics.size, queries[language as keyof typeof queries]);
    assert.deepEqual([...qrels.keys()].sort(), [...topics.keys()].sort());
    const judged = [...qrels.values()].reduce(
      (n, grades) => n + grades.size,
      0,
    );
    assert.equal(judged, count);
  }
  for (
    const [name, count] of [
      ["arguana", 1406],
      ["fiqa", 1706],
      ["nfcorpus", 12334],
      ["scifact", 339],
      ["trec-covid", 66334],
    ] as const
  ) {
    const qrels = await readJudgments(
      `${folder}/qrels.beir-v1.0.0-${name}.test.txt`,
    );
    const judged = [...qrels.values()].reduce(
      (n, grades) => n + grades.size,
      0,
    );
    assert.equal(judged, count, name);
  }
  const covid = await readTopics(
    `${folder}/topics.beir-v1.0.0-trec-covid.test.tsv.gz`,
  );
  assert.equal(covid.size, 50);
  assert.equal(covid.get("1")!.text, "what is the origin of COVID-19");
});
