/**
 * The bench: each piece of work done by us and by the library that people use
 * for it now, in alternating rounds, as a table of ratios and as JSON. Never a
 * test that passes or fails: timings depend on the machine.
 *
 * `deno task bench [--quick] [--only NAME,…] [--rounds N] [--json FILE] [--plot FILE]
 *   [--device cpu|gpu] [--scale N] [--core]`
 *
 * `--core` (Linux) holds both sides on one core and counts the processor's time,
 * which other programs hardly change.
 *
 * `deno run -A tests/bench/profile.ts NAME` tells where the time of one goes.
 *
 * Peers live in a Python environment of their own, `.cache/bench`, made at the
 * first run; `TDRO_BENCH_PYTHON` names another.
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "node:path";
import { writeWhole } from "../../lib/data/mod.ts";
import { benchPlot, renderSvg, textTable } from "../../lib/report/mod.ts";
import { ROOT } from "../_paths.ts";
import {
  announceDevice,
  announceScale,
  type Device,
  DEVICES,
  graphicsCard,
} from "./_device.ts";
import { benchPython } from "./_python.ts";
import { Side } from "./_side.ts";
import { type WorkEntry, WORKS } from "./_works.ts";

/** One line of the result. */
interface Result {
  name: string;
  work: string;
  peer: string;
  target: number;
  /** Seconds a round, median. */
  ours: number;
  /** Seconds a round, median. */
  theirs: number;
  /** Times faster than the peer: the median of the rounds' ratios. */
  ratio: number;
  /** Smallest and largest ratio of a round. */
  spread: [number, number];
  rounds: number;
  tokensPerSecond?: number;
  gflops?: number;
  /** Most memory of the process, in bytes. */
  ourMemory?: number;
  theirMemory?: number;
  /** What the peer computed in, where it had the choice. */
  theirPrecision?: string;
  /** By how much the two sides' check numbers differ, relatively. */
  checkDifference?: number;
}

const HERE = import.meta.dirname!;

/** How far the check numbers of the two sides may be apart, for bfloat16's sake. */
const AGREED = 1e-2;

async function measure(
  entry: WorkEntry,
  { quick, rounds, python, folder }: {
    quick: boolean;
    rounds: number;
    python: string;
    folder: string;
  },
): Promise<Result> {
  const size = quick ? "quick" : "full";
  const side = (name: string, ...command: string[]) => {
    const all = core ? ["taskset", "-c", "1", ...command] : command;
    return new Side(`${entry.name}: ${name}`, all[0]!, all.slice(1));
  };
  await using ours = side(
    "ours",
    ...[Deno.execPath(), "run", "-A", "--no-check", join(HERE, "_work.ts")],
    ...[entry.name, size, folder],
  );
  // It imports its libraries while our side gets ready.
  await using theirs = side(
    entry.peer,
    ...[python, join(HERE, "peers", "_serve.py"), entry.name, size, folder],
  );
  const ready = await ours.ready;
  await theirs.setUp();
  const { check, precision } = await theirs.ready;
  for (const side of [ours, theirs]) await warm(side, quick ? 0 : WARM);
  const times: [number, number][] = [];
  for (let i = 0; i < rounds; i++) {
    times.push([await turn(ours), await turn(theirs)]);
  }
  const ratios = times.map(([a, b]) => b / a).sort((a, b) => a - b);
  const seconds = median(times.map(([a]) => a));
  const difference = check === undefined || ready.check === undefined
    ? undefined
    : Math.abs(check - ready.check) / Math.abs(check);
  if (difference !== undefined && difference > AGREED) {
    throw new Error(
      `the two sides did not do the same: ${ready.check} here, ${check} there`,
    );
  }
  const rest = (value: number | undefined) =>
    value === undefined ? undefined : value / seconds;
  return {
    name: entry.name,
    work: entry.work,
    peer: entry.peer,
    target: entry.target,
    ours: seconds,
    theirs: median(times.map(([, b]) => b)),
    ratio: median(ratios),
    spread: [ratios[0]!, ratios.at(-1)!],
    rounds,
    tokensPerSecond: rest(ready.tokens),
    gflops: rest(ready.flops === undefined ? undefined : ready.flops / 1e9),
    ourMemory: ours.peakMemory(),
    theirMemory: theirs.peakMemory(),
    ...(precision === undefined ? {} : { theirPrecision: precision }),
    ...(difference === undefined ? {} : { checkDifference: difference }),
  };
}

/**
 * Seconds that each side warms up, one round at least: memory pools, compiled
 * graphs, JavaScript that the engine compiles once it has run often.
 */
const WARM = 3;

async function warm(side: Side, seconds: number): Promise<void> {
  const until = performance.now() + 1000 * seconds;
  do await side.round(); while (performance.now() < until);
}

/** Rounds that are over sooner are done twice, in seconds. */
const SHORT = 4;

/**
 * A side's turn. Of short work the second round counts, as steps follow each
 * other in use: in the first the caches are still the other side's, and its
 * threads look for more work for a while.
 */
