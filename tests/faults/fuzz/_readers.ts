import { gzipSync } from "node:zlib";
import { dirname, join } from "node:path";
import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { parquetWriteBuffer } from "hyparquet-writer";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  findDamage,
  writeChecksums,
} from "../../../lib/base/files/checksums.ts";
import { listHubFiles } from "../../../lib/base/hub_files.ts";
import type { Command } from "../../../lib/cli/command.ts";
import { readOptions } from "../../../lib/cli/options/read_options.ts";
import {
  catalogue,
  openBeirSet,
  openIdTables,
  openMiracl,
  openMkqa,
  openSuite,
  openTable,
  parseCatalogue,
  readJudgments,
  readPairs,
  readTdroJsonl,
  readTopics,
  readTrecQrels,
  readTrecRun,
  suiteFromFile,
  taskFromFile,
  writeTdroJsonl,
} from "../../../lib/data/mod.ts";
import {
  readLossLog,
  readWeightFile,
  replayWeights,
} from "../../../lib/dro/mod.ts";
import {
  compareReports,
  hashModel,
  readReport,
} from "../../../lib/eval/mod.ts";
import { arenaContent } from "../../../lib/experiment/arena/content.ts";
import { explainRun, reportRuns } from "../../../lib/experiment/mod.ts";
import {
  readReportable,
  type Reportable,
} from "../../../lib/experiment/report/reportable.ts";
import { runContent } from "../../../lib/experiment/report/run_content.ts";
import { towersContent } from "../../../lib/experiment/report/towers_content.ts";
import { sideBySide } from "../../../lib/experiment/report/side_by_side.ts";
import { Journal } from "../../../lib/experiment/arena/journal.ts";
import {
  addLora,
  createEncoder,
  decoderConfig,
  disposeEncoder,
  type Encoder,
  loadEncoder,
  loadTokenizer,
  modelInfo,
  openSafetensors,
  openWeights,
  parseConfig,
  readModelReference,
  saveEncoder,
  saveLora,
  writeSafetensors,
  writeWeights,
} from "../../../lib/model/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import {
  openEmbeddings,
  openLanceIndex,
  parseDecisions,
  writeEmbeddings,
} from "../../../lib/search/mod.ts";
import {
  AdamW,
  loadCheckpoint,
  saveCheckpoint,
} from "../../../lib/train/mod.ts";
import { writeFakeArena, writeFakeRun } from "../../experiment/_fake_runs.ts";
import { smallEncoder } from "../../_small_encoder.ts";

/** Something that reads files which others can have written. */
export interface Reader {
  /** Short name, for replaying. */
  name: string;
  /** Puts files into the folder that it reads without complaint. */
  seed(folder: string): Promise<void>;
  /** Reads them. */
  read(folder: string): Promise<unknown>;
  /** Which files are damaged; by default all. */
  damaged?: RegExp;
  /** Reads slowly, so that only one of so many mutants is tried. */
  oneOf?: number;
}

type Content = string | Uint8Array;

/** Writes files, given by their paths in a folder. */
async function write(
  folder: string,
  files: Record<string, Content>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    await Deno.writeFile(
      path,
      name.endsWith(".gz") ? new Uint8Array(gzipSync(bytes)) : bytes,
    );
  }
}

/** A reader of files that are written out here. */
function ofFiles(
  name: string,
  files: Record<string, Content>,
  read: (folder: string) => Promise<unknown>,
): Reader {
  return { name, seed: (folder) => write(folder, files), read };
}

const json = (value: unknown) => JSON.stringify(value, null, 1);
const lines = (...values: unknown[]) =>
  values.map((value) => JSON.stringify(value) + "\n").join("");
const all = async (rows: AsyncIterable<unknown>) => {
  for await (const _ of rows);
};
async function allRows(path: string): Promise<void> {
  await all((await openTable(path)).rows());
}

const QRELS = "query-id\tcorpus-id\tscore\nq1\tp1\t1\nq1\tp2\t0\nq2\tp2\t2\n";
const CORPUS = lines(
  { _id: "p1", title: "Capitals", text: "Paris" },
  { docid: "p2", text: "Rome, the café" },
);
const QUERIES = lines({ _id: "q1", text: "France?" }, {
  id: "q2",
  text: "It?",
});
const PAIRS = {
  query: ["a b", "c d", "e f"],
  positive: ["a passage", "an other", "a third"],
  negatives: [["x", "y"], ["z"], []],
  score: [1, 0, 1],
  split: ["train", "train", "test"],
};
const PAIR_ROWS = PAIRS.query.map((query, i) => ({
  query,
  positive: PAIRS.positive[i],
  negatives: PAIRS.negatives[i],
  score: PAIRS.score[i],
  split: PAIRS.split[i],
}));

