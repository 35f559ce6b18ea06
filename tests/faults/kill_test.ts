/**
 * kill -9 before or within any changing call of a run: the same command afterwards
 * gives the same bytes and leaves nothing over. A few places here; more of them with
 * TDRO_KILLS=100, all with TDRO_KILLS=all.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createRng } from "../../lib/sampling/mod.ts";
import { fromFileUrl, ROOT } from "../_paths.ts";
import { COMMANDS } from "./_commands.ts";
import { comparable, readFiles } from "./_files.ts";

const PROGRAM = fromFileUrl(new URL("_kill_at.ts", import.meta.url));
const FEW = 3;

const { words: RUN, prepare } = COMMANDS.find(({ name }) => name === "run")!;

async function run(cwd: string, at: number) {
  const { signal, code, stderr } = await new Deno.Command(Deno.execPath(), {
    cwd,
    args: [
      "run",
      "--allow-all",
      "--no-check",
      "--config",
      `${ROOT}deno.json`,
      PROGRAM,
      `${at}`,
      "calls",
      ...RUN,
      "--quiet",
    ],
    stdin: "null",
    stdout: "null",
  }).output();
  return { signal, code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "a run killed anywhere gives the same files when it is run again",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "tdro-kill-" });
    try {
      const cwd = (name: string) => join(folder, name);
      const begin = async (name: string) => {
        await Deno.mkdir(cwd(name));
        await prepare(cwd(name));
      };
      await begin("whole");
      const whole = await run(cwd("whole"), Infinity);
      assert.equal(whole.code, 0, whole.stderr);
      const calls = Number(await Deno.readTextFile(cwd("whole/calls")));
      assert.ok(calls > 100, `${calls} calls`);
      const expected = comparable(await readFiles(cwd("whole/out")));

      const kills = Deno.env.get("TDRO_KILLS") ?? `${FEW}`;
      const rng = createRng(Date.now() % 2 ** 31, "kills");
      const places = kills === "all"
        ? Array.from({ length: calls }, (_, i) => i + 1)
        : Array.from({ length: Number(kills) }, () => 1 + rng.int(calls));
      for (const at of places) {
        const name = `at-${at}`;
        await begin(name);
        const killed = await run(cwd(name), at);
        assert.equal(killed.signal, "SIGKILL", `at ${at}: ${killed.stderr}`);
        const again = await run(cwd(name), Infinity);
        assert.equal(again.code, 0, `at ${at}: ${again.stderr}`);
        const made = comparable(await readFiles(cwd(`${name}/out`)));
        assert.deepEqual(made, expected, `killed at call ${at} of ${calls}`);
        await Deno.remove(cwd(name), { recursive: true });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
