/**
 * Memory and time of `tdro data import`: pairs with texts of their own, 100,000 and
 * a million of them, as JSON lines. Each import is a process by itself.
 *
 * deno run -A tests/bench/import_memory.ts [rows …]
 */
import { textTable } from "../../lib/report/mod.ts";
import { ROOT } from "../_paths.ts";

const WORDS =
  "river stone house garden window paper winter summer teacher doctor market engine letter orange silver forest"
    .split(" ");

const sizes = Deno.args.length > 0
  ? Deno.args.map(Number)
  : [100_000, 1_000_000];
const folder = await Deno.makeTempDir({ prefix: "tdro-import-" });
const rows = [];
try {
  for (const size of sizes) {
    const path = `${folder}/${size}.jsonl`;
    await writePairs(path, size);
    const { size: bytes } = await Deno.stat(path);
    rows.push({
      rows: size,
      MB: Math.round(bytes / 1e6),
      ...await imported(path),
    });
    await Deno.remove(path);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log(textTable(rows));

/** Writes pairs of 6 and 24 words and their number, the same each time. */
async function writePairs(path: string, count: number): Promise<void> {
  let state = 1;
  const words = (count: number) =>
    Array.from({ length: count }, () => {
      state = Math.imul(state, 1103515245) + 12345 >>> 0;
      return WORDS[state >>> 8 & 15];
    }).join(" ");
  using file = await Deno.open(path, { write: true, create: true });
  const encoder = new TextEncoder();
  for (let i = 0; i < count; i += 1000) {
    const lines = Array.from({ length: Math.min(1000, count - i) }, (_, j) => {
      const question = `${words(6)} ${i + j}?`;
      const answer = `${words(24)} ${i + j}.`;
      return `${JSON.stringify({ question, answer })}\n`;
    });
    let bytes = encoder.encode(lines.join(""));
    while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
  }
}

/** Imports a file in a process of its own, which tells what it took. */
async function imported(path: string) {
  const program = `
    const { openImport } = await import("${new URL(
    "lib/data/mod.ts",
    `file://${ROOT}`,
  )}");
    const start = performance.now();
    await (await openImport(${JSON.stringify(path)})).write(${
    JSON.stringify(`${path}.out`)
  });
    const { rss } = Deno.memoryUsage();
    const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
    const [, peak] = /VmHWM:\\s*(\\d+)/.exec(status) ?? [];
    const fields = (await Deno.readTextFile("/proc/self/stat").catch(() => "")).split(") ")[1]?.split(" ");
    console.log(JSON.stringify({
      seconds: (performance.now() - start) / 1000,
      "CPU seconds": (Number(fields?.[11]) + Number(fields?.[12])) / 100,
      "peak MB": peak === undefined ? rss / 1e6 : Number(peak) * 1024 / 1e6,
    }));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `--config=${ROOT}deno.json`, program],
    stderr: "inherit",
  }).output();
  const told = JSON.parse(new TextDecoder().decode(stdout));
  return Object.fromEntries(
    Object.entries(told).map((
      [key, value],
    ) => [key, Math.round(Number(value))]),
  );
}