function parquet(
  codec: "SNAPPY" | "UNCOMPRESSED",
  copies = 1,
): Uint8Array {
  const rows = Array.from({ length: copies }, () => PAIR_ROWS).flat();
  const column = (name: keyof typeof PAIR_ROWS[0], type?: string) => ({
    name,
    data: rows.map((row) => row[name]),
    ...type ? { type } : {},
  });
  return new Uint8Array(parquetWriteBuffer({
    codec,
    columnData: [
      column("query", "STRING"),
      column("positive", "STRING"),
      column("negatives", "JSON"),
      column("score", "INT32"),
      column("split", "STRING"),
    ] as Parameters<typeof parquetWriteBuffer>[0]["columnData"],
  }));
}

/** The rows as the data sets library saves them. */
function arrow(): Uint8Array {
  const { score, ...texts } = PAIRS;
  return tableToIPC(
    tableFromArrays({ ...texts, score: Int32Array.from(score) }),
    { format: "stream" },
  )!;
}

const SCORED = { score: "score" } as const;

/** Files that Arrow wrote. */
const ARROW = [
  "pairs_snappy",
  "pairs_zstd",
  "kinds_v1",
  "kinds_v2",
  "kinds_delta",
  "kinds_delta_v1",
];

const DATA: Reader[] = [
  ofFiles("suite", {
    "suite.json": json({ name: "demo", tasks: ["b", "a"] }),
    "a/task.json": json({ task: "a", prompt: "Find", language: ["en", "de"] }),
    "a/corpus.jsonl": CORPUS,
    "a/queries.jsonl": QUERIES,
    "a/qrels/train.tsv": QRELS,
    "b/corpus.jsonl.gz": CORPUS,
    "b/queries.jsonl.gz": QUERIES,
    "b/qrels/test.tsv.gz": QRELS,
  }, (folder) => openSuite(folder)),
  ofFiles("csv", {
    "pairs.csv":
      'query,positive,score,split\n"a, b",c d,1,train\ne,"f\n""g""",0,test\n',
  }, (folder) => taskFromFile(join(folder, "pairs.csv"), SCORED)),
  ofFiles("tsv", {
    "pairs.tsv.gz": "query\tpositive\na b\tc d\ne\tf\n",
  }, (folder) => taskFromFile(join(folder, "pairs.tsv.gz"))),
  ofFiles(
    "jsonl table",
    { "pairs.jsonl": lines(...PAIR_ROWS) },
    (folder) => taskFromFile(join(folder, "pairs.jsonl"), SCORED),
  ),
  ofFiles(
    "json list",
    { "pairs.json": json(PAIR_ROWS) },
    (folder) => taskFromFile(join(folder, "pairs.json"), SCORED),
  ),
  ofFiles("tsv", {
    "pairs.tsv": 'query\tpositive\na b\ta "passage\nc d\tan other\n',
  }, (folder) => taskFromFile(join(folder, "pairs.tsv"))),
  ofFiles(
    "arrow",
    { "pairs.arrow": arrow() },
    (folder) => allRows(join(folder, "pairs.arrow")),
  ),
  ofFiles(
    "json table",
    { "pairs.json": json({ data: PAIR_ROWS }) },
    (folder) =>
      suiteFromFile(join(folder, "pairs.json"), { ...SCORED, task: "split" }),
  ),
  ofFiles(
    "parquet",
    { "pairs.parquet": parquet("UNCOMPRESSED") },
    (folder) => allRows(join(folder, "pairs.parquet")),
  ),
  ofFiles(
    "parquet snappy",
    { "pairs.parquet": parquet("SNAPPY", 40) },
    (folder) => taskFromFile(join(folder, "pairs.parquet"), SCORED),
  ),
  {
    name: "parquet of arrow",
    seed: async (folder) => {
      for (const name of ARROW) {
        const file = `../../data/tables/files/${name}.parquet`;
        const bytes = await Deno.readFile(new URL(file, import.meta.url));
        await write(folder, { [`${name}.parquet`]: bytes });
      }
    },
    read: async (folder) => {
      for (const name of ARROW) await allRows(join(folder, `${name}.parquet`));
    },
  },
  ofFiles("data set folder", {
    "README.md":
      "---\nlicense: mit\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n  - split: test\n    path:\n    - data/test-*\n---\n# Title\n",
    "data/train-0.jsonl": lines(...PAIR_ROWS),
    "data/test-0.jsonl": lines(PAIR_ROWS[0]),
  }, (folder) => taskFromFile(folder, { ...SCORED, split: "split" })),
  {
    name: "tdro jsonl",
    seed: (folder) =>
      writeTdroJsonl(join(folder, "t.jsonl"), [{
        domain: 0,
        query: { id: "q", text: "a" },
        positives: [{ id: "p", text: "b", title: "t", score: 0.5 }],
        negatives: [{ id: "n", text: "c" }],
      }]),
    read: (folder) => all(readTdroJsonl(join(folder, "t.jsonl"), 0)),
  },
  ofFiles("trec run", {
    "run.txt": "q1 Q0 p1 1 1.5 x\nq1 Q0 p2 2 1e-3 x\n",
  }, (folder) => readTrecRun(join(folder, "run.txt"))),
  ofFiles("trec qrels", {
    "qrels.txt": "q1 0 p1 1\nq1 0 p2 0\n",
  }, (folder) => readTrecQrels(join(folder, "qrels.txt"))),
  ofFiles("beir set", {
    "corpus.jsonl.gz": CORPUS,
    "queries.jsonl": QUERIES,
    "qrels/test.tsv": QRELS,
  }, async (folder) => await all((await openBeirSet(folder)).passages())),
  ofFiles("id tables", {
    "collection.tsv": "id\ttext\np1\tParis\np2\tRome\n",
    "queries.train.tsv": "id\ttext\nq1\tFrance?\n",
    "qrels.retrieval.train.tsv": "id\tid\nq1\tp1\n",
  }, async (folder) => await all((await openIdTables(folder)).passages())),
  ofFiles("miracl", {
    "miracl-v1.0-de/topics/topics.miracl-v1.0-de-dev.tsv": "q1\tWo?\n",
    "miracl-v1.0-de/qrels/qrels.miracl-v1.0-de-dev.tsv": "q1 0 p1 1\n",
    "miracl-corpus-v1.0-de/docs-0.jsonl.gz": CORPUS,
  }, async (folder) => await all((await openMiracl(folder, "de")).passages())),
  ofFiles("mkqa", {
    "mkqa.jsonl.gz": lines({
      example_id: 1,
      queries: { de: "Wer?", fr: "Qui ?" },
      answers: { en: [{ type: "entity", text: "Jane", aliases: ["J"] }] },
    }),
  }, (folder) => openMkqa(folder, ["de", "fr"])),
  ofFiles("pairs", {
    "p.jsonl": lines(["a", "b"], { query: "a", pos: ["b"], neg: "c" }, {
      set: ["a", "b", "c"],
    }),
  }, (folder) => all(readPairs(join(folder, "p.jsonl")))),
  ofFiles("judgments", {
    "q.jsonl": lines({ "query-id": "q", "corpus-id": 1, score: 1 }),
    "q.tsv": QRELS,
  }, async (folder) => {
    await readJudgments(join(folder, "q.jsonl"));
    await readJudgments(join(folder, "q.tsv"));
  }),
  ofFiles(
    "topics",
    { "t.tsv": "q1\tWo?\nq2\tWer?\n" },
    (folder) => readTopics(join(folder, "t.tsv")),
  ),
  ofFiles(
    "catalogue",
    {
      "catalogue.json": json({
        format: "tdro-catalogue/1",
        rows: catalogue().slice(0, 3),
      }),
    },
    async (folder) =>
      parseCatalogue(await jsonOf(join(folder, "catalogue.json"))),
  ),
];

