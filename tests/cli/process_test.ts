import assert from "node:assert/strict";
import { ROOT } from "../_paths.ts";
import { tempFolder } from "../_temp_folder.ts";

const ENTRY = `${ROOT}lib/cli/mod.ts`;

async function run(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", ENTRY, ...args],
    cwd: ROOT,
    env,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("the process exits 0 with the result on standard output", async () => {
  const { code, out, err } = await run(["version", "--json"]);
  assert.equal(code, 0);
  assert.equal(JSON.parse(out).deno, Deno.version.deno);
  assert.equal(err, "");
});

Deno.test("the process exits 2 with one line on standard error", async () => {
  const { code, out, err } = await run(["doctor", "--nonsense"]);
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(err, /^error: Cannot read --nonsense: [^\n]+\n$/);
});

Deno.test("the process prints no colours where there is no terminal", async () => {
  const { out } = await run(["--help"], { NO_COLOR: "" });
  assert.ok(!out.includes("\u001b"));
});

/** A program whose command never ends by itself. */
const ENDLESS = `
import { main, terminalIo } from "${new URL(`file://${ENTRY}`)}";
import { COMMANDS } from "${new URL(
  "../../lib/cli/table.ts",
  import.meta.url,
)}";
const { command } = await COMMANDS.find(({ name }) => name === "version").load();
command.run = async (_, io) => {
  io.resumeWith("tdro version again");
  await io.progress((async function* () {
    for (let done = 0; ; done++) yield { stage: "s", label: "l", done, total: 0 };
  })());
};
Deno.exit(await main(["version"], terminalIo()));
`;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test({
    name: `${signal} ends the work, exit 130, and says how to go on`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const file = `${await tempFolder()}/file.ts`;
      try {
        await Deno.writeTextFile(file, ENDLESS);
        const child = new Deno.Command(Deno.execPath(), {
          // The program lies outside: it needs our import map.
          args: ["run", "-A", "--no-check", "--config", "deno.json", file],
          cwd: ROOT,
          stdout: "null",
          stderr: "piped",
        }).spawn();
        const reader = child.stderr.pipeThrough(new TextDecoderStream())
          .getReader();
        let err = (await reader.read()).value!; // The work has begun.
        child.kill(signal);
        for (let next; !(next = await reader.read()).done;) err += next.value;
        assert.equal((await child.status).code, 130);
        assert.match(err, /press Ctrl-C again/);
        assert.match(
          err,
          /\ninterrupted; to resume: tdro version again\n {2}tdro version\n$/,
        );
      } finally {
        await Deno.remove(file);
      }
    },
  });
}
