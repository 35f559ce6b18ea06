import assert from "node:assert/strict";
import { createLanceIndex, LANCEDB_VERSION } from "../../../lib/search/mod.ts";
import { fromFileUrl, ROOT } from "../../_paths.ts";
import { tempFolder } from "../../_temp_folder.ts";

/** In a process of its own, so that the engine leaves the lock file alone. */
function deno(...args: string[]): { success: boolean; text: string } {
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
  }).outputSync();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

const FLAGS = ["--no-lock", "--cached-only"];
const there = deno(
  "eval",
  ...FLAGS,
  `await import("npm:@lancedb/lancedb@${LANCEDB_VERSION}")`,
).success;

Deno.test({
  name: there
    ? "LanceDB finds what exact search finds"
    : `LanceDB finds what exact search finds (skipped: deno cache npm:@lancedb/lancedb@${LANCEDB_VERSION} gets it)`,
  ignore: !there,
  fn: async () => {
    const folder = await tempFolder();
    try {
      const child = fromFileUrl(new URL("_lance_child.ts", import.meta.url));
      const args = ["run", ...FLAGS, "--no-check", "--allow-all"];
      const { success, text } = deno(...args, child, `${folder}/db`);
      assert.ok(success, text);
      assert.match(text, /all is well/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("createLanceIndex() takes the caller's module, and needs a vector", async () => {
  const lancedb = {
    connect: () => Promise.resolve({ tableNames: () => Promise.resolve([]) }),
  };
  await assert.rejects(() => createLanceIndex("nowhere", [], { lancedb }), {
    name: "RangeError",
    message: "Cannot create the index: there must be a vector: got none",
  });
});

Deno.test("nothing of LanceDB is in the module graph", () => {
  const { success, text } = deno("info", "--json", "lib/search/mod.ts");
  assert.ok(success);
  assert.ok(text.includes("lance_index.ts"));
  const modules: { specifier: string }[] = JSON.parse(text).modules;
  assert.ok(!modules.some(({ specifier }) => specifier.includes("npm:")));
});
