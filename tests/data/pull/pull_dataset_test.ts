import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  catalogue,
  catalogueRow,
  openTask,
  pullDataset,
  type PullDatasetOptions,
  type PulledDataset,
} from "../../../lib/data/mod.ts";
import { patternsOf } from "../../../lib/data/pull/source_files.ts";
import { collectReport, evaluateMkqa } from "../../../lib/eval/mod.ts";
import { letterEncoder } from "../../eval/_letters.ts";
import { bytesOf, type Content } from "../benchmarks/_files.ts";
import { deadAddress } from "../_file_server.ts";
import { inTempFolder } from "../_folders.ts";
import { COMMIT, serveDatasets } from "../_hub.ts";

type Published = Record<string, Record<string, Content>>;

function bytes(
  published: Published,
): Record<string, Record<string, Uint8Array>> {
  return Object.fromEntries(
    Object.entries(published).map(([id, files]) => [
      id,
      Object.fromEntries(
        Object.entries(files).map(([name, content]) => [
          name,
          bytesOf(name, content),
        ]),
      ),
    ]),
  );
}

const SCIFACT: Published = {
  "BeIR/scifact": {
    "README.md": "# SciFact",
    "corpus.jsonl.gz": [
      { _id: "d1", title: "Cells", text: "Cells divide." },
      { _id: "d2", title: "", text: "Bones grow." },
    ],
    "queries.jsonl.gz": [
      { _id: "1", text: "Do cells divide?", metadata: {} },
      { _id: "3", text: "Do bones grow?" },
      { _id: "9", text: "Judged nowhere" },
    ],
  },
  "BeIR/scifact-qrels": {
    "test.tsv": "query-id\tcorpus-id\tscore\n1\td1\t1\n",
    "train.tsv": "query-id\tcorpus-id\tscore\n3\td2\t1\n",
  },
};

/** Pulls to the end; progress must not run backwards. */
async function pull(
  name: string,
  folder: string,
  options: PullDatasetOptions,
): Promise<PulledDataset> {
  const work = pullDataset(catalogueRow(name), `${folder}/out`, {
    files: `${folder}/files`,
    ...options,
  });
  const done = { download: 0, conversion: 0 };
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
    assert.ok(next.value.done >= done[next.value.stage]);
    done[next.value.stage] = next.value.done;
  }
}

/** A pull from a hub with these data sets. */
async function pulled(
  name: string,
  published: Published,
  check: (folder: string, made: PulledDataset) => Promise<void>,
  options: PullDatasetOptions = {},
): Promise<void> {
  await using hub = serveDatasets(bytes(published));
  await inTempFolder(async (folder) => {
    const made = await pull(name, folder, { endpoint: hub.url, ...options });
    await check(folder, made);
  });
}

const entries = (qrels: Map<string, Map<string, number>> | undefined) =>
  Array.from(qrels ?? [], ([query, grades]) => [query, [...grades]]);

Deno.test("pullDataset() makes a task of a BEIR set, and says where it is from", async () => {
  await pulled("beir/scifact", SCIFACT, async (folder, made) => {
    const task = await openTask(`${folder}/out`);
    assert.equal(task.name, "scifact");
    assert.match(task.prompt, /^Given a scientific claim/);
    assert.deepEqual(task.corpus.get("d1"), {
      id: "d1",
      title: "Cells",
      text: "Cells divide.",
    });
    assert.deepEqual([...task.queries.keys()].sort(), ["1", "3"]);
    assert.deepEqual(entries(task.qrels.test), [["1", [["d1", 1]]]]);
    assert.deepEqual(entries(task.qrels.train), [["3", [["d2", 1]]]]);
    assert.equal(task.qrels.dev, undefined);
    const source = JSON.parse(
      await Deno.readTextFile(`${folder}/out/source.json`),
    );
    assert.deepEqual(source, made);
    assert.deepEqual(made.sources, [
      { dataset: "BeIR/scifact", from: "hub", commit: COMMIT },
      { dataset: "BeIR/scifact-qrels", from: "hub", commit: COMMIT },
    ]);
    assert.match(made.license, /cc-by-sa/);
    assert.deepEqual(made.counts, { passages: 2, queries: 2, judgments: 2 });
    // Files that aren't wanted aren't fetched.
    assert.deepEqual(made.files.map(({ path }) => path), [
      "corpus.jsonl.gz",
      "qrels/test.tsv",
      "qrels/train.tsv",
      "queries.jsonl.gz",
    ]);
    for (const { path, bytes, sha256 } of made.files) {
      const content = await Deno.readFile(`${folder}/files/${path}`);
      assert.equal(bytes, content.length);
      assert.equal(
        sha256,
        createHash("sha256").update(content).digest("hex"),
      );
    }
  });
});