/** What a caller would do; what isn't JSON is no concern of the reader. */
async function jsonOf(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    return null;
  }
}

const DRO: Reader[] = [
  ofFiles("weight file", {
    "w.json": json({
      domain_ids: { a: 0, b: 1 },
      domain_weights: { a: 0.25, b: 0.75 },
      size: { a: 10, b: 20 },
      epoch: { a: 1, b: 2 },
      n_groups: 2,
      category_list: { x: ["a"] },
    }),
  }, (folder) => readWeightFile(join(folder, "w.json"))),
  ofFiles("loss log", {
    "log.jsonl": lines(
      { losses: [1.5, 0.2], reference_losses: [1, 0.5], domains: [0, 1] },
      { losses: [1.25, 0.5], reference_losses: [1, 0.5], domains: [1, 2] },
    ),
  }, async (folder) => {
    const log = await readLossLog(join(folder, "log.jsonl"));
    replayWeights(log.lines, { start: log.weights });
  }),
  ofFiles("loss log with header", {
    "log.jsonl": lines(
      { tasks: ["a", "b"], sizes: [3, 4], weights: [0.5, 0.5] },
      { losses: [1.5, 0.2], tasks: ["a", "b"] },
      { losses: [1, 0.5], tasks: ["b", "b"] },
    ),
  }, async (folder) => {
    const log = await readLossLog(join(folder, "log.jsonl"));
    replayWeights(log.lines, { start: log.weights });
  }),
  ofFiles("run with losses", {
    "run.json": json({
      options: { measure: "released", weightSteps: 2 },
      suite: { tasks: ["a", "b"] },
    }),
    "metrics.jsonl": lines(
      ...[0, 1].map((step) => ({
        stage: "weights",
        step,
        loss: 1,
        weights: [0.5, 0.5],
        examples: { losses: [1, 2], references: [1, 1.5], domains: [0, 1] },
      })),
    ),
    "weights.json": json({
      domain_ids: { a: 0, b: 1 },
      domain_weights: { a: 0.5, b: 0.5 },
      size: { a: 10, b: 20 },
    }),
  }, (folder) => explainRun(folder)),
];

