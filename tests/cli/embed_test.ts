import assert from "node:assert/strict";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { useBackend } from "../../lib/backend/mod.ts";
import { writeSuite } from "../../lib/data/mod.ts";
import {
  disposeEncoder,
  encodeTexts,
  saveEncoder,
} from "../../lib/model/mod.ts";
import { PG_PACKAGES } from "../../lib/search/stores/pg_client.ts";
import { ROOT } from "../_paths.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { tempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, tdro } from "./_capture.ts";

/** A suite and a model, and the vectors of a task's passages. */
async function made() {
  await useBackend("wasm");
  const folder = await tempFolder();
  const suite = toySuite();
  await writeSuite(suite, join(folder, "suite"));
  const encoder = smallEncoder("mean", 0.2);
  await saveEncoder(encoder, join(folder, "model"));
  const corpus = [...suite.tasks[1]!.corpus.values()];
  const { data } = await encodeTexts(encoder, corpus.map(({ text }) => text));
  disposeEncoder(encoder);
  return { folder, ids: corpus.map(({ id }) => id), data };
}

let world: ReturnType<typeof made> | undefined;
const theWorld = () => world ??= made();

async function embed(to: string, ...more: string[]) {
  const { folder } = await theWorld();
  const args = ["--suite", join(folder, "suite"), "--backend", "wasm"]
    .concat(["--model", join(folder, "model"), "--to", to])
    .concat(["--out", join(folder, "vectors"), ...more]);
  return await tdro("embed", ...args);
}

/** The vectors of a file after its head. */
async function floats(path: string, head: number): Promise<Float32Array> {
  const bytes = await Deno.readFile(path);
  return new Float32Array(bytes.buffer.slice(head));
}

Deno.test("embed writes the model's vectors, in the order of the ids beside", async () => {
  const { folder, ids, data } = await theWorld();
  const at = (name: string) => join(folder, "vectors", name);
  for (const to of ["npy", "fbin", "parquet"]) {
    const { code, err } = await embed(to);
    assert.equal(code, 0, err);
  }
  assert.deepEqual(await floats(at("weights.npy"), 256), data);
  assert.deepEqual(await floats(at("weights.fbin"), 8), data);
  const counts = new Uint32Array((await Deno.readFile(at("weights.fbin")))
    .buffer.slice(0, 8));
  assert.deepEqual([...counts], [18, 16]);
  const lines = (await Deno.readTextFile(at("weights.npy.ids.jsonl")))
    .trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line)), ids);
  const file = (await Deno.readFile(at("weights.parquet"))).buffer;
  const rows = await parquetReadObjects({ file });
  assert.deepEqual(rows.map(({ id }) => id), ids);
  assert.deepEqual(
    Float32Array.from(rows.flatMap(({ vector }) => vector as number[])),
    data,
  );
});

Deno.test("embed goes on where it stopped, and refuses what was made otherwise", async () => {
  const { folder } = await theWorld();
  const at = (name: string) => join(folder, "vectors", name);
  await embed("npy");
  // Killed before the second task was done.
  await Deno.remove(at("weights.npy"));
  await Deno.remove(at("weights.npy.json"));
  const encoded = async (...more: string[]) => {
    const { out } = await embed("npy", "--json", ...more);
    return JSON.parse(out).map((row: { encoded: number }) => row.encoded);
  };
  assert.deepEqual(await encoded(), [0, 18, 0]);
  const other = await embed("npy", "--passage-length", "4");
  assert.equal(other.code, 2);
  assert.match(
    other.err,
    /holds vectors that were made otherwise \(.*; now 4 tokens.*--force/,
  );
  assert.deepEqual(
    await encoded("--passage-length", "4", "--force"),
    [36, 18, 24],
  );
  const idle = await embed("fbin", "--index");
  assert.ok(isUserError(idle));
  assert.match(idle.err, /--index is for a database/);
});

/** tdro in a process of its own, so that no package gets into the lock file. */
async function apart(...args: string[]) {
  const lock = join(await tempFolder(), "deno.lock");
  await Deno.copyFile(`${ROOT}deno.lock`, lock);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--lock", lock, "--cached-only", "--no-check", "--allow-all"]
      .concat(["lib/cli/mod.ts", ...args]),
    cwd: ROOT,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const { success: hasPg } = await new Deno.Command(Deno.execPath(), {
  args: ["eval", "--no-lock", "--cached-only"].concat(
    `await import("${PG_PACKAGES.pglite}"); await import("${PG_PACKAGES.vector}");`,
  ),
  cwd: ROOT,
}).output();

Deno.test({
  name: `embed puts vectors into PostgreSQL${
    hasPg ? "" : ` (skipped: deno cache ${PG_PACKAGES.pglite} gets it)`
  }`,
  ignore: !hasPg,
  async fn() {
    const { folder } = await theWorld();
    const line = ["embed", "--suite", join(folder, "suite"), "--to", "pgvector"]
      .concat(["--model", join(folder, "model"), "--tasks", "weights"])
      .concat(["--out", join(folder, "db"), "--backend", "wasm", "--json"]);
    const first = await apart(...line, "--index");
    assert.equal(first.code, 0, first.err);
    const [row] = JSON.parse(first.out);
    assert.equal(row.encoded, 18);
    assert.match(row.place, /^weights_[0-9a-f]{16}$/);
  },
});
