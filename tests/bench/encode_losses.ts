/**
 * What the forms of encoding lose: nDCG@10 of all-MiniLM-L6-v2 on tasks of a
 * suite, ours and the peers', in float32 and in int8, and how near vectors are to
 * our own of float32.
 *
 * `deno run -A tests/bench/encode_losses.ts SUITE TASK…`
 */
import { join } from "node:path";
import { useBackend } from "../../lib/backend/mod.ts";
import { openSuite, passageText, type Task } from "../../lib/data/mod.ts";
import { evaluate } from "../../lib/eval/mod.ts";
import {
  type Embeddings,
  type EncodeFunction,
  encodeTexts,
  exportOnnx,
  loadEncoder,
} from "../../lib/model/mod.ts";
import { textTable } from "../../lib/report/mod.ts";
import { ROOT } from "../_paths.ts";
import { benchPython } from "./_python.ts";
import { setup } from "./works/encode.ts";

const PEERS = [
  ["onnx", "f32"],
  ["onnx", "int8"],
  ["openvino", "f32"],
  ["openvino", "int8"],
] as const;

const [folderOfSuite, ...names] = Deno.args;
const suite = await openSuite(folderOfSuite!, { tasks: names });
const folder = join(ROOT, ".cache", "bench", "losses");
await Deno.mkdir(folder, { recursive: true });
await useBackend("auto");
await setup(false, folder); // the texts that NNCF calibrates with
const python = await benchPython(join(ROOT, ".cache", "bench"));
const model = join(ROOT, ".cache", "models", "all-MiniLM-L6-v2");
const encoder = await loadEncoder(model);
await exportOnnx(encoder, join(folder, "onnx"));

const texts = suite.tasks.flatMap(textsOf);
await Deno.writeTextFile(join(folder, "texts.json"), JSON.stringify(texts));
const vectors = new Map<string, Embeddings>();
vectors.set("ours, f32", await encodeTexts(encoder, texts, { maxLength: 256 }));
vectors.set(
  "ours, int8",
  await encodeTexts(encoder, texts, { maxLength: 256, precision: "int8" }),
);
for (const [peer, precision] of PEERS) {
  console.error(`${peer}, ${precision} …`);
  const script = join(import.meta.dirname!, "peers", "_vectors.py");
  const { success } = await new Deno.Command(python, {
    args: [script, peer, precision, folder],
    stdout: "null",
  }).output();
  if (!success) continue;
  const path = join(folder, `${peer}_${precision}.f32`);
  const data = new Float32Array((await Deno.readFile(path)).buffer);
  vectors.set(`${peer}, ${precision}`, {
    data,
    count: texts.length,
    dimension: data.length / texts.length,
  });
}

/** A task's texts as they are encoded. */
function textsOf(task: Task): string[] {
  return [
    ...[...task.corpus.values()].map(passageText),
    ...[...task.queries.values()].map((query) => query.text),
  ];
}

/** Encodes by looking up. */
function lookUp({ data, dimension }: Embeddings): EncodeFunction {
  const row = new Map(texts.map((text, i) => [text, i]));
  return (wanted) => {
    const found = new Float32Array(wanted.length * dimension);
    wanted.forEach((text, i) => {
      const from = row.get(text)! * dimension;
      found.set(data.subarray(from, from + dimension), i * dimension);
    });
    return Promise.resolve({ data: found, count: wanted.length, dimension });
  };
}

/** Mean and smallest cosine of vectors of length one. */
function cosines(a: Embeddings, b: Embeddings): [mean: number, least: number] {
  let sum = 0, least = 1;
  for (let i = 0; i < a.count; i++) {
    let dot = 0;
    for (let k = i * a.dimension; k < (i + 1) * a.dimension; k++) {
      dot += a.data[k]! * b.data[k]!;
    }
    sum += dot;
    least = Math.min(least, dot);
  }
  return [sum / a.count, least];
}

const scores = async (embeddings: Embeddings): Promise<number[]> => {
  const work = evaluate(lookUp(embeddings), suite, {
    prompts: "none",
    metrics: ["nDCG@10"],
  });
  const found: number[] = [];
  for await (const report of work) found.push(report.mean["nDCG@10"]!);
  return found;
};
const plain = vectors.get("ours, f32")!;
const best = await scores(plain);
const rows: Record<string, string>[] = [];
for (const [name, embeddings] of vectors) {
  const found = await scores(embeddings);
  const [mean, least] = cosines(plain, embeddings);
  rows.push({
    name,
    ...Object.fromEntries(
      found.map((score, i) => [names[i]!, score.toFixed(4)]),
    ),
    "lost, %": (100 * (1 - sum(found) / sum(best))).toFixed(2),
    cosine: mean.toFixed(4),
    "at worst": least.toFixed(4),
  });
}
console.log(textTable(rows));
Deno.exit();

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