Deno.test("pullDataset() goes on where it stopped, and keeps a folder whole", async () => {
  await using hub = serveDatasets(bytes(SCIFACT));
  await inTempFolder(async (folder) => {
    const stop = new AbortController();
    const work = pullDataset(catalogueRow("beir/scifact"), `${folder}/out`, {
      files: `${folder}/files`,
      endpoint: hub.url,
      signal: stop.signal,
    });
    hub.cuts.push(40);
    await work.next();
    await work.next();
    stop.abort(new DOMException("stop", "AbortError"));
    await assert.rejects(async () => {
      while (!(await work.next()).done);
    }, { name: "AbortError" });
    await assert.rejects(Deno.stat(`${folder}/out`), Deno.errors.NotFound);
    await pull("beir/scifact", folder, { endpoint: hub.url });
    assert.ok(
      hub.requests.some((line) => /corpus\.jsonl\.gz bytes=40-$/.test(line)),
    );
    // A second pull needs no file again, and replaces nothing unasked.
    await assert.rejects(
      pull("beir/scifact", folder, { endpoint: hub.url }),
      /out is there already; remove it.*--force/,
    );
    const before = hub.requests.length;
    await pull("beir/scifact", folder, { endpoint: hub.url, overwrite: true });
    const later = hub.requests.slice(before);
    assert.ok(later.every((line) => !/resolve.*(?<!bytes=0-0)$/.test(line)));
  });
});

Deno.test("pullDataset() without a hub says what to do, and then takes files put there by hand", async () => {
  await inTempFolder(async (folder) => {
    const offline = { endpoint: deadAddress(), retries: 0 };
    await assert.rejects(pull("beir/scifact", folder, offline), (error) => {
      assert.ok(error instanceof RangeError);
      assert.match(
        error.message,
        /^Cannot pull BeIR\/scifact: http:\/\/127\.0\.0\.1:\d+ can't be reached \(.*refused.*\); set HF_ENDPOINT to a mirror; or put corpus\.jsonl\.gz, queries\.jsonl\.gz of BeIR\/scifact into .*\/files and run this again$/,
      );
      return true;
    });
    const put = async (id: string, to: string) => {
      for (const [name, content] of Object.entries(SCIFACT[id]!)) {
        await Deno.mkdir(`${folder}/files/${to}`, { recursive: true });
        await Deno.writeFile(
          `${folder}/files/${to}${name}`,
          bytesOf(name, content),
        );
      }
    };
    await put("BeIR/scifact", "");
    await assert.rejects(
      pull("beir/scifact", folder, offline),
      /or put \*\.tsv of BeIR\/scifact-qrels into .*files\/qrels and run/,
    );
    await put("BeIR/scifact-qrels", "qrels/");
    const made = await pull("beir/scifact", folder, offline);
    assert.deepEqual(made.sources.map(({ from }) => from), [
      "folder",
      "folder",
    ]);
    assert.equal((await openTask(`${folder}/out`)).corpus.size, 2);
    // Half a file isn't one.
    await Deno.writeTextFile(`${folder}/files/corpus.jsonl.gz.part`, "");
    await assert.rejects(
      pull("beir/scifact", folder, { ...offline, overwrite: true }),
      /or put corpus/,
    );
  });
});

