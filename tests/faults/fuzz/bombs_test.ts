/** Small files that would take hours or all memory if they were believed. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { fromFileUrl, ROOT } from "../../_paths.ts";
import { harmOf } from "./_harm.ts";

const PROGRAM = fromFileUrl(new URL("_bombs.ts", import.meta.url));
/** Memory beside twice the file: the engine's own, and a line of 32 MiB. */
const MEMORY = 200e6;

const DEEP = "[".repeat(200_000) + "]".repeat(200_000);
/** One line without an end, 256 MB long, in a file of 1 MB. */
const LONG = new Uint8Array(
  gzipSync(new Uint8Array(256e6).fill(120), { level: 1 }),
);

const tokenizer = (changes: Record<string, unknown>) =>
  JSON.stringify({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: { type: "BPE", vocab: { "<pad>": 0, a: 1 }, merges: [] },
    ...changes,
  });

/** A column that ends in a run of 292 equal values; one changed byte makes it 8,164. */
function longRun(): Uint8Array {
  const data = Array.from({ length: 300 }, (_, i) => i < 3 ? "a" : "b");
  const bytes = new Uint8Array(parquetWriteBuffer({
    codec: "UNCOMPRESSED",
    columnData: [{ name: "text", data, type: "STRING" }],
  }));
  // Twice the length as a varint: lower 7 bits first.
  const at = bytes.findIndex((byte, i) => byte === 200 && bytes[i + 1] === 4);
  assert.ok(at > 0);
  bytes[at + 1] = 127;
  return bytes;
}

/** File, or file of a folder → what it holds. */
const FILES: Record<string, string | Uint8Array> = {
  "log.jsonl": '{"losses": [1, 2], "domains": [0, 1000000000]}\n',
  "weights.json": `{"domain_ids": ${DEEP}}`,
  "run.parquet": longRun(),
  "nested.json": DEEP,
  "nested.jsonl": `{"text": ${DEEP}}\n`,
  "nested.tdro.jsonl": `{"query_id": ${DEEP}}\n`,
  "line.csv.gz": LONG,
  "line.jsonl.gz": LONG,
  "suite/a/task.json": `{"language": ${DEEP}}`,
  "suite/a/corpus.jsonl": "",
  "wide/config.json": `{"model_type": "bert", "hidden_size": ${2 ** 40}}`,
  "deep/config.json":
    '{"model_type": "qwen3", "num_hidden_layers": 1000000000}',
  "id/tokenizer.json": tokenizer({
    model: { type: "WordLevel", vocab: { "<pad>": 0, a: 100_000_000 } },
  }),
  "added/tokenizer.json": tokenizer({
    added_tokens: [{ id: 1_000_000_000, content: "<s>" }],
    model: { type: "Unigram", vocab: [["<pad>", 0], ["a", -1]] },
  }),
  "no-merges/tokenizer.json": tokenizer({
    model: { type: "BPE", vocab: { "<pad>": 0 } },
  }),
  "no-pair/tokenizer.json": tokenizer({
    post_processor: { type: "TemplateProcessing", single: [] },
  }),
  "no-list/tokenizer.json": tokenizer({
    normalizer: { type: "Sequence" },
  }),
};

/** What is said of each. */
const TOLD: Record<string, RegExp> = {
  "log.jsonl":
    /log\.jsonl:1: .* must be below 1002 in a log of 2 losses without a header: got 1000000000; /,
  "weights.json": /weights\.json: .*nested more than 256 levels/,
  "run.parquet": /as parquet: a run has more values than its page;/,
  "nested.json": /nested\.json as a table: it must be a list of objects/,
  "nested.jsonl": /nested\.jsonl:1: .*nested more than 256 levels/,
  "nested.tdro.jsonl": /nested\.tdro\.jsonl:1: .*more than 256 levels/,
  "line.csv.gz": /line\.csv\.gz:1: .* longer than 33554432 bytes/,
  "line.jsonl.gz": /line\.jsonl\.gz:1: .* longer than 33554432 bytes/,
  "suite": /task\.json as JSON: it is nested more than 256 levels/,
  "wide": /config\.json: hidden_size: .*1048576, got 1099511627776/,
  "deep": /config\.json: num_hidden_layers: .*10000, got 1000000000/,
  "id": /ids of 2 tokens must be below 1004: got 100000000 for "a"/,
  "added": /ids of 3 tokens must be below 1006: got 1000000000 for "<s>"/,
  "no-merges": /tokenizer\.json: merges must be a list/,
  "no-pair": /tokenizer\.json: post_processor\.pair /,
  "no-list": /tokenizer\.json: normalizer lacks a field, or has one of/,
  "scratch": /its parameters must be at most 8589934592 numbers: got \d+;/,
};

Deno.test("small files that ask for much are refused, in one line and little memory", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tdro-bombs-" });
  try {
    for (const [name, content] of Object.entries(FILES)) {
      const path = join(folder, name);
      await Deno.mkdir(dirname(path), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(path, content);
      else await Deno.writeFile(path, content);
    }
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-all",
        "--no-check",
        "--v8-flags=--max-old-space-size=500",
        `--config=${ROOT}deno.json`,
        PROGRAM,
        folder,
      ],
    }).output();
    const decoder = new TextDecoder();
    const lines = decoder.decode(stdout).trim().split("\n");
    const outcomes: { name: string; told: string; bytes: number }[] = lines
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      outcomes.map(({ name }) => name),
      Object.keys(TOLD),
      decoder.decode(stderr),
    );
    for (const { name, told, bytes } of outcomes) {
      assert.match(told, TOLD[name]!);
      assert.equal(harmOf(new SyntaxError(told)), undefined);
      const size = FILES[name]?.length ?? 0;
      assert.ok(bytes <= MEMORY + 2 * size, `${name}: ${bytes} bytes`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
