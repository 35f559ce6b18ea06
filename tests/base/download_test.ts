import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { downloadFile } from "../../lib/data/mod.ts";
import { noise } from "../_backends.ts";
import { serveFiles } from "../data/_file_server.ts";

const bytes = new Uint8Array(noise(50_000, 3).buffer);
const sha256 = createHash("sha256").update(bytes).digest("hex");

Deno.test("downloadFile() goes on after a broken connection", async () => {
  await using server = serveFiles({ "/a.bin": bytes });
  server.cuts.push(70_000, 30_000);
  const path = `${await Deno.makeTempDir()}/sub/a.bin`;
  const seen: number[] = [];
  const done = await downloadFile(`${server.url}/a.bin`, path, {
    sha256,
    onProgress: (n) => seen.push(n),
  });
  assert.deepEqual(done, { bytes: bytes.length, sha256, cached: false });
  assert.deepEqual(await Deno.readFile(path), bytes);
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
  assert.equal(server.requests.length, 3);
  assert.match(server.requests[1]!, /bytes=\d+-$/);
  const left = [...Deno.readDirSync(path.replace("/a.bin", ""))];
  assert.deepEqual(left.map(({ name }) => name), ["a.bin"]);
  // Nothing is fetched again.
  const again = await downloadFile(`${server.url}/a.bin`, path, { sha256 });
  assert.equal(again.cached, true);
  assert.equal(server.requests.length, 3);
});

Deno.test("downloadFile() goes on in another process's partial file", async () => {
  await using server = serveFiles({ "/a.bin": bytes });
  const path = `${await Deno.makeTempDir()}/a.bin`;
  server.cuts.push(100_000);
  await assert.rejects(
    downloadFile(`${server.url}/a.bin`, path, { retries: 0 }),
    { name: "RangeError", message: /Cannot download .* by hand/ },
  );
  await assert.rejects(Deno.stat(path));
  await downloadFile(`${server.url}/a.bin`, path);
  assert.match(server.requests.at(-1)!, /bytes=100000-$/);
  assert.deepEqual(await Deno.readFile(path), bytes);
});

Deno.test("downloadFile() starts over when the server's file has changed", async () => {
  const files: Record<string, Uint8Array> = { "/a.bin": bytes };
  await using server = serveFiles(files);
  const path = `${await Deno.makeTempDir()}/a.bin`;
  server.cuts.push(100_000);
  const url = `${server.url}/a.bin`;
  await assert.rejects(downloadFile(url, path, { retries: 0 }));
  files["/a.bin"] = bytes.slice().reverse();
  await downloadFile(url, path);
  assert.deepEqual(await Deno.readFile(path), files["/a.bin"]);
});

Deno.test("downloadFile() refuses another size, another checksum, a missing file", async () => {
  await using server = serveFiles({ "/a.bin": bytes });
  const folder = await Deno.makeTempDir();
  const url = `${server.url}/a.bin`;
  await assert.rejects(downloadFile(url, `${folder}/x`, { bytes: 7 }), {
    name: "RangeError",
    message: /must have 7 bytes: got 200000; /,
  });
  await assert.rejects(
    downloadFile(url, `${folder}/x`, { sha256: "0".repeat(64) }),
    { name: "RangeError", message: /SHA-256 must be 0+: got [0-9a-f]{64}; / },
  );
  await assert.rejects(downloadFile(`${server.url}/b.bin`, `${folder}/x`), {
    name: "RangeError",
    message: /answers 404; check the name/,
  });
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  await assert.rejects(
    downloadFile("http://localhost:1/x", `${folder}/x`, { retries: 0 }),
    { name: "RangeError", message: /check the network/ },
  );
  await assert.rejects(
    downloadFile(url, `${folder}/x`, { signal: AbortSignal.abort() }),
    { name: "AbortError" },
  );
});
