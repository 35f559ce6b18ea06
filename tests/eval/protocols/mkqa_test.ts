import assert from "node:assert/strict";
import { MKQA_LANGUAGES } from "../../../lib/data/mod.ts";
import {
  collectReport,
  evaluateMkqa,
  type EvaluateMkqaOptions,
  hasAnswer,
} from "../../../lib/eval/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { inTempFolder, writeFiles } from "../../data/_folders.ts";
import { type Encoded, letterEncoder } from "../_letters.ts";

const QUESTIONS = Array.from({ length: 12 }, (_, i) => ({
  id: `${i}`,
  question: "abcdefghijkl"[i]!.repeat(3),
  answers: i === 11 ? [] : [`answer ${i % 4}`, "Élan vital"],
}));

/** Passages with answers strewn in. */
function corpus(): { _id: string; title: string; text: string }[] {
  const rng = createRng(8, "passages");
  const letters = () =>
    Array.from({ length: 8 }, () => "abcdefghijkl"[rng.int(12)]).join("");
  return Array.from({ length: 60 }, (_, i) => ({
    _id: `p${i}`,
    title: i % 5 === 0 ? `Answer ${rng.int(6)}` : "",
    text: `${letters()} ${
      i % 3 === 0 ? `ANSWER ${rng.int(6)}, so` : "answers 1"
    }`,
  }));
}

const lines = (rows: object[]) =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join("");

async function inFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "test/en.jsonl": lines(QUESTIONS),
      "test/fi.jsonl": lines(QUESTIONS.slice(0, 7)),
      "test/zh_cn.jsonl": lines(QUESTIONS.slice(4)),
      "corpus.jsonl": lines(corpus()),
    });
    await body(folder);
  });
}

Deno.test("evaluateMkqa() equals matching every answer with every passage", async () => {
  await inFolder(async (folder) => {
    const cuts = [1, 3, 10];
    const report = await collectReport(
      evaluateMkqa(letterEncoder(), folder, { cuts, prompts: "none" }),
    );
    const passages = corpus();
    const encode = letterEncoder();
    const vectors = await encode(
      passages.map(({ title, text }) => `${title} ${text}`),
    );
    const en = report.tasks.find(({ task }) => task === "mkqa-en")!;
    for (const [q, { question, answers }] of QUESTIONS.entries()) {
      const { data } = await encode([question]);
      const ranked = passages.map(({ _id, title, text }, p) => {
        let score = 0;
        for (let d = 0; d < 26; d++) {
          score += data[d]! * vectors.data[p * 26 + d]!;
        }
        return { id: _id, text: `${title} ${text}`, score: Math.fround(score) };
      }).sort((a, b) => b.score - a.score || (a.id < b.id ? 1 : -1));
      for (const cut of cuts) {
        const hit = ranked.slice(0, cut)
          .some(({ text }) => hasAnswer(text, answers));
        assert.equal(en.perQuery[`Accuracy@${cut}`]![q], hit ? 1 : 0);
      }
    }
    // Neither all nor nothing, and deeper finds more.
    const { "Accuracy@1": first, "Accuracy@10": tenth } = en.mean;
    assert.ok(first! > 0 && first! < tenth! && tenth! < 1);
  });
});

Deno.test("evaluateMkqa() reads the corpus once for all languages, or as often as asked", async () => {
  await inFolder(async (folder) => {
    const counted = async (options: EvaluateMkqaOptions) => {
      const seen: Encoded[] = [];
      const report = await collectReport(
        evaluateMkqa(letterEncoder(seen), folder, options),
      );
      const passages = seen.filter(({ kind }) => kind === "passage").length;
      return { report, passages, seen };
    };
    const all = await counted({});
    assert.equal(all.passages, 60);
    const one = await counted({ atOnce: 1 });
    assert.equal(one.passages, 180);
    assert.deepEqual(one.report, all.report);
    const { tasks, mean, means, missing, settings } = all.report;
    assert.deepEqual(
      tasks.map(({ language, queryIds }) => [language, queryIds.length]),
      [["en", 12], ["fi", 7], ["zh_cn", 8]],
    );
    assert.equal(missing.length, MKQA_LANGUAGES.length - 3);
    assert.equal(settings.k, 100);
    assert.deepEqual(
      Object.keys(mean),
      [1, 3, 5, 10, 20, 100].map((cut) => `Accuracy@${cut}`),
    );
    const at3 = tasks.map(({ mean }) => mean["Accuracy@3"]!);
    assert.ok(
      Math.abs(mean["Accuracy@3"]! - (at3[0]! + at3[1]! + at3[2]!) / 3) < 1e-12,
    );
    assert.deepEqual(means[0]!.tasks, ["mkqa-fi", "mkqa-zh_cn"]);
    assert.ok(
      Math.abs(means[0]!.mean["Accuracy@3"]! - (at3[1]! + at3[2]!) / 2) < 1e-12,
    );
    assert.match(
      all.seen[0]!.text,
      /^Instruct: Given a question, .*\nQuery: aaa$/,
    );
  });
});

Deno.test("evaluateMkqa() says what is missing or wrong", async () => {
  await inFolder(async (folder) => {
    const fails = (options: EvaluateMkqaOptions, error: object) =>
      assert.rejects(
        collectReport(evaluateMkqa(letterEncoder(), folder, options)),
        error,
      );
    await fails({ languages: ["sv"] }, { name: "NotFound" });
    await fails({ languages: ["xx"] }, { name: "RangeError" });
    await fails({ cuts: [0] }, /a cut must be an integer of at least 1: got 0/);
    await fails({ corpus: `${folder}/test` }, {
      name: "NotFound",
      message: /Cannot open a corpus in .*it needs corpus\.jsonl/,
    });
  });
});
