/**
 * Whole commands beside sentence-transformers, from the start of the process to the
 * files written, in alternating rounds: `tdro eval` and its
 * InformationRetrievalEvaluator, `tdro mine` and its mine_hard_negatives, on one task
 * with all-MiniLM-L6-v2. Times are wall time and processors' time (Linux, bash).
 *
 * `deno run -A tests/bench/commands.ts SUITE TASK [--only eval|mine] [--rounds N] [--core]`
 *
 * `--core` holds both on one core: the processor's time is what counts then.
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "node:path";
import { textTable } from "../../lib/report/mod.ts";
import { ROOT } from "../_paths.ts";
import { benchPython } from "./_python.ts";

const flags = parseArgs(Deno.args, {
  boolean: ["core"],
  string: ["only", "rounds"],
});
const [suite, task] = flags._.map(String);
if (!suite || !task) {
  console.error(
    "usage: commands.ts SUITE TASK [--only eval|mine] [--rounds N]",
  );
  Deno.exit(2);
}
const rounds = Number(flags.rounds ?? 3);
const folder = join(ROOT, ".cache", "bench");
const model = join(ROOT, ".cache", "models", "all-MiniLM-L6-v2");
const python = await benchPython(folder);
const peers = join(import.meta.dirname!, "peers");

/** What each command is started with; it writes to the last argument. */
const COMMANDS = {
  eval: {
    ours: (out: string) => [
      ...["eval", "--suite", suite, "--tasks", task, "--model", model],
      // sentence-transformers takes as many tokens of both, and no instruction.
      ...["--prompts", "none", "--query-length", "256"],
      ...["--passage-length", "256", "--out", join(out, "eval.json")],
    ],
    peer: "command_eval.py",
  },
  mine: {
    ours: (out: string) => [
      ...["mine", "--suite", suite, "--tasks", task, "--model", model],
      ...["--by", "dense", "--prompts", "none", "--query-length", "256"],
      ...["--passage-length", "256", "--out", join(out, "mined")],
    ],
    peer: "command_mine.py",
  },
};

/** Seconds of a process. */
interface Seconds {
  wall: number;
  processor: number;
}

async function timed(command: string[]): Promise<Seconds & { said: string }> {
  const all = flags.core ? ["taskset", "-c", "1", ...command] : command;
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", 'TIMEFORMAT="time %R %U %S"; time "$@"', "bash", ...all],
    env: flags.core ? { OMP_NUM_THREADS: "1", TDRO_THREADS: "1" } : {},
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(text(stderr).trim().slice(-2000));
  const [wall, user, system] = /time (\S+) (\S+) (\S+)\s*$/.exec(text(stderr))!
    .slice(1).map(Number) as [number, number, number];
  return { wall, processor: user + system, said: text(stdout) };
}

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const rows: Record<string, string>[] = [];
for (const [name, { ours, peer }] of Object.entries(COMMANDS)) {
  if (flags.only && flags.only !== name) continue;
  const times: [Seconds, Seconds][] = [];
  for (let round = 0; round < rounds; round++) {
    const out = await Deno.makeTempDir({ prefix: "tdro-bench-" });
    try {
      const mine = await timed([
        ...[Deno.execPath(), "run", "-A", "--no-check"],
        ...[join(ROOT, "lib", "cli", "mod.ts"), ...ours(join(out, "ours"))],
      ]);
      const theirs = await timed([
        ...[python, join(peers, peer), model, join(suite, task)],
        join(out, "theirs"),
      ]);
      times.push([mine, theirs]);
      console.error(`${name}: ${JSON.stringify([mine, theirs])}`);
    } finally {
      await Deno.remove(out, { recursive: true });
    }
  }
  const of = (side: 0 | 1, kind: keyof Seconds) =>
    median(times.map((pair) => pair[side][kind]));
  const ratio = (kind: keyof Seconds) =>
    `${median(times.map(([a, b]) => b[kind] / a[kind])).toFixed(2)}×`;
  rows.push({
    command: `tdro ${name}`,
    "wall s": of(0, "wall").toFixed(1),
    "the peer's": of(1, "wall").toFixed(1),
    "as fast": ratio("wall"),
    "processor s": of(0, "processor").toFixed(1),
    "the peer's ": of(1, "processor").toFixed(1),
    "as fast ": ratio("processor"),
  });
}
console.log(textTable(rows));
