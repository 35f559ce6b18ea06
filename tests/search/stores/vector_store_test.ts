import assert from "node:assert/strict";
import fc from "fast-check";
import { openVectorStore } from "../../../lib/search/mod.ts";
import { reasonOf } from "../../../lib/search/stores/one_line.ts";
import { idOf, storedId } from "../../../lib/search/stores/stored_id.ts";
import { fromFileUrl } from "../../_paths.ts";
import { tempFolder } from "../../_temp_folder.ts";
import { apart, hasPackages, LANCE, MILVUS, PGLITE } from "./_packages.ts";
import {
  hasMilvus,
  hasS3,
  milvusServer,
  s3Server,
  STORES_REQUIRED,
} from "./_servers.ts";

/** A server of PostgreSQL that tests may use: its tables are made and dropped. */
const SERVER = Deno.env.get("TDRO_POSTGRES");

/** Puts an engine to all that a store promises, in a process of its own. */
async function promises(
  engine: string,
  address: string,
  env: Record<string, string> = {},
): Promise<void> {
  const { success, text } = await child("_store_child.ts", {
    args: [engine, address],
    env,
  });
  assert.ok(success, text);
  assert.match(text, /all is well/);
}

async function child(
  name: string,
  { args, env = {} }: { args: string[]; env?: Record<string, string> },
) {
  const path = fromFileUrl(new URL(name, import.meta.url));
  const how = ["run", "--no-check", "--allow-all", path, ...args];
  return await apart(how, env);
}

/** A test that is skipped, and says why, where something is lacking. */
async function testWhere(
  name: string,
  lacking: Promise<string | undefined>,
  fn: () => Promise<void>,
): Promise<void> {
  const lacks = await lacking;
  Deno.test({
    name: lacks ? `${name} (skipped: ${lacks})` : name,
    ignore: lacks !== undefined && !STORES_REQUIRED,
    fn,
  });
}

async function lackingPackages(packages: readonly string[]) {
  if (await hasPackages(packages)) return undefined;
  return `deno cache ${packages.join(" ")} gets it`;
}

async function lackingMilvus() {
  if (!await hasMilvus()) {
    return "TDRO_STORES_PYTHON has no milvus-lite and pymilvus";
  }
  return await lackingPackages(MILVUS);
}

async function lackingS3() {
  if (!await hasS3()) {
    return "TDRO_STORES_PYTHON has no moto[s3], flask and flask-cors";
  }
  return await lackingPackages(LANCE);
}

await testWhere(
  "PostgreSQL in the process keeps vectors and finds what exact search finds",
  lackingPackages(PGLITE),
  async () => await promises("pgvector", `${await tempFolder()}/db`),
);

await testWhere(
  "LanceDB keeps vectors and finds what exact search finds",
  lackingPackages(LANCE),
  async () => await promises("lance", `${await tempFolder()}/db`),
);

await testWhere(
  "Milvus keeps vectors and finds what exact search finds",
  lackingMilvus(),
  async () => {
    await using server = await milvusServer();
    const args = [server.address];
    const [{ success, text }] = await Promise.all([
      child("_milvus_child.ts", { args }), // what only Milvus does
      promises("milvus", server.address),
    ]);
    assert.ok(success, text);
  },
);

await testWhere(
  "LanceDB in an object store does the same, and says in one line what is wrong",
  lackingS3(),
  async () => {
    await using server = await s3Server("bucket");
    const said = async (place: string, env: Record<string, string>) => {
      const args = ["lance", place];
      const { text } = await child("_refused_child.ts", {
        args,
        env: { ...server.env, ...env },
      });
      return text.trim().replace("Cannot use the store: LanceDB: ", "");
    };
    // Each waits for LanceDB's own retries, so they wait together.
    assert.deepEqual(
      await Promise.all([
        promises("lance", "s3://bucket/a folder", server.env),
        said("s3://nothing/x", {}),
        said("s3://bucket/x", { AWS_ACCESS_KEY_ID: "AKIAWRONG" }),
        said("s3://bucket/x", { AWS_SECRET_ACCESS_KEY: "wrong" }),
      ]),
      [
        undefined,
        "The specified bucket does not exist",
        "The AWS Access Key Id you provided does not exist in our records.",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      ],
    );
  },
);

Deno.test({
  name: SERVER
    ? "a server of PostgreSQL does the same"
    : "a server of PostgreSQL does the same (skipped: TDRO_POSTGRES names none)",
  ignore: !SERVER,
  fn: () => promises("pgvector", SERVER!),
});

Deno.test("what a database says gets one line, without addresses", () => {
  const said = [
    "broken\nCaused by: lance\n  Caused by: Connection refused (os error 111)",
    "refused postgres://me:secret@db.example/x (timeout)\n    at stack",
    "Generic N/A error: Failed to get AWS credentials: Provider(Error)",
  ].map((text) => reasonOf(new Error(text)));
  assert.deepEqual(said, [
    "Connection refused (os error 111)",
    "refused the address (timeout)",
    "there must be keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  ]);
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
      'Cannot open a vector store: there is none called "faiss"; use lance, pgvector, milvus',
  });
});
