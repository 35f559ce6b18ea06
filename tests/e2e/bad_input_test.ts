/**
 * What users get wrong, through the command line as a process of its own: one
 * line on standard error that says what and where, exit code 2, and no file made
 * or changed.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../_paths.ts";

/** A finished run, as far as another one looks at it. */
async function writeFinishedRun(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "out"));
  const record = {
    format: "tdro-run/1",
    status: "finished",
    options: { out: "out", seed: 7 },
    suite: { name: "other", tasks: [], sha256: "" },
    backend: { name: "wasm", device: "CPU" },
  };
  await Deno.writeTextFile(
    join(folder, "out/run.json"),
    JSON.stringify(record),
  );
  await Deno.writeTextFile(join(folder, "out/summary.json"), "{}\n");
}

/** Settings under which a run would take seconds, if it came to one. */
const QUICK = [
  ...["--backend", "cpu", "--steps", "1", "--weight-steps", "1"],
  ...["--batch-size", "2", "--weight-batch-size", "2", "--weight-passages"],
  ...["2", "--hidden-size", "8", "--heads", "1", "--layers", "1"],
  ...["--vocab-size", "100", "--quiet"],
];

interface Mistake {
  /** What the user got wrong. */
  name: string;
  /** Puts the files in place; the folder is empty but for the suite `good`. */
  files?: (folder: string) => Promise<void>;
  /** The command line; paths are relative to the folder. */
  args: string[];
  /** What the line must say: what, where, and the way out. */
  says: RegExp[];
}

const RUN = ["run", "--suite", "good", "--out", "out"];