const REPORT = {
  format: "tdro-eval/1",
  suite: "s",
  settings: {
    split: "test",
    metrics: ["nDCG@10"],
    k: 10,
    prompts: "task",
    ignoreIdenticalIds: false,
    ties: "x",
  },
  tasks: [{
    task: "a",
    domain: 0,
    prompt: "",
    passages: 3,
    mean: { "nDCG@10": 0.5 },
    queryIds: ["q1", "q2"],
    perQuery: { "nDCG@10": [0.25, 0.75] },
  }],
  mean: { "nDCG@10": 0.5 },
};

const RECORDS: Reader[] = [
  ofFiles("eval report", {
    "a.json": json(REPORT),
    "b.json": json({ x: REPORT }),
  }, async (folder) => {
    const a = await readReport(join(folder, "a.json"));
    const b = await readReport(join(folder, "b.json"));
    compareReports(a, b, { resamples: 10 } as never);
  }),
  ...[
    { name: "content of a run", write: writeFakeRun },
    { name: "content of an arena", write: writeFakeArena },
  ].map(({ name, write }): Reader => ({
    name,
    seed: async (folder) => void await write(folder),
    read: async (folder) => {
      const one = await readReportable(folder);
      if (one.kind === "towers") return towersContent([one]);
      return one.kind === "run" ? runContent(one) : arenaContent(one);
    },
  })),
  ofFiles("page of a distillation", {
    "towers.json": json({
      format: "tdro-towers/1",
      towers: ["teacher", "distilled"].map((tower) => ({
        tower,
        layers: 1,
        parameters: 9,
        computed: 5,
        ndcg: 0.5,
        interval: [0.4, 0.6],
        kept: 1,
        keptInterval: [0.9, 1],
        speed: [{ backend: "wasm", queriesPerSecond: 9, p50: 2, p95: 3 }],
      })),
    }),
  }, (folder) => reportRuns([folder], { static: true })),
  ...[
    { name: "page of a run", write: writeFakeRun },
    { name: "page of an arena", write: writeFakeArena },
  ].map(({ name, write }): Reader => ({
    name,
    oneOf: 20,
    seed: async (folder) => void await write(folder),
    read: (folder) => reportRuns([folder], { static: true }),
  })),
  {
    name: "runs side by side",
    seed: async (folder) => {
      await writeFakeRun(join(folder, "a"));
      await writeFakeArena(join(folder, "b"));
    },
    read: async (folder) =>
      sideBySide([
        await readReportable(join(folder, "a")) as Reportable,
        await readReportable(join(folder, "b")) as Reportable,
      ]),
  },
  ofFiles("journal", {
    "journal.jsonl": lines({ question: "a", answer: [1] }),
  }, (folder) => Journal.open(join(folder, "journal.jsonl"))),
  {
    name: "checksums",
    seed: async (folder) => {
      await write(folder, { "a.json": "{}", "b/c.txt": "x" });
      await writeChecksums(folder);
    },
    read: (folder) => findDamage(folder),
  },
  ofFiles(
    "decisions",
    {
      "d.tsv":
        'decision\ttask\tquery\tpassage\tscore\npositive\ta\tq\tp\t0.5\n\ta\tq\t"p""2"\t1\n',
    },
    async (folder) =>
      parseDecisions(await Deno.readTextFile(join(folder, "d.tsv"))),
  ),
  ofFiles("model reference", {
    "r.json": json({
      texts: ["a", "b"],
      ids: [[1, 2], [3]],
      embeddings: [[1, 0], [0, 1]],
      madeWith: { torch: "2" },
    }),
  }, (folder) => readModelReference(join(folder, "r.json"))),
];