Deno.test("pullDataset() works with a mirror that tells no commit", async () => {
  await using hub = serveDatasets(bytes(SCIFACT), { tellCommit: false });
  await inTempFolder(async (folder) => {
    const made = await pull("beir/scifact", folder, { endpoint: hub.url });
    assert.deepEqual(made.sources[0], { dataset: "BeIR/scifact", from: "hub" });
  });
});

Deno.test("pullDataset() refuses a file with another checksum", async () => {
  await using hub = serveDatasets(bytes(SCIFACT), {
    wrongHash: "corpus.jsonl.gz",
  });
  await inTempFolder(async (folder) => {
    await assert.rejects(
      pull("beir/scifact", folder, { endpoint: hub.url }),
      { name: "RangeError", message: /its SHA-256 must be/ },
    );
    await assert.rejects(Deno.stat(`${folder}/out`), Deno.errors.NotFound);
  });
});

Deno.test("pullDataset() calls the only split of NanoBEIR test", async () => {
  const column = (name: string, data: string[]) => ({ name, data });
  const [id, text] = ["_id", "text"];
  await pulled("nanobeir/scifact", {
    "zeta-alpha-ai/NanoSciFact": {
      "corpus/train-00000-of-00001.parquet": {
        columns: [column(id!, ["d1", "d2"]), column(text!, ["one", "two"])],
      },
      "queries/train-00000-of-00001.parquet": {
        columns: [column(id!, ["q1"]), column(text!, ["what?"])],
      },
      "qrels/train-00000-of-00001.parquet": {
        columns: [column("query-id", ["q1"]), column("corpus-id", ["d2"])],
      },
    },
  }, async (folder) => {
    const task = await openTask(`${folder}/out`);
    assert.deepEqual(Object.keys(task.qrels), ["test"]);
    assert.deepEqual(entries(task.qrels.test), [["q1", [["d2", 1]]]]);
  });
});

const MIRACL: Published = {
  "miracl/miracl": Object.fromEntries(
    ["sw", "te"].flatMap((tag) =>
      ["train", "dev"].flatMap((split) => {
        const name = (kind: string) =>
          `miracl-v1.0-${tag}/${kind}/${kind}.miracl-v1.0-${tag}-${split}.tsv`;
        return [
          [name("topics"), `1#0\t${tag} ${split}?\n`],
          [name("qrels"), `1#0\tQ0\t7#0\t1\n1#0\tQ0\t7#1\t0\n`],
        ];
      })
    ),
  ),
  "miracl/miracl-corpus": Object.fromEntries(
    ["sw", "te"].flatMap((tag) =>
      [0, 1].map((shard) => [
        `miracl-corpus-v1.0-${tag}/docs-${shard}.jsonl.gz`,
        [
          { docid: `7#${shard}`, title: tag, text: `judged ${shard}` },
          { docid: `8#${shard}`, title: tag, text: `other ${shard}` },
        ],
      ])
    ),
  ),
};

Deno.test("pullDataset() takes a language of MIRACL whole, shard by shard", async () => {
  await pulled("miracl/sw", MIRACL, async (folder, { files }) => {
    const task = await openTask(`${folder}/out`);
    assert.deepEqual([...task.corpus.keys()], ["7#0", "8#0", "7#1", "8#1"]);
    assert.equal(task.queries.get("1#0")!.text, "sw dev?");
    assert.equal(task.language, "sw");
    assert.deepEqual(entries(task.qrels.dev), [["1#0", [["7#0", 1], [
      "7#1",
      0,
    ]]]]);
    assert.ok(files.every(({ path }) => path.includes("-sw")));
  });
});

