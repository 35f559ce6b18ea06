import assert from "node:assert/strict";
import { setupTensorflow } from "../../lib/backend/mod.ts";
import { setupMinilm } from "../../lib/backend/setup/setup_minilm.ts";

/** Runs a set-up with changed environment variables and a cache of its own. */
async function failing(
  start: () => AsyncGenerator<unknown>,
  env: (folder: string) => Record<string, string>,
): Promise<{ error: Error; left: string[] }> {
  const folder = await Deno.makeTempDir();
  const changed = { TDRO_CACHE: `${folder}/cache`, ...env(folder) };
  const before = Object.keys(changed).map((key) =>
    [key, Deno.env.get(key)] as const
  );
  for (const [key, value] of Object.entries(changed)) Deno.env.set(key, value);
  try {
    for await (const _ of start()) { /* runs until it fails */ }
    throw new Error("it did not fail");
  } catch (error) {
    return { error: error as Error, left: files(`${folder}/cache`) };
  } finally {
    for (const [key, value] of before) {
      value === undefined ? Deno.env.delete(key) : Deno.env.set(key, value);
    }
    await Deno.remove(folder, { recursive: true });
  }
}

/** Every file below a folder that may be absent. */
function files(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap((entry) =>
      entry.isDirectory ? files(`${folder}/${entry.name}`) : [entry.name]
    );
  } catch {
    return [];
  }
}

const oneLine = (error: Error) => !error.message.includes("\n");

Deno.test("setup without Python says what to install and leaves nothing", async () => {
  for (
    const start of [
      () => setupTensorflow({ force: true }),
      () => setupMinilm({ folder: "no/such/place", force: true }),
    ]
  ) {
    const { error, left } = await failing(
      start,
      () => ({ TDRO_PYTHON: "no-such-python" }),
    );
    assert.equal(error.name, "RangeError");
    assert.match(
      error.message,
      /Cannot set up: no Python with pip .*TDRO_PYTHON/,
    );
    assert.ok(oneLine(error));
    assert.deepEqual(left, []);
  }
});

Deno.test("setup without a network says so and leaves nothing", async () => {
  const { error, left } = await failing(
    () => setupMinilm({ folder: "no/such/place", force: true }),
    () => ({
      PIP_NO_INDEX: "1",
      PIP_FIND_LINKS: "",
      PIP_CONFIG_FILE: "/dev/null",
    }),
  );
  assert.equal(error.name, "RangeError");
  assert.match(error.message, /pip could not download .*check the network/);
  assert.ok(oneLine(error));
  assert.deepEqual(left, []);
});

Deno.test("setup without a C++ compiler says what to install", async () => {
  const { error, left } = await failing(
    () => setupTensorflow({ force: true }),
    (folder) => {
      // A PATH that holds Python and nothing else.
      const which = new Deno.Command("sh", {
        args: ["-c", "python3 -c 'import sys; print(sys.executable)'"],
      }).outputSync();
      const python = new TextDecoder().decode(which.stdout).trim();
      return { PATH: folder, TDRO_PYTHON: python };
    },
  );
  assert.match(
    error.message,
    /Cannot set up: no C\+\+ compiler .*apt-get install g\+\+/,
  );
  assert.deepEqual(left, []);
});