async function command(name: string): Promise<Command<never>> {
  return (await import(`../../../lib/cli/commands/${name}.ts`)).command;
}

function configOf(name: string, content: unknown): Reader {
  return ofFiles(
    `--config of ${name}`,
    { "c.json": json(content) },
    async (folder) =>
      await readOptions(await command(name) as unknown as Command, [
        "--config",
        join(folder, "c.json"),
      ]),
  );
}

const OPTIONS = { suite: "s", out: "o", steps: 3, batchSize: 4, seed: 1 };
const CONFIGS: Reader[] = [
  configOf("run", { ...OPTIONS, tasks: ["a"] }),
  configOf("train", {
    format: "tdro-train/1",
    options: OPTIONS,
    suite: { tasks: ["a"] },
    backend: { name: "wasm" },
  }),
  configOf("arena", {
    suite: "s",
    out: "o",
    steps: 3,
    seeds: [1, 2],
    strategies: ["uniform"],
  }),
];

/** Writes a small model and hands it over for more. */
async function withEncoder(
  make: () => Encoder,
  write: (encoder: Encoder) => Promise<void>,
): Promise<void> {
  await useBackend("wasm");
  const encoder = make();
  try {
    await write(encoder);
  } finally {
    disposeEncoder(encoder);
  }
}

async function loadAndFree(folder: string): Promise<void> {
  await useBackend("wasm");
  disposeEncoder(await loadEncoder(folder));
}

function smallDecoder(): Encoder {
  const bert = smallEncoder();
  const { tokenizer } = bert;
  disposeEncoder(bert);
  const config = decoderConfig({
    modelType: "gemma3_text",
    vocabSize: tokenizer.vocabSize,
    hiddenSize: 8,
    layers: 2,
    heads: 2,
    intermediateSize: 8,
    maxPositions: 16,
  });
  return createEncoder(config, tokenizer, {
    rng: createRng(1, "model"),
    modules: {
      pooling: "lastToken",
      normalize: true,
      prompts: { query: "q: " },
      maps: [{ kind: "dense", in: 8, out: 4, bias: true, activation: "tanh" }],
    },
  });
}