Deno.test("pullDataset() joins languages for training, judged passages only", async () => {
  const languages = ["sw", "te"];
  await pulled("tdro/miracl", MIRACL, async (folder) => {
    const task = await openTask(`${folder}/out`);
    assert.deepEqual([...task.corpus.keys()].sort(), [
      "sw:7#0",
      "sw:7#1",
      "te:7#0",
      "te:7#1",
    ]);
    assert.deepEqual(task.language, languages);
    assert.equal(task.queries.get("te:1#0")!.text, "te train?");
    assert.deepEqual(entries(task.qrels.train)[1], [
      "te:1#0",
      [["te:7#0", 1], ["te:7#1", 0]],
    ]);
  }, { languages });
});

Deno.test("pullDataset() makes a task of pairs, triples and sets", async () => {
  await pulled("tdro/AllNLI", {
    "sentence-transformers/embedding-training-data": {
      "agnews.jsonl.gz": [["not", "wanted"]],
      "AllNLI.jsonl.gz": [
        ["a", "b", "c"],
        // What was a negative answers after all; a text comes again.
        ["a", "c", "b"],
        ["d", "b"],
        { query: "e", pos: ["f"], neg: ["b", "b"] },
        { set: ["g", "h", "i"] },
      ],
    },
  }, async (folder, { counts }) => {
    const task = await openTask(`${folder}/out`);
    const texts = Array.from(task.qrels.train!, ([query, grades]) => [
      task.queries.get(query)!.text,
      Object.fromEntries(
        Array.from(grades, ([id, grade]) => [task.corpus.get(id)!.text, grade]),
      ),
    ]);
    assert.deepEqual(Object.fromEntries(texts), {
      a: { b: 1, c: 1 },
      d: { b: 1 },
      e: { f: 1, b: 0 },
      g: { h: 1, i: 1 },
    });
    assert.equal(task.kind, "symmetric");
    assert.equal(counts.passages, task.corpus.size);
    assert.deepEqual(
      [...Deno.readDirSync(`${folder}/out`)].map(({ name }) => name).sort(),
      [
        "corpus.jsonl.gz",
        "qrels",
        "queries.jsonl",
        "source.json",
        "task.json",
      ],
    );
  });
});

Deno.test("pullDataset() reads so many rows and no more", async () => {
  await pulled("tdro/agnews", {
    "sentence-transformers/embedding-training-data": {
      "agnews.jsonl.gz": Array.from(
        { length: 9 },
        (_, i) => [`q${i}`, `p${i}`],
      ),
    },
  }, async (folder) => {
    assert.equal((await openTask(`${folder}/out`)).queries.size, 4);
  }, { limit: 4 });
});

Deno.test("pullDataset() keeps texts apart that share an id in two languages", async () => {
  const line = (docid: string, text: string, against: string) => ({
    query_id: "1",
    query: `${text}?`,
    positive_passages: [{ docid, title: "", text }],
    negative_passages: [{ docid: "n", title: "T", text: against }],
  });
  await pulled("tdro/mr_tydi_combined", {
    "castorini/mr-tydi": {
      "mrtydi-v1.1-swahili/train.jsonl.gz": [line("5#0", "mji", "x")],
      "mrtydi-v1.1-telugu/train.jsonl.gz": [line("5#0", "nagaram", "x")],
      "mrtydi-v1.1-combined/train.jsonl.gz": [line("5#0", "mji", "x")],
    },
  }, async (folder) => {
    const task = await openTask(`${folder}/out`);
    assert.deepEqual(
      Array.from(task.corpus.values(), ({ text }) => text).sort(),
      ["mji", "nagaram", "x"],
    );
    assert.equal(task.queries.size, 2);
    for (const grades of task.qrels.train!.values()) {
      assert.deepEqual([...grades.values()], [1, 0]);
    }
  }, { languages: ["sw", "te"] });
});

