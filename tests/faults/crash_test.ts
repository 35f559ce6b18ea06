/**
 * A command that a kill or a power cut stops at any changing call, and that is
 * run again: it gives the files of an undisturbed one and leaves nothing over; an
 * old result stays until the new one is whole.
 *
 * The calls are recorded once. Every state that a crash may leave is made from the
 * record, on a disk that knows what was synced. Some places are tried here; more
 * with TDRO_KILLS=1000, all with TDRO_KILLS=all.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createRng } from "../../lib/sampling/mod.ts";
import { serveHub } from "../cli/_local_hub.ts";
import {
  COMMANDS,
  EVERY,
  hubFiles,
  STEPS,
  type TriedCommand,
} from "./_commands.ts";
import { type Change, type Crash, Disk, type Files } from "./_disk.ts";
import { goOn, program } from "./_program.ts";
import type { Ended } from "./_run_words.ts";
import { comparable, readFiles, writeFiles } from "./_files.ts";

/** A state of the disk, and how it came about. */
interface Place {
  files: Files;
  what: string;
}

for (const command of COMMANDS) {
  Deno.test({
    name: `${command.name}: stopped anywhere and run again, the same files`,
    ignore: Deno.build.os === "windows",
    fn: () => tryPlaces(command),
  });
}

async function tryPlaces(command: TriedCommand): Promise<void> {
  await using hub = serveHub(await hubFiles());
  const folder = await Deno.makeTempDir({ prefix: "tdro-crash-" });
  try {
    const work = join(folder, "work");
    await Deno.mkdir(work);
    await command.prepare(work);
    if (command.before) {
      const [{ code, err }] = await goOn([work], {
        path: work,
        words: command.before,
        hub: hub.url,
      }) as [Ended];
      assert.equal(code, 0, err);
    }
    const before = await readFiles(work);
    const changes = await record(command.words, {
      cwd: work,
      hub: hub.url,
      journal: join(folder, "journal"),
    });
    const expected = comparable(await readFiles(work));
    await Deno.remove(work, { recursive: true });
    const places = chosen(crashes(before, changes), command);
    if (Deno.env.has("TDRO_KILLS")) {
      console.log(`${changes.length} calls, ${places.length} states`);
    }
    const folders: string[] = [];
    for (const { files, what } of places) {
      assert.ok(
        (command.results ?? [""]).every((result) =>
          keepsResult(files, { before, expected, result })
        ),
        `${what}: the old result is gone and the new one isn't whole`,
      );
      folders.push(join(folder, `${folders.length}`));
      await writeFiles(folders.at(-1)!, files);
    }
    const ended = await goOn(folders, {
      path: work,
      words: command.words,
      hub: hub.url,
    });
    const faults: string[] = [];
    for (const [i, { what }] of places.entries()) {
      const { code, err } = ended[i]!;
      // What was whole already is refused, or given again.
      if (code !== 0 && !/(there|exists) already|name is taken/.test(err)) {
        faults.push(`${what}: ${err}`);
      }
      const made = comparable(await readFiles(folders[i]!));
      const paths = new Set([...Object.keys(made), ...Object.keys(expected)]);
      for (const path of paths) {
        if (made[path] !== expected[path]) {
          faults.push(
            `${what}: ${path} is ${described(made[path], expected[path])}`,
          );
        }
      }
    }
    assert.deepEqual(faults, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function described(made?: string, expected?: string): string {
  if (made === undefined) return "missing";
  if (expected === undefined) return "left over";
  const at = [...made].findIndex((c, i) => c !== expected[i]);
  const part = (text: string) => JSON.stringify(text.slice(at - 10, at + 40));
  return `${part(made)} instead of ${part(expected)}`;
}

/** What a command changes, call by call. */
async function record(
  words: readonly string[],
  { cwd, hub, journal }: { cwd: string; hub: string; journal: string },
): Promise<Change[]> {
  const args = [journal, ...words];
  const { code, stderr } = await program("_record.ts", args, { cwd, hub });
  assert.equal(code, 0, stderr);
  const lines = (await Deno.readTextFile(journal)).split("\n");
  return lines.map((line) =>
    JSON.parse(
      line,
      (key, value) => key === "bytes" ? Uint8Array.fromBase64(value) : value,
    )
  );
}

/** Every state that a crash may leave, once. */
function* crashes(
  before: Files,
  changes: readonly Change[],
): Generator<Place> {
  const seen = new Set<string>();
  const disk = new Disk(before);
  for (const [at, change] of [...changes, undefined].entries()) {
    const kinds: Crash[] = ["killed", "nothing unsynced", "names alone"];
    const states = kinds.map((crash) => ({ crash, files: disk.after(crash) }));
    if (change?.call === "write" && change.bytes.length > 1) {
      const half = change.bytes.subarray(0, change.bytes.length >> 1);
      disk.apply({ ...change, bytes: half });
      states.push({ crash: "killed", files: disk.after("killed") });
    }
    const lost = Math.max(
      ...states.map(({ files }) => updates(states[0]!.files) - updates(files)),
    );
    assert.ok(lost <= EVERY, `${lost} updates are lost at call ${at}`);
    for (const { crash, files } of states) {
      const key = hashOf(files);
      if (seen.has(key)) continue;
      seen.add(key);
      yield { files, what: `${crash} at call ${at} of ${changes.length}` };
    }
    if (change) disk.apply(change);
  }
}

/** Updates of a run that need not be made again. */
function updates(files: Files): number {
  const stages = new Map<string, number>();
  for (const path of files.keys()) {
    const [, arm] = /^out\/models\/(\w+)$/.exec(path) ?? [];
    const done = arm ?? (path === "out/weights" ? "weights" : undefined);
    if (done) stages.set(done, STEPS);
    const [, stage, step] =
      /^out\/checkpoints\/(\w+)\/step-(\d+)$/.exec(path) ??
        [];
    if (stage) {
      stages.set(stage, Math.max(stages.get(stage) ?? 0, Number(step)));
    }
  }
  return [...stages.values()].reduce((sum, each) => sum + each, 0);
}

const hashes = new WeakMap<Uint8Array, string>();

function hashOf(files: Files): string {
  const hash = createHash("sha256");
  for (const [path, bytes] of files) {
    hash.update(`${path}\n${bytes ? contentHash(bytes) : "/"}\n`);
  }
  return hash.digest("hex");
}

/** The same bytes are looked at in many states. */
function contentHash(bytes: Uint8Array): string {
  let known = hashes.get(bytes);
  if (known === undefined) {
    known = createHash("sha256").update(bytes).digest("hex");
    hashes.set(bytes, known);
  }
  return known;
}

/** As many places as are wanted, at random. */
function chosen(
  places: Iterable<Place>,
  { name, places: few = 36 }: TriedCommand,
): Place[] {
  const all = [...places];
  const wanted = Deno.env.get("TDRO_KILLS") ?? `${few}`;
  if (wanted === "all" || Number(wanted) >= all.length) return all;
  const rng = createRng(Date.now() % 2 ** 31, name);
  return Array.from(
    { length: Number(wanted) },
    () => all[rng.int(all.length)]!,
  );
}

/** Whether what was there before is all there still, or what replaces it. */
function keepsResult(
  files: Files,
  { before, expected, result }: {
    before: Files;
    expected: Record<string, string>;
    result: string;
  },
): boolean {
  const now = comparable(files);
  const contents = new Set(Object.values(now));
  const within = (all: Record<string, string>) =>
    Object.entries(all).filter(([path]) => path.startsWith(result));
  return within(comparable(before)).every(([, text]) => contents.has(text)) ||
    within(expected).every(([path, text]) => now[path] === text);
}
