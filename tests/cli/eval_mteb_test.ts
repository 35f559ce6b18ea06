import assert from "node:assert/strict";
import { mtebResults } from "../../lib/eval/mod.ts";
import type { EvalReport } from "../../lib/eval/mod.ts";
import { isUserError, tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

const PYTHON = Deno.env.get("TDRO_TRACKERS_PYTHON") ?? "python3";

/** Whether Python has MTEB, which is asked only where it is installed. */
function hasMteb(): boolean {
  try {
    return new Deno.Command(PYTHON, {
      args: ["-c", "import mteb"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

const line = (folder: string, ...more: string[]) => [
  "eval",
  "--suite",
  `${folder}/suite`,
  "--bm25",
  "--mteb",
  `${folder}/mteb`,
  ...more,
];

Deno.test("tdro eval --mteb writes a result for each task, once", async () => {
  await withSuite(async (folder) => {
    const { code, out, err } = await tdro(...line(folder, "--json"));
    assert.equal(code, 0, err);
    const report: EvalReport = JSON.parse(out);
    for (const { task, mean, data } of report.tasks) {
      const path = `${folder}/mteb/BM25/no_revision_available/${task}.json`;
      const result = JSON.parse(await Deno.readTextFile(path));
      assert.equal(result.task_name, task);
      assert.equal(result.dataset_revision, data!.sha256);
      assert.deepEqual(result.scores, {
        test: [{
          ndcg_at_10: mean["nDCG@10"],
          recall_at_100: mean["Recall@100"],
          mrr_at_10: mean["MRR@10"],
          main_score: mean["nDCG@10"],
          hf_subset: "default",
          languages: ["eng-Latn"],
        }],
      });
    }
    // The same again is no other result; other metrics are one.
    assert.equal((await tdro(...line(folder))).code, 0);
    const other = await tdro(...line(folder, "--metrics", "P@3", "--quiet"));
    assert.ok(isUserError(other), other.err);
    assert.equal(
      (await tdro(...line(folder, "--metrics", "P@3", "--force"))).code,
      0,
    );
    const part = await tdro(
      "eval",
      "--suite",
      `${folder}/suite`,
      "--model",
      "x",
      "--shard",
      "1/2",
      "--out",
      `${folder}/s`,
      "--mteb",
      `${folder}/mteb`,
    );
    assert.match(part.err, /--mteb can't be combined with --shard/);
  });
});

/** A report of one task, in these languages. */
function tagsOf(...languages: string[]): unknown {
  const task = { task: "a", mean: { MAP: 1 }, perQuery: {}, queryIds: [] };
  const report = { settings: { split: "dev" }, tasks: [task] };
  const [result] = mtebResults(report as unknown as EvalReport, {
    languages: [languages],
  });
  return result!.content.scores.dev![0]!.languages;
}

Deno.test("languages have MTEB's codes", () => {
  assert.deepEqual(
    tagsOf("de", "zh-CN", "zh-TW", "ja", "pt-BR", "sr", "fa", "nan", "und"),
    [
      ...["deu-Latn", "zho-Hans", "zho-Hant", "jpn-Jpan", "por-Latn"],
      ...["srp-Cyrl", "fas-Arab", "nan-Hans", "und-Zyyy"],
    ],
  );
  assert.deepEqual(tagsOf("no tag"), ["no tag"]);
});

Deno.test({
  name: "MTEB itself reads the results",
  ignore: !hasMteb(),
  fn: () =>
    withSuite(async (folder) => {
      const { out } = await tdro(...line(folder, "--json"));
      const [task] = (JSON.parse(out) as EvalReport).tasks;
      const code = `import sys
from pathlib import Path
from mteb.results import TaskResult
result = TaskResult.from_disk(Path(sys.argv[1]))
print(result.task_name, result.scores["test"][0]["main_score"], result.languages)
`;
      const path = `mteb/BM25/no_revision_available/${task!.task}.json`;
      const { stdout, stderr } = await new Deno.Command(PYTHON, {
        args: ["-c", code, `${folder}/${path}`],
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      const [name, score, language] = text(stdout).trim().split(" ");
      assert.equal(name, task!.task, text(stderr));
      assert.equal(Number(score), task!.mean["nDCG@10"]);
      assert.equal(language, "['eng']");
    }),
});
