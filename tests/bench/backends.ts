/**
 * Our backends beside each other, in alternating rounds of processes of their own:
 * `deno run -A tests/bench/backends.ts [WORK…] [--quick] [--texts N] [--rounds N] [--core]`
 *
 * `encode_onnx_f32 --peers` has onnxruntime-web and transformers.js beside them.
 * `--core` (Linux) holds all of them on one core and counts the processor's time,
 * which other programs hardly change. Works are those of the bench.
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "node:path";
import { textTable } from "../../lib/report/mod.ts";
import { ROOT } from "../_paths.ts";
import { announceDevice, announceTexts } from "./_device.ts";
import { Side } from "./_side.ts";

const flags = parseArgs(Deno.args, {
  boolean: ["quick", "core", "composed", "peers"],
  string: ["rounds", "texts"],
});
const rounds = Number(flags.rounds ?? 7);
const names = flags._.length
  ? flags._.map(String)
  : ["train_demo", "train_minilm_f32", "encode"];
const folder = join(ROOT, ".cache", "bench");
await Deno.mkdir(folder, { recursive: true });
announceDevice("cpu");
if (flags.texts) announceTexts(Number(flags.texts));

/** What is compared with the first one. */
interface Compared {
  label: string;
  env: Record<string, string>;
  /** A peer's module in `works/`. @default {that of the work} */
  peer?: string;
}

const SIDES: Compared[] = [{
  label: "tensorflow",
  // Held on one core, more threads would only wait for each other.
  env: {
    TDRO_BACKEND: "tensorflow",
    ...(flags.core ? { TDRO_THREADS: "1" } : {}),
  },
}];
const COUNTS = flags.core ? ["one"] : ["one", "two"];
for (const [i, count] of COUNTS.entries()) {
  const env = { TDRO_WASM_THREADS: `${i + 1}` };
  const threads = i === 0 ? "one thread" : `${count} threads`;
  SIDES.push({
    label: `wasm, ${threads}`,
    env: { TDRO_BACKEND: "wasm", ...env },
  });
  if (!flags.peers) continue;
  SIDES.push(
    { label: `onnxruntime-web, ${threads}`, env, peer: "encode_onnx_web" },
    {
      label: `transformers.js, ${threads}`,
      env,
      peer: "encode_transformers_js",
    },
  );
}
if (flags.composed) {
  SIDES.push({
    label: "wasm, composed",
    env: { TDRO_BACKEND: "wasm", TDRO_WASM_THREADS: "1", TDRO_NATIVE: "0" },
  });
}

for (const name of names) {
  await using stack = new AsyncDisposableStack();
  const size = flags.quick ? "quick" : "full";
  const sides: Side[] = [];
  const checks: number[] = [];
  // One after the other: peers take the files that ours writes.
  for (const { label, env, peer } of SIDES) {
    const command = [
      ...(flags.core ? ["taskset", "-c", "1"] : []),
      ...["env", ...Object.entries(env).map(([k, v]) => `${k}=${v}`)],
      ...[Deno.execPath(), "run", "-A", "--no-check"],
      ...(peer ? ["--no-lock"] : []),
      ...[join(import.meta.dirname!, "_work.ts"), peer ?? name, size, folder],
    ];
    const side = stack.use(new Side(label, command[0]!, command.slice(1)));
    checks.push((await side.ready).check!);
    sides.push(side);
  }
  for (const side of sides) await side.round();
  const times: number[][] = sides.map(() => []);
  for (let i = 0; i < rounds; i++) {
    for (const [k, side] of sides.entries()) {
      const before = flags.core ? side.processorTime() : 0;
      const seconds = await side.round();
      times[k]!.push(flags.core ? side.processorTime() - before : seconds);
    }
  }
  console.log(`\n${name}, ${rounds} rounds`);
  console.log(textTable(
    SIDES.map(({ label }, k) => ({
      side: label,
      "ms, median": (1000 * median(times[k]!)).toFixed(1),
      "times as long": median(times[k]!.map((t, i) => t / times[0]![i]!))
        .toFixed(2),
      check: checks[k]!.toPrecision(6),
    })),
  ));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
