/**
 * A command that is started twice at once, at any place of the first: one of them
 * does the work, the other waits or says in a line that it can't; what comes out is
 * what one alone makes, and nothing is left over. Some places are tried here; more
 * with TDRO_KILLS=1000, all with TDRO_KILLS=all.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createRng } from "../../lib/sampling/mod.ts";
import { ROOT } from "../_paths.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { serveHub } from "../cli/_local_hub.ts";
import { COMMANDS, hubFiles, type TriedCommand } from "./_commands.ts";
import { comparable, readFiles, writeFiles } from "./_files.ts";
import { goOn, program } from "./_program.ts";
import type { Ended } from "./_run_words.ts";

/** Places that are tried where no number is asked for. */
const FEW = 3;

/** What one place came to: of the first, and of the second if there was one. */
interface Met {
  calls: number;
  ended: Ended[];
}

for (const command of COMMANDS) {
  Deno.test({
    name: `${command.name}: started twice at once, the same files`,
    ignore: Deno.build.os === "windows",
    fn: () => inTempFolder((folder) => tryPlaces(command, folder)),
  });
}

async function tryPlaces(
  { name, prepare, before, words, meets }: TriedCommand,
  folder: string,
): Promise<void> {
  await using hub = serveHub(await hubFiles());
  const path = join(folder, "work");
  const whole = join(folder, "0");
  await Deno.mkdir(whole);
  await prepare(whole);
  if (before) await goOn([whole], { path, words: before, hub: hub.url });
  const start = await readFiles(whole);
  const meet = async (folders: readonly string[]): Promise<Met[]> => {
    const { code, stdout, stderr } = await program("_meet.ts", [
      path,
      ...folders,
      "--",
      ...words,
    ], { cwd: ROOT, hub: hub.url });
    assert.equal(code, 0, stderr);
    return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  };
  const [{ calls, ended: [alone] }] = await meet([whole]) as [Met];
  assert.equal(alone!.code, 0, alone!.err);
  const expected = comparable(await readFiles(whole));

  const places = chosen(calls, name, meets);
  if (Deno.env.has("TDRO_KILLS")) {
    console.log(`${calls} calls, ${places.length} tried`);
  }
  const folders = places.map((at) => join(folder, `${at}`));
  for (const each of folders) await writeFiles(each, start);
  const faults: string[] = [];
  for (const [i, { ended }] of (await meet(folders)).entries()) {
    const what = `begun at call ${places[i]} of ${calls}`;
    const refused = ended.filter(({ code }) => code !== 0);
    for (const { code, err } of refused) {
      const isOneLine = code === 2 &&
        /^(?:.*\n)*?(error: )?Cannot .+\n?$/.test(err);
      if (!isOneLine) faults.push(`${what}: ${err}`);
    }
    if (refused.length === ended.length) {
      faults.push(`${what}: neither did it: ${JSON.stringify(ended)}`);
    }
    const made = comparable(await readFiles(folders[i]!));
    for (
      const file of new Set([...Object.keys(made), ...Object.keys(expected)])
    ) {
      if (made[file] === expected[file]) continue;
      const fault = made[file] === undefined
        ? "missing"
        : expected[file] === undefined
        ? "left over"
        : "different";
      faults.push(`${what}: ${file} is ${fault}`);
    }
  }
  assert.deepEqual(faults, []);
}

/** As many places as are wanted, at random. */
function chosen(calls: number, name: string, few = FEW): number[] {
  const all = Array.from({ length: calls }, (_, i) => i + 1);
  const wanted = Deno.env.get("TDRO_KILLS") ?? `${few}`;
  if (wanted === "all" || Number(wanted) >= calls) return all;
  const rng = createRng(Date.now() % 2 ** 31, name);
  return Array.from(
    { length: Number(wanted) },
    () => all.splice(rng.int(all.length), 1)[0]!,
  ).sort((a, b) => a - b);
}
