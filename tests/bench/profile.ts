/**
 * Where the time of one of the bench's works goes, by TensorFlow operation:
 * `deno run -A tests/bench/profile.ts NAME [--quick] [--rounds N]`
 *
 * Operations of the `tensorflow` backend run in the order they are called and
 * are over when the call returns, so a clock around each call tells its time;
 * what is left is JavaScript. The clock is the processor's, of all threads: of two
 * busy cores a second has two.
 */
import * as tf from "@tensorflow/tfjs-core";
import { parseArgs } from "@std/cli/parse-args";
import { join } from "node:path";
import { useBackend } from "../../lib/backend/mod.ts";
import { textTable } from "../../lib/report/mod.ts";
import { ROOT } from "../_paths.ts";
import { processorClock } from "./_processor_clock.ts";
import type { WorkModule } from "./_work.ts";

/** The part of tfjs-node's binding that every operation goes through. */
interface Binding {
  executeOp(name: string, ...rest: unknown[]): unknown;
}

const flags = parseArgs(Deno.args, { boolean: ["quick"], string: ["rounds"] });
const [name] = flags._;
const rounds = Number(flags.rounds ?? 5);
const clock = processorClock();
await useBackend("tensorflow");
const folder = join(ROOT, ".cache", "bench");
await Deno.mkdir(folder, { recursive: true });
const { setup } = await import(`./works/${name}.ts`) as WorkModule;
const { round } = await setup(flags.quick, folder);
await round();

const found = new Map<string, { calls: number; seconds: number }>();
const backend = tf.backend() as unknown as { binding: Binding };
const { binding } = backend;
// The addon's own functions can't be replaced: stand in front of them.
backend.binding = Object.create(binding, {
  executeOp: {
    value: (op: string, ...rest: unknown[]) => {
      const started = clock();
      try {
        return binding.executeOp(op, ...rest);
      } finally {
        const entry = found.get(op) ?? { calls: 0, seconds: 0 };
        entry.calls++;
        entry.seconds += (clock() - started) / 1000;
        found.set(op, entry);
      }
    },
  },
});
const started = clock();
for (let i = 0; i < rounds; i++) await round();
const total = (clock() - started) / 1000 / rounds;

const rows = [...found].map(([operation, { calls, seconds }]) => ({
  operation,
  calls: Math.round(calls / rounds),
  ms: 1000 * seconds / rounds,
})).sort((a, b) => b.ms - a.ms);
const inside = rows.reduce((sum, { ms }) => sum + ms, 0);
const all = [
  ...rows.slice(0, 25),
  { operation: "other operations", calls: 0, ms: 0 },
  { operation: "JavaScript", calls: 0, ms: 1000 * total - inside },
  { operation: "a round", calls: 0, ms: 1000 * total },
];
const rest = rows.slice(25);
all.at(-3)!.calls = rest.reduce((sum, { calls }) => sum + calls, 0);
all.at(-3)!.ms = rest.reduce((sum, { ms }) => sum + ms, 0);
console.log(textTable(
  all.map(({ operation, calls, ms }) => ({
    operation,
    calls: calls ? `${calls}` : "",
    ms: ms.toFixed(1),
    share: `${(ms / (10 * total)).toFixed(1)} %`,
  })),
  { maxRows: all.length },
));