Deno.test("pullDataset() takes two columns of a parquet file, and tables of ids", async () => {
  await pulled("tdro/medmcqa", {
    "openlifescienceai/medmcqa": {
      "data/train-00000-of-00001.parquet": {
        columns: [
          { name: "question", data: ["Why?", "How?", "Who?"] },
          { name: "exp", data: ["Because.", "", "He."] },
          { name: "cop", data: ["1", "2", "3"] },
        ],
      },
    },
  }, async (folder) => {
    const { queries } = await openTask(`${folder}/out`);
    assert.deepEqual(Array.from(queries.values(), ({ text }) => text), [
      "Why?",
      "Who?",
    ]);
  });
  await pulled("tdro/t2ranking", {
    "THUIR/T2Ranking": {
      "data/collection.tsv": 'pid\ttext\n0\t"巴黎\n1\t罗马\t城\n2\t无\n',
      "data/queries.train.tsv": "qid\ttext\n0\t法国?\n1\t意大利?\n",
      "data/qrels.retrieval.train.tsv": "qid\tpid\n0\t0\n1\t1\n",
      "data/train.mined.tsv": "huge",
    },
  }, async (folder) => {
    const { corpus } = await openTask(`${folder}/out`);
    assert.deepEqual(Array.from(corpus.values(), ({ text }) => text), [
      '"巴黎',
      "罗马\t城",
    ]);
  });
});

Deno.test("pullDataset() makes a folder of MKQA that evaluateMkqa() takes", async () => {
  const question = (n: number, type: string) => ({
    example_id: n,
    queries: { en: `who ${n}`, fi: `kuka ${n}`, zh_cn: `谁 ${n}` },
    answers: { en: [{ type, text: "Ann", aliases: ["Anna"] }] },
  });
  await pulled("mkqa", {
    "Shitao/bge-m3-data": {
      "mkqa.jsonl.gz": [question(1, "entity"), question(2, "unanswerable")],
    },
    "BeIR/nq": { "corpus.jsonl.gz": [{ _id: "d", title: "", text: "Anna." }] },
  }, async (folder) => {
    const report = await collectReport(
      evaluateMkqa(letterEncoder(), `${folder}/out`),
    );
    assert.deepEqual(report.tasks.map(({ language }) => language), [
      "fi",
      "zh_cn",
    ]);
    assert.deepEqual(report.tasks[0]!.queryIds, ["1"]);
    assert.equal(report.mean["Accuracy@1"], 1);
  }, { languages: ["fi", "zh-CN"] });
});

Deno.test("pullDataset() says what is wrong before it fetches anything", async () => {
  await inTempFolder(async (folder) => {
    const fails = (name: string, options: PullDatasetOptions, why: RegExp) =>
      assert.rejects(pull(name, folder, options), {
        name: "RangeError",
        message: why,
      });
    const options = { endpoint: deadAddress(), retries: 0 };
    await fails(
      "beir/nq",
      { ...options, languages: ["fi"] },
      /among en: got "fi"/,
    );
    await fails("mkqa", { ...options, languages: [] }, /: got none$/);
    await fails("tdro/agnews", { ...options, limit: 0 }, /at least 1: got 0/);
  });
  await using hub = serveDatasets({
    "BeIR/scifact": { "corpus.parquet": new Uint8Array() },
  });
  await inTempFolder((folder) =>
    assert.rejects(
      pull("beir/scifact", folder, { endpoint: hub.url }),
      /BeIR\/scifact on the hub lacks corpus\.jsonl\.gz; or put corpus/,
    )
  );
});

Deno.test("every row with files can be pulled, and its languages have names", () => {
  for (const row of catalogue()) {
    for (const source of row.sources) {
      const patterns = patternsOf(source, row, row.languages);
      assert.ok(patterns.length > 0, row.name);
      for (const { path } of patterns) assert.doesNotMatch(path, /[{}]/);
    }
    if (row.sources.length > 0) assert.ok(row.loader, row.name);
    for (const tag of Object.keys(row.languageNames ?? {})) {
      assert.ok(row.languages.includes(tag), row.name);
    }
  }
});