const MODELS: Reader[] = [
  {
    name: "encoder",
    damaged: /\.json$/,
    seed: (folder) =>
      withEncoder(smallEncoder, (encoder) => saveEncoder(encoder, folder)),
    read: loadAndFree,
  },
  {
    name: "decoder with dense module",
    damaged: /config|modules|safetensors/,
    seed: (folder) =>
      withEncoder(smallDecoder, (encoder) => saveEncoder(encoder, folder)),
    read: loadAndFree,
  },
  {
    name: "adapter",
    damaged: /adapter_/,
    seed: (folder) =>
      withEncoder(smallEncoder, async (encoder) => {
        await saveEncoder(encoder, folder);
        const rng = createRng(1, "lora");
        const adapted = addLora(encoder, { rank: 2, targets: ["query"], rng });
        await saveLora(adapted, join(folder, "adapter"));
      }),
    read: loadAndFree,
  },
  {
    name: "checkpoint",
    damaged: /state\.json|optimizer/,
    seed: (folder) =>
      withEncoder(smallEncoder, async (encoder) => {
        const optimizer = new AdamW(encoder.parameters);
        const cursor = {
          batches: 3,
          taskRng: [1, 2, 3, 4],
          passageRng: [1, 2, 3, 4],
          next: [1, 0],
          done: [false, true],
          drawn: [1, 2],
        } as const as never;
        const state = { cursor, extra: null };
        await saveCheckpoint(join(folder, "c"), { encoder, optimizer, state });
        optimizer.dispose();
        // Sums would stop nearly all mutants at the door.
        await Deno.remove(join(folder, "c/checksums.json"));
      }),
    read: async (folder) => {
      await useBackend("wasm");
      const { encoder, optimizer } = await loadCheckpoint(join(folder, "c"));
      disposeEncoder(encoder);
      optimizer.dispose();
    },
  },
  {
    name: "model info",
    damaged: /\.json$/,
    seed: (folder) =>
      withEncoder(smallDecoder, (encoder) => saveEncoder(encoder, folder)),
    read: async (folder) => {
      await modelInfo(folder);
      await hashModel(folder);
    },
  },
  {
    name: "safetensors",
    seed: (folder) =>
      writeSafetensors(join(folder, "t.safetensors"), [
        { name: "a", shape: [2, 3], data: new Float32Array(6) },
        { name: "b", shape: [], data: new Float32Array(1) },
      ]),
    read: async (folder) => {
      using file = await openSafetensors(join(folder, "t.safetensors"));
      for (const name of file.tensors.keys()) {
        const { dtype } = file.tensors.get(name)!;
        if (/^(F|BF)/.test(dtype)) await file.read(name);
        else await file.readIntegers(name);
      }
    },
  },
  {
    name: "weight shards",
    seed: (folder) =>
      writeWeights(folder, [
        { name: "a", shape: [2, 3], data: new Float32Array(6) },
        { name: "b", shape: [5], data: new Float32Array(5) },
      ], { maxShardBytes: 24 }),
    read: async (folder) => {
      using weights = await openWeights(folder);
      for (const name of weights.tensors.keys()) await weights.read(name);
    },
  },
  {
    name: "config of every family",
    seed: async (folder) => {
      for (
        const modelType of ["qwen2", "llama", "gemma2", "mistral"] as const
      ) {
        const config = decoderConfig({ modelType, layers: 2 });
        const { original: _, ...rest } = config;
        void rest;
        await write(folder, {
          [`${modelType}.json`]: json({
            model_type: modelType,
            num_hidden_layers: 2,
            hidden_size: 8,
            num_attention_heads: 2,
            num_key_value_heads: 1,
            sliding_window: 4,
            layer_types: ["full_attention", "sliding_attention"],
            rope_scaling: {
              rope_type: "llama3",
              factor: 8,
              low_freq_factor: 1,
              high_freq_factor: 4,
              original_max_position_embeddings: 16,
            },
            eos_token_id: [1, 2],
          }),
        });
      }
    },
    read: async (folder) => {
      for (const modelType of ["qwen2", "llama", "gemma2", "mistral"]) {
        parseConfig(await jsonOf(join(folder, `${modelType}.json`)));
      }
    },
  },
  ofFiles("tokenizer", tokenizerFiles("unigram"), useTokenizer),
  ofFiles("tokenizer bpe", tokenizerFiles("bpe"), useTokenizer),
  {
    name: "tokenizer wordpiece",
    damaged: /tokenizer|special/,
    seed: (folder) =>
      withEncoder(smallEncoder, (encoder) => saveEncoder(encoder, folder)),
    read: useTokenizer,
  },
];

async function useTokenizer(folder: string): Promise<void> {
  const tokenizer = await loadTokenizer(folder);
  const { ids } = tokenizer.encode(["red green blue"]);
  tokenizer.decode(ids[0]!);
  tokenizer.withEnd()?.encode(["red"]);
}

