/**
 * How an update grows with its queries: time per token, what of it the loss takes,
 * and peak memory, from 1,024 to 65,536 queries with a passage each, of mixed
 * lengths, encoded 8,192 tokens at a time (GradCache). Each size has a process of its
 * own, whose peak is the operating system's; all are computed `--rounds` times, and
 * the least time counts. Processor time, so that other programs do less harm.
 *
 * `deno run -A tests/bench/large_batch.ts [--sizes 1024,4096] [--rounds N]
 *   [--model demo|minilm] [--whole] [--json FILE]`
 *
 * `--whole`: the loss at once, whatever memory it takes.
 */
import { parseArgs } from "@std/cli/parse-args";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  type Encoder,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { textTable } from "../../lib/report/mod.ts";
import { batches, createRng } from "../../lib/sampling/mod.ts";
import { infoNce, train } from "../../lib/train/mod.ts";
import { fromFileUrl } from "../_paths.ts";

/** What a process says of its size. */
interface Measured {
  queries: number;
  tokens: number;
  seconds: number;
  cpuSeconds: number;
  lossCpuSeconds: number;
  peakBytes: number;
}

const MODELS = {
  demo: { hiddenSize: 128, layers: 1, heads: 2, intermediateSize: 512 },
  minilm: { hiddenSize: 384, layers: 6, heads: 12, intermediateSize: 1536 },
};
const WORDS = "red green blue bird sings sky tree fish".split(" ");
const CHUNK = 8192;

const flags = parseArgs(Deno.args, {
  boolean: ["whole"],
  string: ["sizes", "rounds", "model", "json", "size"],
  default: { sizes: "1024,4096,16384,65536", rounds: "2", model: "demo" },
});

if (flags.size) {
  console.log(JSON.stringify(await measure(Number(flags.size))));
  Deno.exit();
}
const found: Measured[] = [];
for (const size of flags.sizes.split(",")) found.push(await inProcess(size));
const table = found.map((m) => ({
  queries: m.queries,
  tokens: m.tokens,
  seconds: Number(m.seconds.toFixed(1)),
  "CPU µs/token": Number((m.cpuSeconds / m.tokens * 1e6).toFixed(1)),
  // At once it is tfjs's operations, here and there.
  "of these the loss": m.lossCpuSeconds > 0
    ? (m.lossCpuSeconds / m.tokens * 1e6).toFixed(1)
    : "–",
  "peak MiB": Math.round(m.peakBytes / 2 ** 20),
}));
console.log(textTable(table));
if (flags.json) {
  await Deno.writeTextFile(flags.json, JSON.stringify(table, null, 2) + "\n");
}

async function inProcess(size: string): Promise<Measured> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", fromFileUrl(new URL(import.meta.url)), "--size", size],
      ...["--rounds", flags.rounds, "--model", flags.model],
      ...flags.whole ? ["--whole"] : [],
    ],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`the process of ${size} queries failed`);
  return JSON.parse(new TextDecoder().decode(stdout).trim());
}

async function measure(queries: number): Promise<Measured> {
  await useBackend("auto");
  const encoder = encoderOf(flags.model as keyof typeof MODELS);
  const drawn = batches([rowsOf(queries)], [1], {
    size: queries,
    passages: 1,
    seed: 1,
  });
  const updates = train(encoder, drawn, {
    loss: infoNce(flags.whole ? { scoreMb: Infinity } : {}),
    learningRate: 1e-6,
    gradCache: { tokens: CHUNK },
  });
  const loss = watchLoss(flags.whole);
  let best: Measured | undefined;
  for (let round = 0; round < Number(flags.rounds); round++) {
    const [cpu, own] = [cpuSeconds(), loss.seconds];
    const { value } = await updates.next();
    const now = {
      queries,
      tokens: value!.tokens,
      seconds: value!.seconds,
      cpuSeconds: cpuSeconds() - cpu,
      lossCpuSeconds: loss.seconds - own,
      peakBytes: peakBytes(),
    };
    if (!best || now.cpuSeconds < best.cpuSeconds) best = now;
  }
  return { ...best!, peakBytes: peakBytes() };
}

function encoderOf(name: keyof typeof MODELS): Encoder {
  return createEncoder(
    bertConfig({ vocabSize: name === "demo" ? 8000 : 30522, ...MODELS[name] }),
    // Each word often enough to be a token.
    createTokenizer(trainTokenizer(Array(9).fill(WORDS.join(" ")))),
    {
      rng: createRng(1, "model"),
      modules: { pooling: "mean", normalize: true, prompts: {} },
    },
  );
}

/** Queries of 8 to 24 tokens, with a passage of 16 to 112. */
function rowsOf(count: number) {
  const rng = createRng(1, "texts");
  const text = (least: number, most: number) =>
    Array.from(
      { length: least - 2 + rng.int(most - least + 1) },
      () => WORDS[rng.int(WORDS.length)]!,
    ).join(" ");
  return Array.from({ length: count }, (_, i) => ({
    domain: 0,
    query: { id: `q${i}`, text: text(8, 24) },
    positives: [{ id: `p${i}`, text: text(16, 112) }],
    negatives: [],
  }));
}

/** Processor time of the loss's own operations, where they are in tiles. */
function watchLoss(whole: boolean): { seconds: number } {
  const watched = { seconds: whole ? NaN : 0 };
  const backend = tf.backend() as unknown as {
    binding?: { executeOp(name: string, ...rest: unknown[]): unknown };
  };
  const { binding } = backend;
  if (!binding) return { seconds: NaN };
  backend.binding = Object.create(binding, {
    executeOp: {
      value: (op: string, ...rest: unknown[]) => {
        if (!op.startsWith("TdroTiledCrossEntropy")) {
          return binding.executeOp(op, ...rest);
        }
        const before = cpuSeconds();
        const results = binding.executeOp(op, ...rest);
        watched.seconds += cpuSeconds() - before;
        return results;
      },
    },
  });
  return watched;
}

/** Processor time of this process so far; NaN elsewhere than on Linux. */
function cpuSeconds(): number {
  const fields = ofProcess("stat")?.split(") ").at(-1)?.split(" ");
  // utime and stime, in ticks of 10 ms.
  return fields ? (Number(fields[11]) + Number(fields[12])) / 100 : NaN;
}

/** The most memory that this process ever had. */
function peakBytes(): number {
  const line = ofProcess("status")?.match(/VmHWM:\s+(\d+) kB/);
  return line ? Number(line[1]) * 1024 : NaN;
}

function ofProcess(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/self/${name}`);
  } catch {
    return;
  }
}