async function turn(side: Side): Promise<number> {
  if (core) {
    const before = side.processorTime();
    await side.round();
    return side.processorTime() - before;
  }
  const seconds = await side.round();
  return seconds < SHORT ? await side.round() : seconds;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

const time = (seconds: number) =>
  seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
const gib = (bytes: number | undefined) =>
  bytes === undefined ? "–" : `${(bytes / 2 ** 30).toFixed(2)}`;

const flags = parseArgs(Deno.args, {
  boolean: ["quick", "help", "core"],
  string: ["only", "rounds", "json", "plot", "device", "scale"],
});
if (flags.help) {
  console.log(
    "deno task bench [--quick] [--only NAME,…] [--rounds N] [--json FILE] [--plot FILE]\n" +
      "                [--device cpu|gpu] [--scale N] [--core]\n\n" +
      "--device gpu lets both sides compute on the graphics card; --scale N gives\n" +
      "training steps of even texts N times as many of them; --core holds both sides\n" +
      "on one core and counts the processor's time.\n\n" +
      WORKS.map(({ name, work }) => `${name.padEnd(20)} ${work}`).join("\n"),
  );
  Deno.exit();
}
const only: string[] | undefined = flags.only?.split(",");
const unknown = only?.find((name) => !WORKS.some((w) => w.name === name));
if (unknown) {
  console.error(
    `error: Cannot run the bench: no work is called ${unknown}; --help lists them`,
  );
  Deno.exit(2);
}
const device = (flags.device ?? "cpu") as Device;
const scale = Number(flags.scale ?? 1);
if (!DEVICES.includes(device) || !(Number.isInteger(scale) && scale >= 1)) {
  console.error(
    "error: Cannot run the bench: --device is cpu or gpu, --scale an integer >= 1",
  );
  Deno.exit(2);
}
announceDevice(device);
const { core } = flags;
if (core) {
  for (const name of ["TDRO_THREADS", "TDRO_WASM_THREADS", "OMP_NUM_THREADS"]) {
    Deno.env.set(name, "1");
  }
}
announceScale(scale);
const folder = join(ROOT, ".cache", "bench");
await Deno.mkdir(folder, { recursive: true });
const python = await benchPython(folder);
const results: Result[] = [];
const json = flags.json ?? join(folder, "results.json");
for (const entry of WORKS) {
  if (only && !only.includes(entry.name)) continue;
  console.error(`${entry.name} …`);
  try {
    const result = await measure(entry, {
      quick: flags.quick,
      rounds: Number(flags.rounds ?? (flags.quick ? 3 : 7)),
      python,
      folder,
    });
    results.push(result);
    console.error(
      `  ${time(result.ours)}, the peer ${time(result.theirs)}: ` +
        `${result.ratio.toFixed(2)}× as fast`,
    );
    // A full run takes many minutes: what is measured isn't lost with the rest.
    await writeResults(json, results);
  } catch (error) {
    console.error(`  not measured: ${(error as Error).message}`);
  }
}
console.log(textTable(
  results.map((r) => ({
    work: r.work,
    peer: r.peer,
    ours: time(r.ours),
    theirs: time(r.theirs),
    ratio: `${r.ratio.toFixed(2)}×`,
    spread: r.spread.map((x) => x.toFixed(2)).join("–"),
    target: `${r.target}×`,
    "tokens/s": r.tokensPerSecond?.toFixed(0) ?? "–",
    "GFLOP/s": r.gflops?.toFixed(0) ?? "–",
    "GiB, ours": gib(r.ourMemory),
    "GiB, theirs": gib(r.theirMemory),
  })),
  { maxChars: 60, maxRows: results.length },
));
if (flags.plot) {
  const rows = results.map((r) => ({
    work: r.work,
    ours: r.ours * 1000,
    peer: r.theirs * 1000,
    ratio: r.ratio,
    target: r.target,
    low: r.spread[0],
    high: r.spread[1],
    peerName: r.peer,
  }));
  const plot = benchPlot(rows, { peer: "the peer" });
  await Deno.writeTextFile(flags.plot, await renderSvg(plot));
}

/** All that was measured so far, and on what. */
async function writeResults(path: string, results: Result[]): Promise<void> {
  const machine = {
    os: Deno.build.os,
    arch: Deno.build.arch,
    processor: processor(),
    cores: navigator.hardwareConcurrency,
    memory: Deno.systemMemoryInfo().total,
    ...(device === "gpu" ? { gpu: await graphicsCard() } : {}),
  };
  const text = JSON.stringify(
    {
      date: new Date().toISOString().slice(0, 10),
      quick: flags.quick,
      device,
      scale,
      machine,
      deno: Deno.version.deno,
      results,
    },
    null,
    2,
  );
  await writeWhole(path, text + "\n");
}

/** Its name and what it multiplies with, where the system tells. */
function processor(): string {
  try {
    const text = Deno.readTextFileSync("/proc/cpuinfo");
    const name = /^model name\s*: (.*)$/m.exec(text)?.[1] ?? "unknown";
    const has = ["avx2", "avx512f", "avx512_bf16", "amx_bf16"]
      .filter((flag) => new RegExp(`^flags.*\\b${flag}\\b`, "m").test(text));
    return [name, ...has].join(", ");
  } catch {
    return "unknown";
  }
}