function tokenizerFiles(kind: "unigram" | "bpe"): Record<string, Content> {
  const special = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const template = {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "<s>", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
    ],
    pair: [
      { SpecialToken: { id: "<s>", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { Sequence: { id: "B", type_id: 1 } },
    ],
    special_tokens: { "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] } },
  };
  const model = kind === "unigram"
    ? {
      type: "Unigram",
      unk_id: 2,
      vocab: [
        ["<s>", 0],
        ["<pad>", 0],
        ["<unk>", 0],
        ["▁red", -1.5],
        ["▁", -2],
        ["e", -3],
        ["r", -3.5],
      ],
      byte_fallback: false,
    }
    : {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab: {
        "<s>": 0,
        "<pad>": 1,
        "<unk>": 2,
        r: 3,
        e: 4,
        d: 5,
        re: 6,
        red: 7,
      },
      merges: [["r", "e"], ["re", "d"]],
    };
  return {
    "tokenizer.json": json({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [
        special(0, "<s>"),
        special(1, "<pad>"),
        special(2, "<unk>"),
      ],
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "NFKC" },
          { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
          { type: "Prepend", prepend: "▁" },
        ],
      },
      pre_tokenizer: kind === "unigram"
        ? { type: "Metaspace", replacement: "▁", prepend_scheme: "always" }
        : {
          type: "Sequence",
          pretokenizers: [
            {
              type: "Split",
              pattern: { Regex: "\\s+|\\w+" },
              behavior: "Isolated",
              invert: false,
            },
            { type: "ByteLevel", add_prefix_space: false, use_regex: false },
          ],
        },
      post_processor: template,
      decoder: { type: "Metaspace", replacement: "▁" },
      model,
    }),
    "tokenizer_config.json": json({
      pad_token: "<pad>",
      eos_token: { content: "<s>" },
      model_max_length: 512,
    }),
    "special_tokens_map.json": json({ unk_token: "<unk>" }),
  };
}

const SEARCH: Reader[] = [
  {
    name: "embeddings",
    seed: (folder) =>
      writeEmbeddings(join(folder, "e.safetensors"), ["a", "b"], [{
        ids: ["a", "b"],
        embeddings: { data: new Float32Array(6), count: 2, dimension: 3 },
      }], { source: { model: "m", data: "d" } }),
    read: async (folder) => {
      const file = await openEmbeddings(join(folder, "e.safetensors"));
      await all(file.chunks());
    },
  },
  ofFiles("lance answers", {
    "answers.json": json({
      tables: ["passages"],
      count: 2,
      rows: [{ id: "a", _distance: 0.5 }, { id: "b", _distance: 0.25 }],
    }),
  }, async (folder) => {
    const said = await jsonOf(join(folder, "answers.json")) as Record<
      string,
      never
    >;
    if (!Array.isArray(said?.tables) || !Array.isArray(said.rows)) return;
    const index = await openLanceIndex("place", { lancedb: fakeLance(said) });
    await index.search({
      ids: ["q"],
      embeddings: { data: new Float32Array(2), count: 1, dimension: 2 },
    }, 2);
  }),
];

/** The engine's module, with the answers of a file. */
function fakeLance(said: Record<string, never>): unknown {
  const query = {
    nearestTo: () => query,
    distanceType: () => query,
    refineFactor: () => query,
    select: () => query,
    limit: () => query,
    toArray: () => Promise.resolve(said.rows),
  };
  const table = {
    countRows: () => Promise.resolve(said.count),
    query: () => query,
    close() {},
  };
  return {
    connect: () =>
      Promise.resolve({
        tableNames: () => Promise.resolve(said.tables),
        openTable: () => Promise.resolve(table),
      }),
  };
}

/** Serves the files of a folder as the hub's answers. */
async function withHub<T>(
  folder: string,
  work: (endpoint: string) => Promise<T>,
): Promise<T> {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async () => {
      const body = await Deno.readFile(join(folder, "tree.json"));
      return new Response(body, {
        headers: { "content-type": "application/json" },
      });
    },
  );
  return await work(`http://127.0.0.1:${server.addr.port}`);
}

const HUB: Reader[] = [
  ofFiles("hub listing", {
    "tree.json": json([
      {
        type: "file",
        path: "a/model.safetensors",
        size: 5,
        oid: "0".repeat(40),
        lfs: { oid: "1".repeat(64), size: 5, pointerSize: 130 },
      },
      { type: "directory", path: "a", size: 0, oid: "0".repeat(40) },
      { type: "file", path: "config.json", size: 3, oid: "0".repeat(40) },
    ]),
  }, (folder) =>
    withHub(folder, (endpoint) =>
      listHubFiles(
        { type: "model", id: "owner/name", revision: "main" },
        { endpoint },
      ))),
];

/** All of them. */
export const READERS: readonly Reader[] = [
  ...DATA,
  ...DRO,
  ...RECORDS,
  ...CONFIGS,
  ...MODELS,
  ...SEARCH,
  ...HUB,
];
