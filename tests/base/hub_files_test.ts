import assert from "node:assert/strict";
import {
  fetchHubFiles,
  hubCommit,
  listHubFiles,
} from "../../lib/base/hub_files.ts";
import { inTempFolder } from "../data/_folders.ts";
import { bytesFor, COMMIT, json, plain } from "./web/_hub.ts";
import { serveRaw } from "./web/_raw_server.ts";

const bytes = new TextEncoder().encode("content");

Deno.test("names reach the hub and the disk as they are", async () => {
  const path = "50% of #2/what? é.json";
  const at = "/datasets/owner/name/resolve/refs%2Fpr%2F1";
  await using hub = serveRaw((request) =>
    request.path.startsWith("/api/datasets/owner/name/tree/refs%2Fpr%2F1?")
      ? json([plain(path, bytes)])
      : request.path === `${at}/50%25%20of%20%232/what%3F%20%C3%A9.json`
      ? bytesFor(request, bytes)
      : { status: 404 }
  );
  const repo = {
    type: "dataset",
    id: "owner/name",
    revision: "refs/pr/1",
  } as const;
  const files = await listHubFiles(repo, { endpoint: hub.url });
  assert.deepEqual(files.map((file) => file.path), [path]);
  await inTempFolder(async (folder) => {
    const work = fetchHubFiles([{ repo, files, folder }], {
      endpoint: hub.url,
    });
    while (!(await work.next()).done);
    assert.deepEqual(await Deno.readFile(`${folder}/${path}`), bytes);
  });
});

Deno.test("hubCommit() believes only what can be a commit", async () => {
  const answers: [unknown, string | undefined][] = [
    [{ sha: COMMIT }, COMMIT],
    [{ sha: "main" }, undefined],
    [{ sha: COMMIT.toUpperCase() }, undefined],
    [{ sha: 7 }, undefined],
    [[], undefined],
    [null, undefined],
  ];
  for (const [answer, commit] of answers) {
    await using hub = serveRaw(() => json(answer));
    const repo = { type: "model", id: "name", revision: "v1" } as const;
    assert.equal(await hubCommit(repo, { endpoint: hub.url }), commit);
    assert.match(hub.requests[0]!.path, /^\/api\/models\/name\/revision\/v1\?/);
  }
});

Deno.test("fetchHubFiles() says that it waits, and for how long", async () => {
  let tries = 0;
  await using hub = serveRaw((request) =>
    tries++ > 0
      ? bytesFor(request, bytes)
      : { status: 503, headers: { "retry-after": "90" } }
  );
  const repo = { type: "model", id: "owner/name", revision: "main" } as const;
  await inTempFolder(async (folder) => {
    const told = Promise.withResolvers<void>();
    const work = fetchHubFiles(
      [{ repo, files: [{ path: "a", bytes: bytes.length }], folder }],
      { endpoint: hub.url, wait: () => told.promise },
    );
    const notes = new Set<string | undefined>();
    for await (const { note } of work) {
      notes.add(note);
      if (note) told.resolve();
    }
    assert.deepEqual([...notes], [undefined, "trying again in 90 s"]);
  });
});
