import assert from "node:assert/strict";
import fc from "fast-check";
import { LANCEDB_VERSION, openVectorStore } from "../../../lib/search/mod.ts";
import { PG_PACKAGES } from "../../../lib/search/stores/pg_client.ts";
import { idOf, storedId } from "../../../lib/search/stores/stored_id.ts";
import { fromFileUrl, ROOT } from "../../_paths.ts";
import { tempFolder } from "../../_temp_folder.ts";

/** In a process of its own, so that no package gets into the lock file. */
async function deno(...args: string[]) {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
  }).output();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

const FLAGS = ["--no-lock", "--cached-only"];

/** Whether packages are on this machine. */
async function isThere(...specifiers: string[]): Promise<boolean> {
  const imports = specifiers.map((s) => `await import("${s}");`).join(" ");
  return (await deno("eval", ...FLAGS, imports)).success;
}

/** A server of PostgreSQL that tests may use: its tables are made and dropped. */
const SERVER = Deno.env.get("TDRO_POSTGRES");

const ENGINES = [
  {
    name: "PostgreSQL in the process",
    engine: "pgvector",
    packages: [PG_PACKAGES.pglite, PG_PACKAGES.vector],
  },
  {
    name: "LanceDB",
    engine: "lance",
    packages: [`npm:@lancedb/lancedb@${LANCEDB_VERSION}`],
  },
];

for (const { name, engine, packages } of ENGINES) {
  const there = await isThere(...packages);
  Deno.test({
    name: `${name} keeps vectors and finds what exact search finds${
      there ? "" : ` (skipped: deno cache ${packages.join(" ")} gets it)`
    }`,
    ignore: !there,
    async fn() {
      const child = fromFileUrl(new URL("_store_child.ts", import.meta.url));
      const args = ["run", ...FLAGS, "--no-check", "--allow-all", child];
      const folder = `${await tempFolder()}/db`;
      const { success, text } = await deno(...args, engine, folder);
      assert.ok(success, text);
      assert.match(text, /all is well/);
    },
  });
}

Deno.test({
  name: SERVER
    ? "a server of PostgreSQL does the same"
    : "a server of PostgreSQL does the same (skipped: TDRO_POSTGRES names none)",
  ignore: !SERVER,
  async fn() {
    const child = fromFileUrl(new URL("_store_child.ts", import.meta.url));
    const args = ["run", ...FLAGS, "--no-check", "--allow-all", child];
    const { success, text } = await deno(...args, "pgvector", SERVER!);
    assert.ok(success, text);
  },
});

Deno.test("ids of any text come back", () => {
  fc.assert(fc.property(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "\\", "\0", "\\0000", "\ud800", "\udfff\ud800"),
    (a, b) => {
      for (const id of [a, a + b, b + a]) {
        const stored = storedId(id);
        assert.ok(stored.isWellFormed() && !stored.includes("\0"));
        assert.equal(idOf(stored), id);
      }
    },
  ));
});

Deno.test("what is no store is refused", async () => {
  // deno-lint-ignore no-explicit-any
  await assert.rejects(openVectorStore("faiss" as any, "x"), {
    name: "RangeError",
    message:
      'Cannot open a vector store: there is none called "faiss"; use lance or pgvector',
  });
});
