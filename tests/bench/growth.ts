/**
 * How a training step grows with its tokens: time per token and peak memory
 * from 1k to 64k tokens a step, encoded 2,048 tokens at a time (GradCache).
 * Sizes alternate, and the best round of each counts, so that a busy machine
 * does less harm. Prints a table and, with --json FILE, writes it.
 *
 * `deno run -A tests/bench/growth.ts [--quick] [--rounds N] [--json FILE]`
 */
import { parseArgs } from "@std/cli/parse-args";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { textTable } from "../../lib/report/mod.ts";
import { type Batch, createRng } from "../../lib/sampling/mod.ts";
import { infoNce, train } from "../../lib/train/mod.ts";
import { evenTexts } from "./_random_step.ts";

const LENGTH = 64;
const CHUNK = 2048;

const { quick, rounds, json } = parseArgs(Deno.args, {
  boolean: ["quick"],
  string: ["rounds", "json"],
  default: { rounds: "3" },
});

await useBackend("auto");
const encoder = createEncoder(
  bertConfig({
    vocabSize: 30522,
    hiddenSize: quick ? 128 : 384,
    layers: quick ? 2 : 6,
    heads: quick ? 4 : 12,
    intermediateSize: quick ? 512 : 1536,
  }),
  createTokenizer(
    trainTokenizer(["red green blue bird sings sky tree fish"]),
  ),
  {
    rng: createRng(1, "model"),
    modules: { pooling: "mean", normalize: true, prompts: {} },
  },
);

/** One row a size, filled round by round. */
const rows = [1, 2, 4, 8, 16, 32, 64].map((thousands) => ({
  tokens: thousands * 1024,
  updates: train(encoder, forever(batchOf(thousands * 1024)), {
    loss: infoNce({ negatives: "in-batch", maskFalseNegatives: false }),
    learningRate: 1e-6,
    queryLength: LENGTH,
    passageLength: LENGTH,
    gradCache: { tokens: CHUNK },
  }),
  seconds: Infinity,
  cpuSeconds: Infinity,
  peakBytes: 0,
  live: 0,
}));

for (let round = 0; round <= Number(rounds); round++) {
  for (const row of rows) {
    const peak = watchPeak();
    const cpu = cpuSeconds();
    const { value } = await row.updates.next();
    row.peakBytes = peak.stop();
    row.live = tf.memory().numTensors;
    // The first round warms up.
    if (round === 0) continue;
    row.seconds = Math.min(row.seconds, value!.seconds);
    row.cpuSeconds = Math.min(row.cpuSeconds, cpuSeconds() - cpu);
  }
}

const table = rows.map(({ tokens, seconds, cpuSeconds, peakBytes, live }) => ({
  tokens,
  "µs/token": Number((seconds / tokens * 1e6).toFixed(1)),
  "CPU µs/token": Number((cpuSeconds / tokens * 1e6).toFixed(1)),
  "MiB of tensors above the model": Math.round(peakBytes / 2 ** 20),
  "live tensors": live,
}));
console.log(textTable(table));
if (json) await Deno.writeTextFile(json, JSON.stringify(table, null, 2) + "\n");

/**
 * Processor time of this process so far, which other programs don't lengthen;
 * NaN elsewhere than on Linux.
 */
function cpuSeconds(): number {
  try {
    const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1]!
      .split(" ");
    // utime and stime, in ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}

/** A batch of this many tokens, half of them in queries. */
function batchOf(tokens: number): Batch {
  const { queries, passages } = evenTexts(tokens / LENGTH / 2, LENGTH);
  const examples = queries.map((text, row) => ({
    domain: 0,
    row,
    query: { id: `q${row}`, text },
    queryText: text,
    passages: [{ id: `p${row}`, text: passages[row]![0]! }],
    passageTexts: passages[row]!,
    positiveIds: new Set([`p${row}`]),
  }));
  return { index: 0, examples, cursor: {} as never };
}

function* forever(batch: Batch): Generator<Batch> {
  while (true) yield batch;
}

/** Looks at each tensor that is made; stop() gives the most bytes. */
function watchPeak(): { stop(): number } {
  const engine = tf.engine() as unknown as {
    trackTensor(tensor: tf.Tensor, backend: unknown): void;
  };
  const original = engine.trackTensor;
  const start = tf.memory().numBytes;
  let most = 0;
  engine.trackTensor = function (tensor, backend) {
    original.call(this, tensor, backend);
    most = Math.max(most, tf.memory().numBytes - start);
  };
  return {
    stop() {
      engine.trackTensor = original;
      return most;
    },
  };
}