const MISTAKES: Mistake[] = [
  {
    name: "a missing suite",
    args: ["run", "--suite", "nowhere", "--out", "out", ...QUICK],
    says: [/Cannot open suite nowhere/],
  },
  {
    name: "a missing file",
    args: ["score", "--qrels", "good/alpha/qrels/test.tsv", "--run", "x.run"],
    says: [/Cannot/, /x\.run/],
  },
  {
    name: "a malformed JSONL line",
    files: (folder) =>
      edit(
        join(folder, "good/beta/corpus.jsonl"),
        (text) => text.replace('"_id":"p2"', '"_id":p2'),
      ),
    args: [...RUN, ...QUICK],
    says: [/^error: good\/beta\/corpus\.jsonl:3: Cannot read the line as JSON/],
  },
  {
    name: "a JSONL line without the field that it needs",
    files: (folder) =>
      edit(
        join(folder, "good/beta/queries.jsonl"),
        (text) => text.replace('"text"', '"txt"'),
      ),
    args: ["data", "check", "good"],
    says: [/^error: good\/beta\/queries\.jsonl:1: Cannot/, /text/],
  },
  {
    name: "a judgment of a passage that isn't there",
    files: (folder) =>
      edit(
        join(folder, "good/alpha/qrels/test.tsv"),
        (text) => `${text}q1\tnowhere\t1\n`,
      ),
    args: [...RUN, ...QUICK],
    says: [/^error: good\/alpha\/qrels\/test\.tsv:4: Cannot/, /"nowhere"/],
  },
  {
    name: "a task without passages",
    files: (folder) => edit(join(folder, "good/beta/corpus.jsonl"), () => ""),
    args: [...RUN, ...QUICK],
    says: [/Cannot use good\/beta\/corpus\.jsonl/, /got none/],
  },
  {
    name: "a task without training judgments",
    files: (folder) =>
      edit(
        join(folder, "good/beta/qrels/train.tsv"),
        (text) => text.split("\n")[0] + "\n",
      ),
    args: [...RUN, ...QUICK],
    says: [/Cannot run the experiment: task beta has no train judgments/],
  },
  {
    name: "a single task, of which there is no mixture",
    args: [...RUN, "--tasks", "alpha", ...QUICK],
    says: [/Cannot learn a mixture of 1 task/],
  },
  {
    name: "a task that the suite lacks",
    args: [...RUN, "--tasks", "alpha,bet", ...QUICK],
    says: [/Cannot find task "bet"/, /beta/],
  },
  {
    name: "queries without a hard negative, from corpora of one passage",
    files: onePassage,
    args: [...RUN, ...QUICK],
    says: [/Cannot/, /query "q0"/, /task "?alpha/, /no hard negatives/],
  },
  {
    name: "the same where stage 0 needs no negatives",
    files: onePassage,
    args: [...RUN, ...QUICK, "--passages", "1"],
    says: [/Cannot/, /query "q0"/, /no hard negatives/],
  },
  {
    name: "a weight file whose parts are about different tasks",
    files: (folder) =>
      Deno.writeTextFile(
        join(folder, "w.json"),
        JSON.stringify({
          domain_ids: { alpha: 0, beta: 1 },
          domain_weights: { alpha: 0.5, gamma: 0.5 },
          size: { alpha: 4, beta: 4 },
        }),
      ),
    args: ["weights", "select", "w.json", "--out", "top.json"],
    says: [/^error: w\.json: Cannot read weights/, /gamma/],
  },
  {
    name: "a weight file that isn't one",
    files: (folder) => Deno.writeTextFile(join(folder, "w.json"), "[0.5, "),
    args: ["weights", "show", "w.json"],
    says: [/^error: w\.json(:\d+)?: Cannot read weights: not JSON/],
  },
  {
    name: "a model folder that isn't there",
    args: [...RUN, "--model", "model", ...QUICK],
    says: [/Cannot read model\/config\.json/],
  },
  {
    name: "a model whose safetensors header is corrupt",
    files: corruptModel,
    args: [...RUN, "--model", "model", ...QUICK],
    says: [/Cannot read model\/model\.safetensors/, /header/],
  },
  {
    name: "an unknown flag",
    args: [...RUN, ...QUICK, "--stepz", "3"],
    says: [/Cannot read --stepz: no such option \(did you mean --steps\?\)/],
  },
  {
    name: "an unknown command",
    args: ["rnu", "--suite", "good"],
    says: [/Cannot run tdro rnu: no such command/, /run/],
  },
  {
    name: "a flag out of bounds",
    args: [...RUN, ...QUICK, "--steps", "0"],
    says: [/Cannot use --steps/, />=1/, /got 0/],
  },
  {
    name: "sizes of a model that don't fit together",
    args: [...RUN, ...QUICK, "--hidden-size", "10", "--heads", "3"],
    says: [/Cannot/, /hidden_size: must be .*heads, got 10/],
  },
  {
    name: "a config file that isn't JSON",
    files: (folder) => Deno.writeTextFile(join(folder, "c.json"), "steps: 3"),
    args: [...RUN, "--config", "c.json"],
    says: [/^error: c\.json: Cannot read the config file/],
  },
  {
    name: "an out folder that holds something else",
    files: async (folder) => {
      await Deno.mkdir(join(folder, "out"));
      await Deno.writeTextFile(join(folder, "out/diary.txt"), "Dear diary\n");
    },
    args: [...RUN, ...QUICK],
    says: [/Cannot write to out/, /--out/],
  },
  {
    name: "an out folder that is a file",
    files: (folder) => Deno.writeTextFile(join(folder, "out"), "a file\n"),
    args: [...RUN, ...QUICK],
    says: [/Cannot/, /\bout\b/],
  },
  {
    name: "a finished run as the out folder, with other settings",
    files: writeFinishedRun,
    args: [...RUN, ...QUICK],
    says: [/it holds a finished run with other settings/, /--out.*--force/],
  },
  {
    name: "a finished run to be replaced, with a model that isn't there",
    files: writeFinishedRun,
    args: [...RUN, "--model", "model", ...QUICK, "--force"],
    says: [/Cannot read model\/config\.json/],
  },
  {
    name: "a run whose record is damaged as the out folder",
    files: async (folder) => {
      await Deno.mkdir(join(folder, "out"));
      await Deno.writeTextFile(join(folder, "out/run.json"), "{}\n");
      await Deno.writeTextFile(join(folder, "out/summary.json"), "{}\n");
    },
    args: [...RUN, ...QUICK, "--force"],
    says: [/out\/run\.json:1: Cannot read the run: the record is damaged/],
  },
  {
    name: "a suite folder of the demo that holds something else",
    args: ["demo", "--suite-folder", "good", "--out", "out", "--quiet"],
    says: [/Cannot keep the docs suite in good/],
  },
  {
    name: "an out folder of the docs suite that is there already",
    args: ["data", "docs-suite", "--out", "good"],
    says: [/Cannot write the docs suite: good exists already/, /--force/],
  },
];

/** Two tasks of six passages and queries each. */
async function writeSuite(folder: string): Promise<void> {
  for (const task of ["alpha", "beta"]) {
    const path = join(folder, task);
    await Deno.mkdir(join(path, "qrels"), { recursive: true });
    const numbers = ["zero", "one", "two", "three", "four", "five"];
    const lines = (kind: string, id: string) =>
      numbers.map((n, i) =>
        JSON.stringify({ _id: `${id}${i}`, text: `${kind} ${n} of ${task}` }) +
        "\n"
      ).join("");
    await Deno.writeTextFile(join(path, "corpus.jsonl"), lines("passage", "p"));
    await Deno.writeTextFile(join(path, "queries.jsonl"), lines("query", "q"));
    const judgments = (ids: number[]) =>
      "query-id\tcorpus-id\tscore\n" +
      ids.map((i) => `q${i}\tp${i}\t1\n`).join("");
    for (const [split, ids] of [["train", [0, 1, 2, 3]], ["test", [4, 5]]]) {
      await Deno.writeTextFile(
        join(path, `qrels/${split}.tsv`),
        judgments(ids as number[]),
      );
    }
  }
}

async function edit(
  path: string,
  change: (text: string) => string,
): Promise<void> {
  const text = await Deno.readTextFile(path);
  const changed = change(text);
  assert.notEqual(changed, text, "the mistake was not made");
  await Deno.writeTextFile(path, changed);
}

/** Leaves each task the passage p0, and the query that it answers. */
async function onePassage(folder: string): Promise<void> {
  for (const task of ["alpha", "beta"]) {
    const path = join(folder, "good", task);
    await edit(join(path, "corpus.jsonl"), (t) => t.split("\n")[0] + "\n");
    for (const split of ["train", "test"]) {
      await edit(
        join(path, `qrels/${split}.tsv`),
        (t) => t.split("\n")[0] + "\nq0\tp0\t1\n",
      );
    }
  }
}

/** A model folder whose weights claim a header longer than the file. */
async function corruptModel(folder: string): Promise<void> {
  const { createEncoder, bertConfig, createTokenizer, saveEncoder } =
    await import("../../lib/model/mod.ts");
  const { trainTokenizer } = await import("../../lib/model/mod.ts");
  const { createRng } = await import("../../lib/sampling/mod.ts");
  const { useBackend } = await import("../../lib/backend/mod.ts");
  await useBackend("cpu");
  const tokenizer = createTokenizer(trainTokenizer(["passage query of"]));
  const encoder = createEncoder(
    bertConfig({
      vocabSize: tokenizer.vocabSize,
      hiddenSize: 8,
      layers: 1,
      heads: 1,
      intermediateSize: 8,
      maxPositions: 64,
    }),
    tokenizer,
    {
      rng: createRng(1, "model"),
      modules: { pooling: "mean", normalize: true, prompts: {} },
    },
  );
  await saveEncoder(encoder, join(folder, "model"));
  const path = join(folder, "model/model.safetensors");
  const bytes = await Deno.readFile(path);
  // The first 8 bytes are the header's length, little-endian.
  bytes.fill(0xff, 0, 5);
  await Deno.writeFile(path, bytes);
}

/** Path → content of every file, so that any change shows. */
async function contents(
  folder: string,
  below = "",
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    const path = join(below, name);
    if (isDirectory) {
      found[`${path}/`] = "";
      Object.assign(found, await contents(folder, path));
    } else {
      found[path] = (await Deno.readFile(join(folder, path))).toHex();
    }
  }
  return found;
}

