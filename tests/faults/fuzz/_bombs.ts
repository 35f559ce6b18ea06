/** Reads small files that ask for much: `_bombs.ts FOLDER`. A line of JSON for each. */
import { join } from "node:path";
import { openSuite, openTable, readTdroJsonl } from "../../../lib/data/mod.ts";
import { readLossLog, readWeightFile } from "../../../lib/dro/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  loadTokenizer,
  readConfig,
  trainTokenizer,
} from "../../../lib/model/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { memoryNow, peakMemory } from "./_memory.ts";

async function rows(path: string): Promise<void> {
  for await (const _ of (await openTable(path)).rows());
}

/** What to do with each of the folder's files. */
const READ: Record<string, (path: string) => unknown> = {
  "log.jsonl": readLossLog,
  "weights.json": readWeightFile,
  "run.parquet": rows,
  "nested.json": rows,
  "nested.jsonl": rows,
  "nested.tdro.jsonl": async (path) => {
    for await (const _ of readTdroJsonl(path, 0));
  },
  "line.csv.gz": rows,
  "line.jsonl.gz": rows,
  "suite": openSuite,
  "wide": readConfig,
  "deep": readConfig,
  "id": loadTokenizer,
  "added": loadTokenizer,
  "no-merges": loadTokenizer,
  "no-pair": loadTokenizer,
  "no-list": loadTokenizer,
  "scratch": () => {
    const tokenizer = createTokenizer(trainTokenizer(["a b"]));
    const config = bertConfig({
      vocabSize: 2 ** 20,
      hiddenSize: 2 ** 20,
      heads: 16,
    });
    const modules = { pooling: "mean", normalize: true } as const;
    createEncoder(config, tokenizer, { rng: createRng(1, "model"), modules });
  },
};

const [folder] = Deno.args as [string];
for (const [name, read] of Object.entries(READ)) {
  const before = memoryNow();
  let told = "nothing";
  try {
    await read(join(folder, name));
  } catch (error) {
    told = `${(error as Error).name}: ${(error as Error).message}`;
  }
  console.log(JSON.stringify({ name, told, bytes: peakMemory() - before }));
}
