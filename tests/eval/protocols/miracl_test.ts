import assert from "node:assert/strict";
import { readTopics, readTrecQrels, type Run } from "../../../lib/data/mod.ts";
import {
  collectReport,
  evaluateMiracl,
  type EvaluateMiraclOptions,
  evaluateRun,
} from "../../../lib/eval/mod.ts";
import { shared, withShared } from "../../_shared.ts";
import { inTempFolder, writeFiles } from "../../data/_folders.ts";
import { type Encoded, letterEncoder } from "../_letters.ts";

/** A language as published, and one in BEIR's form, with the same content. */
const FILES = {
  "miracl-v1.0-sw/topics/topics.miracl-v1.0-sw-dev.tsv": "1#0\tndege\n2\tmji\n",
  "miracl-v1.0-sw/qrels/qrels.miracl-v1.0-sw-dev.tsv":
    "1#0\tQ0\ta#1\t1\n1#0\tQ0\tb#0\t0\n2\tQ0\tb#0\t3\n",
  "miracl-corpus-v1.0-sw/docs-0.jsonl":
    '{"docid":"a#1","title":"Ndege","text":"ndege"}\n',
  "miracl-corpus-v1.0-sw/docs-1.jsonl":
    '{"docid":"b#0","title":"Mji","text":"mji mkuu"}\n',
  "yo/queries.jsonl":
    '{"_id":"1#0","text":"ndege"}\n{"_id":"2","text":"mji"}\n',
  "yo/qrels/dev.tsv":
    "query-id\tcorpus-id\tscore\n1#0\ta#1\t1\n1#0\tb#0\t0\n2\tb#0\t3\n",
  "yo/corpus.jsonl":
    '{"_id":"a#1","title":"Ndege","text":"ndege"}\n{"_id":"b#0","title":"Mji","text":"mji mkuu"}\n',
};

Deno.test("evaluateMiracl() takes files as published, and in BEIR's form", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, FILES);
    const seen: Encoded[] = [];
    const report = await collectReport(
      evaluateMiracl(letterEncoder(seen), folder),
    );
    const [sw, yo] = report.tasks;
    assert.deepEqual([sw!.task, yo!.task], ["miracl-sw", "miracl-yo"]);
    assert.deepEqual(sw!.perQuery, yo!.perQuery);
    assert.equal(sw!.split, "dev");
    assert.equal(report.missing.length, 16);
    assert.equal(
      report.mean["nDCG@10"],
      (sw!.mean["nDCG@10"]! + yo!.mean["nDCG@10"]!) / 2,
    );
    // Each query keeps its line end, after the instruction.
    const queries = seen.filter(({ kind }) => kind === "query");
    assert.equal(queries.length, 4);
    for (const { text } of queries) {
      assert.match(text, /^Instruct: [^\n]+\nQuery: (ndege|mji)\n$/);
    }
  });
});

Deno.test("evaluateMiracl() takes judgments for yes or no, and can drop line ends", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, FILES);
    const seen: Encoded[] = [];
    const report = await collectReport(
      evaluateMiracl(letterEncoder(seen), folder, {
        languages: ["yo"],
        lineEnd: false,
      }),
    );
    // A grade of 3 is worth no more than 1: both queries have an ideal ranking.
    assert.equal(report.mean["nDCG@10"], 1);
    assert.ok(seen.every(({ text }) => !text.endsWith("\n")));
    assert.deepEqual(report.missing, []);
  });
});

Deno.test("evaluateMiracl() says what is missing or wrong", async () => {
  await inTempFolder(async (folder) => {
    const fails = (options: EvaluateMiraclOptions, error: object) =>
      assert.rejects(
        collectReport(evaluateMiracl(letterEncoder(), folder, options)),
        error,
      );
    await fails({}, { name: "NotFound", message: /tdro data pull/ });
    await writeFiles(folder, FILES);
    await fails({ languages: ["fi"] }, { name: "NotFound" });
    await fails({ languages: ["xx"] }, {
      name: "RangeError",
      message: /languages must be among ar, .*: got "xx"$/,
    });
  });
});

withShared(
  "evaluateMiracl() on the real topics and judgments equals brute force",
  async () => {
    for (const language of ["sw", "ko"]) {
      const name = (kind: string) => `${kind}.miracl-v1.0-${language}-dev.tsv`;
      const at = (kind: string) => shared(`data/qrels/${name(kind)}`);
      const qrels = await readTrecQrels(at("qrels"));
      const topics = await readTopics(at("topics"));
      const ids = [
        ...new Set([...qrels.values()].flatMap((g) => [...g.keys()])),
      ];
      // The texts of Wikipedia aren't here: letters that follow from the id.
      const textOf = (id: string) =>
        id.replace(/\D/g, "").repeat(3).replace(
          /\d/g,
          (digit, i) => String.fromCharCode(97 + (Number(digit) * 7 + i) % 26),
        );
      await inTempFolder(async (folder) => {
        await writeFiles(folder, {
          [name("topics")]: await Deno.readTextFile(at("topics")),
          [name("qrels")]: await Deno.readTextFile(at("qrels")),
          [`miracl-corpus-v1.0-${language}/docs-0.jsonl`]: ids.map((docid) =>
            `${JSON.stringify({ docid, title: "", text: textOf(docid) })}\n`
          ).join(""),
        });
        const encode = letterEncoder();
        const report = await collectReport(
          evaluateMiracl(encode, folder, { prompts: "none", k: 100 }),
        );
        const queries = await encode(
          Array.from(topics.values(), ({ text }) => text),
        );
        const passages = await encode(ids.map(textOf));
        const run: Run = new Map([...topics.keys()].map((query, q) => [
          query,
          new Map(
            ids.map((id, p): [string, number] => {
              let score = 0;
              for (let d = 0; d < 26; d++) {
                score += queries.data[q * 26 + d]! * passages.data[p * 26 + d]!;
              }
              return [id, Math.fround(score)];
            }),
          ),
        ]));
        const { mean } = evaluateRun(qrels, run, ["nDCG@10", "Recall@100"]);
        for (const [metric, value] of Object.entries(mean)) {
          assert.ok(Math.abs(report.mean[metric]! - value) < 1e-12, metric);
        }
        assert.ok(mean["Recall@100"]! > 0);
        assert.equal(report.tasks[0]!.queryIds.length, qrels.size);
      });
    }
  },
);
