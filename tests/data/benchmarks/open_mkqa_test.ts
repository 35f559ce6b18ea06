import assert from "node:assert/strict";
import { MKQA_LANGUAGES, openMkqa } from "../../../lib/data/mod.ts";
import { folderOf } from "./_files.ts";

const row = (id: number, question: string) => ({
  id,
  question,
  answers: ["x"],
});

Deno.test("MKQA as the reference's evaluation has it", async () => {
  const folder = await folderOf({
    "MKQA/test/zh_cn.jsonl": [row(1, "一"), row(2, "二")],
    "MKQA/test/de.jsonl.gz": [row(1, "eins")],
    "MKQA/test/de-train.jsonl": [row(3, "drei")],
  });
  const questions = await openMkqa(folder);
  assert.deepEqual([...questions.keys()], ["de", "zh_cn"]);
  assert.deepEqual(questions.get("de"), [{
    id: "1",
    question: "eins",
    answers: ["x"],
  }]);
  assert.deepEqual(Array.from((await openMkqa(folder, ["zh_cn"])).keys()), [
    "zh_cn",
  ]);
  await assert.rejects(openMkqa(folder, ["fr"]), /it needs fr\.jsonl, or/);
  await assert.rejects(openMkqa(folder, ["xx"]), /must be one of ar, .*"xx"/);
  assert.equal(new Set(MKQA_LANGUAGES).size, 26);
});

Deno.test("MKQA as released: English answers, none without a short one", async () => {
  const line = (id: number, answers: unknown[], de = `F${id}`) => ({
    query: `q${id}`,
    example_id: id,
    queries: Object.fromEntries(
      MKQA_LANGUAGES.map((name) => [name, name === "de" ? de : `${name}${id}`]),
    ),
    answers: { en: answers, de: [{ type: "entity", text: "deutsch" }] },
  });
  const folder = await folderOf({
    "mkqa.jsonl.gz": [
      line(11, [{ type: "entity", text: "Rome", aliases: ["Roma"] }]),
      line(12, [{ type: "unanswerable", text: null }]),
      line(13, [{ type: "binary", text: "yes" }]),
      line(14, [{ type: "number", text: "4.0" }, {
        type: "number",
        text: "4",
      }]),
      line(15, [{ type: "long_answer", text: null }]),
    ],
  });
  const questions = await openMkqa(folder, ["en", "de"]);
  assert.deepEqual([...questions.keys()], ["de", "en"]);
  assert.deepEqual(questions.get("de"), [
    { id: "11", question: "F11", answers: ["Rome", "Roma"] },
    { id: "14", question: "F14", answers: ["4.0", "4"] },
  ]);
  assert.equal((await openMkqa(folder)).size, 26);
});

Deno.test("openMkqa() names the line that is wrong", async () => {
  const bad = await folderOf({ "de.jsonl": '{"id":"1","question":"a"}\n' });
  await assert.rejects(openMkqa(bad), /de\.jsonl:1: .*answers is missing/);
  const empty = await folderOf({ "README.md": "x" });
  await assert.rejects(openMkqa(empty), { name: "NotFound" });
  const original = await folderOf({
    "mkqa.jsonl": [{
      example_id: 1,
      queries: { en: "x" },
      answers: { en: [{ type: "entity", text: "a" }] },
    }],
  });
  await assert.rejects(
    openMkqa(original, ["de"]),
    /mkqa\.jsonl:1: .*queries\.de is missing/,
  );
});
