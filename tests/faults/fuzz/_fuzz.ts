/**
 * Reads damaged files until one does harm: `_fuzz.ts NOTE SEED FROM COUNT [READER …]`.
 * What is being read stands in the file NOTE, for whoever finds this process dead.
 */
import { join } from "node:path";
import process from "node:process";
import { createRng } from "../../../lib/sampling/mod.ts";
import { mutate } from "./_mutate.ts";
import { type Reader, READERS } from "./_readers.ts";
import { harmOf } from "./_harm.ts";
import { memoryNow, peakMemory } from "./_memory.ts";

const [note, seed, from, count, ...names] = Deno.args as [
  string,
  string,
  string,
  string,
  ...string[],
];

/** CPU time that one small file may take, in seconds; a GB may take ten. */
const SECONDS = 1;
/** How often a slow one is tried again: a compiler or a collector may have come between. */
const AGAIN = 3;
/** Memory beside twice the file, in bytes. */
const MEMORY = 200e6;

const noteFile = await Deno.open(note, { write: true, create: true });

function noteDown(text: string): void {
  noteFile.seekSync(0, Deno.SeekMode.Start);
  noteFile.writeSync(new TextEncoder().encode(text.padEnd(99) + "\n"));
}

/** Paths of the files below a folder, in an order that doesn't change. */
async function filesOf(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    const path = join(below, name);
    if (isDirectory) found.push(...await filesOf(folder, path));
    else found.push(path);
  }
  return found.sort();
}

async function fuzz(reader: Reader) {
  const folder = await Deno.makeTempDir({ prefix: "tdro-fuzz-" });
  const harm: { mutant: number; file: string; why: string }[] = [];
  const slowest = { mutant: -1, seconds: 0 };
  const largest = { mutant: -1, bytes: 0 };
  let tried = 0;
  let refused = 0;
  try {
    noteDown(`${reader.name}: the files as they were`);
    await reader.seed(folder);
    await reader.read(folder);
    const files = (await filesOf(folder))
      .filter((path) => reader.damaged?.test(path) ?? true);
    const originals = await Promise.all(
      files.map((path) => Deno.readFile(join(folder, path))),
    );
    const end = Number(from) + Number(count);
    for (let mutant = Number(from); mutant < end; mutant++) {
      if (mutant % (reader.oneOf ?? 1) !== 0) continue;
      tried++;
      noteDown(`${reader.name}: mutant ${mutant} of seed ${seed}`);
      const rng = createRng(Number(seed), `${reader.name}/${mutant}`);
      const which = rng.int(files.length);
      const path = join(folder, files[which]!);
      const bytes = mutate(originals[which]!, rng);
      await Deno.writeFile(path, bytes);
      const { seconds, memory, why, threw } = await attempt(reader, folder, {
        bytes: bytes.length,
        again: AGAIN,
      });
      if (threw) refused++;
      if (seconds > slowest.seconds) {
        Object.assign(slowest, { mutant, seconds });
      }
      if (memory > largest.bytes) {
        Object.assign(largest, { mutant, bytes: memory });
      }
      if (why) {
        harm.push({ mutant, file: files[which]!, why });
      }
      await Deno.writeFile(path, originals[which]!);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return {
    reader: reader.name,
    mutants: tried,
    refused,
    slowest,
    largest,
    harm,
  };
}

/** What reading a folder came to; one file of it, of so many bytes, is damaged. */
async function attempt(
  reader: Reader,
  folder: string,
  { bytes, again }: { bytes: number; again: number },
): Promise<
  { seconds: number; memory: number; why: string | undefined; threw: boolean }
> {
  let threw = false;
  let why: string | undefined;
  const start = process.cpuUsage();
  const before = memoryNow();
  try {
    await reader.read(folder);
  } catch (error) {
    threw = true;
    why = harmOf(error);
  }
  const memory = peakMemory() - before;
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  const isSlow = seconds > SECONDS + bytes / 1e8;
  const isLarge = memory > MEMORY + 2 * bytes;
  if ((isSlow || isLarge) && again > 0) {
    return await attempt(reader, folder, { bytes, again: again - 1 });
  }
  if (isSlow) why ??= `it took ${seconds} s`;
  if (isLarge) why ??= `it took ${memory / 1e6} MB`;
  return { seconds, memory, why, threw };
}

const wanted = names.length > 0
  ? READERS.filter(({ name }) => names.includes(name))
  : READERS;
for (const reader of wanted) console.log(JSON.stringify(await fuzz(reader)));
