/** `tdro search`: what it finds, how it is shown, what it refuses. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "../../lib/backend/mod.ts";
import { main } from "../../lib/cli/main.ts";
import { recent } from "../../lib/experiment/retriever/recent.ts";
import { disposeEncoder, saveEncoder } from "../../lib/model/mod.ts";
import { writeSuite } from "../../lib/data/mod.ts";
import { displayWidth } from "../../lib/report/notebook/terminal.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { captured, isUserError, tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

interface FoundHit {
  rank: number;
  score: number;
  task: string;
  id: string;
  text: string;
}

async function found(...words: string[]): Promise<FoundHit[]> {
  const { code, out, err } = await tdro(
    "search",
    "--json",
    "--quiet",
    ...words,
  );
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

/** A folder with the toy suite and a small model. */
const withModel = (body: (folder: string) => Promise<void>) =>
  withSuite(async (folder) => {
    await useBackend("cpu");
    const encoder = smallEncoder();
    await saveEncoder(encoder, join(folder, "model"));
    disposeEncoder(encoder);
    await body(folder);
  });

Deno.test("tdro search --bm25 finds the passage that shares the words", () =>
  withSuite(async (folder) => {
    const suite = ["--suite", join(folder, "suite"), "--bm25"];
    const [first, second] = await found(...suite, "the shade of a red bird");
    assert.equal(first!.id, "shades-p0");
    assert.equal(first!.text, "the shade of a red bird");
    assert.equal(first!.rank, 1);
    assert.ok(first!.score > second!.score);
    // The words of a query need no quotes; the task narrows the search.
    const hits = await found(
      ...[...suite, "--task", "places", "-k", "3", "red", "bird"],
    );
    assert.equal(hits.length, 3);
    assert.ok(hits.every(({ task }) => task === "places"));
  }));

Deno.test("BM25 counts words over all tasks, as one corpus", () =>
  withSuite(async (folder) => {
    // "shade" is in 36 of 78 passages together, in all of its own task's.
    const suite = ["--suite", join(folder, "suite"), "--bm25"];
    const [whole] = await found(...suite, "shade");
    const [own] = await found(...suite, "--task", "shades", "shade");
    const idf = (count: number) => Math.log(1 + (count - 36 + 0.5) / 36.5);
    assert.ok(
      Math.abs(whole!.score / own!.score - idf(78) / idf(36)) < 0.02,
      `${whole!.score} ${own!.score}`,
    );
  }));

Deno.test("a model searches all tasks, best scores first, and keeps vectors", () =>
  withModel(async (folder) => {
    const words = ["--suite", join(folder, "suite"), "--backend", "cpu"]
      .concat(["--model", join(folder, "model"), "--cache"])
      .concat([join(folder, "vectors"), "-k", "20", "red bird"]);
    const hits = await found(...words);
    assert.equal(hits.length, 20);
    hits.slice(1).forEach(({ score }, i) =>
      assert.ok(score <= hits[i]!.score, `${i}`)
    );
    assert.equal([...Deno.readDirSync(join(folder, "vectors"))].length, 3);
    assert.deepEqual(await found(...words), hits);
    // Fused by rank: the first of both lists together score 2 / 61 at most.
    const fused = await found(...words, "--bm25");
    assert.ok(fused[0]!.score <= 2 / 61 && fused[0]!.score > 1 / 61);
  }));

Deno.test("texts are cut where the terminal ends, wide letters too", async () => {
  const folder = await tempFolder();
  try {
    const { name, tasks: [task] } = toySuite();
    const text = "red 鳥".repeat(80) + "\u001b[31m";
    for (const id of [...task!.corpus.keys()]) {
      task!.corpus.set(id, { id, title: "鳥の", text });
    }
    await writeSuite({ name, tasks: [task!] }, join(folder, "suite"));
    const widths = [];
    for (const columns of [40, 61, 80, 120]) {
      const io = captured({ columns });
      const words = ["search", "--bm25", "--suite", join(folder, "suite")];
      assert.equal(await main([...words, "red"], io), 0, io.complaints);
      const [, , ...rows] = io.printed.trimEnd().split("\n");
      assert.equal(rows.length, 10);
      for (const row of rows) {
        assert.match(row, /^ *\d\.\d{4} {2}shades-p\d+ +鳥の red .*…$/u);
      }
      widths.push(displayWidth(rows[0]!));
    }
    // A wide letter may leave the last cell free.
    assert.ok(widths[0]! >= 38 && widths[0]! <= 40, `${widths}`);
    assert.ok(widths[3]! >= 118 && widths[3]! <= 120, `${widths}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a search without a hit says so", () =>
  withSuite(async (folder) => {
    const words = ["--suite", join(folder, "suite"), "--bm25", "zzz"];
    const { code, out } = await tdro("search", ...words);
    assert.equal(code, 0);
    assert.equal(out, "No passage shares a word with the query\n");
    assert.deepEqual(await found(...words), []);
  }));

Deno.test("tdro search refuses what it can't do in one line", () =>
  withSuite(async (folder) => {
    const suite = ["--suite", join(folder, "suite")];
    const cases: [words: string[], says: RegExp][] = [
      [[...suite, "red"], /--model must name a model folder, or --bm25/],
      [[...suite, "--bm25", " "], /the query must hold a word/],
      [[...suite, "--bm25"], /TEXT|query/],
      [[...suite, "--bm25", "--task", "shade", "red"], /shades/],
      [[...suite, "--model", "nowhere", "red"], /nowhere/],
      [[...suite, "--bm25", "-k", "0", "red"], /-k|k/],
      [["--suite", "nowhere", "--bm25", "red"], /Cannot open suite nowhere/],
    ];
    for (const [words, says] of cases) {
      const outcome = await tdro("search", "--quiet", ...words);
      assert.ok(isUserError(outcome), JSON.stringify(outcome));
      assert.match(outcome.err, says);
    }
  }));

Deno.test("recent() drops what was used longest ago", async () => {
  const dropped: string[] = [];
  const made: string[] = [];
  const things = recent<string, string>(2, (thing) => dropped.push(thing));
  const get = (name: string) =>
    things.get(name, () => {
      made.push(name);
      return Promise.resolve(name);
    });
  for (const name of ["a", "b", "a", "c", "a", "b"]) {
    assert.equal(await get(name), name);
  }
  assert.deepEqual(made, ["a", "b", "c", "b"]);
  assert.deepEqual(dropped, ["b", "c"]);
  await assert.rejects(things.get("d", () => Promise.reject(new Error("no"))));
  things[Symbol.dispose]();
  assert.deepEqual(dropped, ["b", "c", "a", "b"]);
});
