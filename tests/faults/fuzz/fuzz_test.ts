/**
 * Everything that reads files of others, given damaged ones: it must take them, or
 * refuse them in one line, in little time and memory. A few here; TDRO_FUZZ=100000
 * tries that many with each reader, TDRO_FUZZ_SEED others than these.
 */
import assert from "node:assert/strict";
import { fromFileUrl, ROOT } from "../../_paths.ts";
import { READERS } from "./_readers.ts";

const PROGRAM = fromFileUrl(new URL("_fuzz.ts", import.meta.url));
/** With all readers together, 2,000. */
const FEW = Math.ceil(2000 / READERS.length);
/** How long a mutant may take that is never done; no other gets near it. */
const PATIENCE = 120_000;

interface Outcome {
  reader: string;
  mutants: number;
  refused: number;
  slowest: { mutant: number; seconds: number };
  largest: { mutant: number; bytes: number };
  harm: { mutant: number; file: string; why: string }[];
}

/** Runs the program, and ends it when it's with one mutant for too long. */
async function fuzz(count: string, seed: string): Promise<Outcome[]> {
  const note = await Deno.makeTempFile();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--no-check",
      "--v8-flags=--max-old-space-size=2000",
      `--config=${ROOT}deno.json`,
      PROGRAM,
      note,
      seed,
      "0",
      count,
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let seen = "";
  const watch = setInterval(() => {
    const now = Deno.readTextFileSync(note);
    if (now === seen) child.kill("SIGKILL");
    seen = now;
  }, PATIENCE);
  try {
    const { success, stdout } = await child.output();
    const at = (await Deno.readTextFile(note)).trim();
    assert.ok(success, `killed, or out of memory: ${at}`);
    return new TextDecoder().decode(stdout).trim().split("\n")
      .filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  } finally {
    clearInterval(watch);
    await Deno.remove(note);
  }
}

Deno.test("damaged files are taken or refused in one line, all in little time and memory", async () => {
  const count = Deno.env.get("TDRO_FUZZ") ?? `${FEW}`;
  const seed = Deno.env.get("TDRO_FUZZ_SEED") ?? "1";
  const outcomes = await fuzz(count, seed);
  assert.deepEqual(
    outcomes.map(({ reader }) => reader),
    READERS.map(({ name }) => name),
  );
  if (Number(count) > FEW) console.table(outcomes.map(rowOf));
  for (const { reader, harm, refused, mutants } of outcomes) {
    const [first] = harm;
    assert.ok(
      !first,
      `${harm.length} of ${count} mutants, e.g. ${reader}, mutant ${first?.mutant} of seed ${seed}, ${first?.file}: ${first?.why}`,
    );
    // Some tell of damage, or do again what was damaged, and throw nothing.
    const throws = mutants > 20 && !["checksums", "journal"].includes(reader);
    assert.ok(!throws || refused > 0, `${reader} refuses none`);
  }
});

function rowOf({ reader, mutants, refused, slowest, largest }: Outcome) {
  return {
    ...{ reader, mutants, refused },
    slowest: `${slowest.seconds.toFixed(3)} s (${slowest.mutant})`,
    largest: `${(largest.bytes / 1e6).toFixed()} MB (${largest.mutant})`,
  };
}
