/** One rule for all that commands write: nothing finished is replaced unasked. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeSuite } from "../../lib/data/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { type Outcome, tdro } from "./_capture.ts";

const SIZES = [
  ..."--backend wasm --tasks shades,places --steps 2 --batch-size 6".split(" "),
  ..."--hidden-size 8 --vocab-size 120 --negatives 3".split(" "),
];

/** Commands, how to vary them, and the files that count. */
const COMMANDS = [
  {
    line: ["run", ...SIZES, "--weight-steps", "2", "--weight-batch-size", "6"],
    other: ["--seed", "7"],
    says:
      /holds a finished run with other settings \(options\.seed is 7, was 42\)/,
    files: ["summary.json", "eval.json", "models/top/model.safetensors"],
  },
  {
    line: ["train", ...SIZES],
    other: ["--seed", "7"],
    says:
      /holds a finished run with other settings \(options\.seed is 7, was 42\)/,
    files: ["eval.json", "models/retriever/model.safetensors"],
  },
  {
    line: [
      "arena",
      ...SIZES,
      ..."--strategies temperature-3 --seeds 1 --weight-batch-size 6".split(
        " ",
      ),
    ],
    other: ["--batch-size", "5"],
    says:
      /holds an arena with other settings \(settings\.batchSize is 5, was 6\)/,
    files: ["arena.json", "seed-1/models/uniform/model.safetensors"],
  },
  {
    line: ["mine", "--tasks", "shades,places", "--count", "2"],
    other: ["--count", "3"],
    says:
      /places\.jsonl was mined with other settings|shades\.jsonl was mined with/,
    files: ["shades.jsonl", "places.jsonl"],
  },
  {
    line: ["eval", "--bm25", "--tasks", "shades"],
    other: ["--k", "100"],
    says:
      /holds an evaluation with other settings \(settings\.k is 100, was 1000\)/,
    files: [""],
  },
] as const;

async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "tdro-replace-" });
  try {
    await writeSuite(toySuite(), join(folder, "suite"));
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Nothing on standard output, and one line of error at the end. */
function checkRefusal({ code, out, err }: Outcome, says: RegExp): void {
  assert.equal(code, 2, err);
  assert.equal(out, "");
  const lines = err.trimEnd().split("\n").filter((line) =>
    /^error:/.test(line)
  );
  assert.equal(lines.length, 1, err);
  assert.match(lines[0]!, says);
}

for (const { line: [name, ...flags], other, says, files } of COMMANDS) {
  Deno.test(`tdro ${name} never replaces a result unasked`, () =>
    inFolder(async (folder) => {
      const out = join(folder, "out");
      const call = (...more: readonly string[]) =>
        tdro(
          name,
          "--suite",
          join(folder, "suite"),
          "--out",
          out,
          ...flags,
          ...more,
        );
      const contents = () =>
        files.map((file) => Deno.readTextFileSync(join(out, file)));

      const first = await call();
      assert.equal(first.code, 0, first.err);
      const before = contents();
      const again = await call();
      assert.equal(again.code, 0, again.err);
      assert.equal(
        again.out.replaceAll(/[\d.]+ s\b/g, "s"),
        first.out.replaceAll(/[\d.]+ s\b/g, "s"),
      );
      assert.deepEqual(contents(), before);

      const refused = await call(...other);
      checkRefusal(refused, says);
      assert.match(refused.err, /--out.*--force/);
      assert.deepEqual(contents(), before);

      const forced = await call(...other, "--force");
      assert.equal(forced.code, 0, forced.err);
      assert.notDeepEqual(contents(), before);
    }));
}

Deno.test("a training file that was changed, or isn't tdro's, is not mined over", () =>
  inFolder(async (folder) => {
    const call = (...more: string[]) =>
      tdro(
        "mine",
        "--suite",
        `${folder}/suite`,
        "--tasks",
        "shades",
        "--out",
        folder,
        ...more,
      );
    const file = `${folder}/shades.jsonl`;
    await Deno.writeTextFile(file, "my own\n");
    const refused = await call();
    checkRefusal(refused, /shades\.jsonl wasn't mined by tdro/);
    assert.equal((await call("--force")).code, 0);
    await Deno.writeTextFile(file, "my own\n", { append: true });
    const changed = await call();
    checkRefusal(changed, /shades\.jsonl was changed since it was mined/);
    assert.match(await Deno.readTextFile(file), /my own\n$/);
  }));

Deno.test("files that a run, a page or a selection would go to are refused before the work", () =>
  inFolder(async (folder) => {
    const suite = ["--suite", `${folder}/suite`];
    const taken = `${folder}/taken`;
    await Deno.writeTextFile(taken, "mine");
    const evaluation = ["eval", ...suite, "--bm25", "--tasks", "shades"];
    const cases: [words: string[], says: RegExp][] = [
      [[...evaluation, "--out", taken], /Cannot read .*taken/],
      [[...evaluation, "--out", folder], /it is a folder; name a file/],
      [[...evaluation, "--run", folder], /it is a folder; name a file/],
      [[...evaluation, "--run", taken], /Cannot read|holds another run/],
      [[...evaluation, "--out", `${taken}/x.json`], /a file where a folder/],
      [["mine", ...suite, "--out", `${taken}/x`], /a file where a folder/],
      [["run", ...suite, "--out", `${taken}/x`], /it is a file, or within one/],
      [["report", `${folder}/suite`, "--out", taken], /exists; choose another/],
    ];
    for (const [words, says] of cases) {
      checkRefusal(await tdro(...words), says);
    }
    assert.equal(await Deno.readTextFile(taken), "mine");
  }));

Deno.test("runs that name no folder are numbered; the same one goes on", () =>
  inFolder(async (folder) => {
    const here = Deno.cwd();
    Deno.chdir(folder);
    try {
      const train = async (...more: string[]) => {
        const { code, out, err } = await tdro(
          "train",
          "--suite",
          "suite",
          ...SIZES,
          "--no-evaluate",
          ...more,
        );
        assert.equal(code, 0, err);
        return /The model is in (\S+)/.exec(out)![1];
      };
      assert.equal(await train(), "runs/toy-1/models/retriever");
      assert.equal(await train("--seed", "2"), "runs/toy-2/models/retriever");
      assert.equal(await train(), "runs/toy-1/models/retriever");
      assert.equal(
        await train("--out", "sweep/{n}-{suite}"),
        "sweep/1-toy/models/retriever",
      );
    } finally {
      Deno.chdir(here);
    }
  }));