for (const { name, files, args, says } of MISTAKES) {
  Deno.test(`bad input: ${name}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "tdro-bad-" });
    try {
      await writeSuite(join(folder, "good"));
      await files?.(folder);
      const before = await contents(folder);
      const { code, stdout, stderr } = await new Deno.Command(
        Deno.execPath(),
        {
          args: [
            ...["run", "-A", "--no-check", "--config", `${ROOT}deno.json`],
            `${ROOT}lib/cli/mod.ts`,
            ...args,
          ],
          cwd: folder,
        },
      ).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.match(text(stderr), /^error: [^\n]*Cannot [^\n]+\n$/);
      for (const part of says) assert.match(text(stderr), part);
      assert.equal(text(stdout), "");
      assert.equal(code, 2);
      const after = await contents(folder);
      assert.deepEqual(Object.keys(after), Object.keys(before));
      assert.deepEqual(after, before);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("the suite that the mistakes start from is good", async () => {
  // Otherwise a command may fail for another reason than the mistake.
  const folder = await Deno.makeTempDir({ prefix: "tdro-bad-" });
  try {
    await writeSuite(join(folder, "good"));
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--config", `${ROOT}deno.json`],
        ...[`${ROOT}lib/cli/mod.ts`, ...RUN, ...QUICK],
      ],
      cwd: folder,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const made = await contents(join(folder, "out"));
    assert.ok("summary.json" in made);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
