/**
 * Our backends beside each other, in alternating rounds of processes of their own:
 * `deno run -A tests/bench/backends.ts [WORK…] [--quick] [--rounds N] [--core]`
 *
 * `--core` (Linux) holds all of them on one core and counts the processor's time,
 * which other programs hardly change. Works are those of the bench.
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "node:path";
import { textTable } from "../../lib/report/mod.ts";
import { ROOT } from "../_paths.ts";
import { announceDevice } from "./_device.ts";
import { Side } from "./_side.ts";

const flags = parseArgs(Deno.args, {
  boolean: ["quick", "core", "composed"],
  string: ["rounds"],
});
const rounds = Number(flags.rounds ?? 7);
const names = flags._.length
  ? flags._.map(String)
  : ["train_demo", "train_minilm_f32", "encode"];
const folder = join(ROOT, ".cache", "bench");
await Deno.mkdir(folder, { recursive: true });
announceDevice("cpu");

/** What is compared with the first one: a name and its environment. */
const SIDES: [name: string, env: Record<string, string>][] = [
  ["tensorflow", { TDRO_BACKEND: "tensorflow" }],
  ["wasm, one thread", { TDRO_BACKEND: "wasm", TDRO_WASM_THREADS: "1" }],
];
if (!flags.core) {
  SIDES.push(["wasm, two threads", {
    TDRO_BACKEND: "wasm",
    TDRO_WASM_THREADS: "2",
  }]);
}
if (flags.composed) {
  SIDES.push(["wasm, composed", {
    TDRO_BACKEND: "wasm",
    TDRO_WASM_THREADS: "1",
    TDRO_NATIVE: "0",
  }]);
}

for (const name of names) {
  await using stack = new AsyncDisposableStack();
  const size = flags.quick ? "quick" : "full";
  const sides = SIDES.map(([label, env]) => {
    const command = [
      ...(flags.core ? ["taskset", "-c", "1"] : []),
      ...["env", ...Object.entries(env).map(([k, v]) => `${k}=${v}`)],
      ...[Deno.execPath(), "run", "-A", "--no-check"],
      ...[join(import.meta.dirname!, "_work.ts"), name, size, folder],
    ];
    return stack.use(new Side(label, command[0]!, command.slice(1)));
  });
  const checks: number[] = [];
  for (const side of sides) checks.push((await side.ready).check!);
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
    SIDES.map(([side], k) => ({
      side,
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
