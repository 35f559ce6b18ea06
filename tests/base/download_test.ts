import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { downloadFile } from "../../lib/data/mod.ts";
import { systemFault } from "../../lib/cli/system_fault.ts";
import { noise } from "../_backends.ts";
import { deadAddress, serveFiles } from "../data/_file_server.ts";
import { tempFolder } from "../_temp_folder.ts";

const bytes = new Uint8Array(noise(50_000, 3).buffer);
const sha256 = createHash("sha256").update(bytes).digest("hex");

Deno.test("downloadFile() goes on after a broken connection", async () => {
  await using server = serveFiles({ "/a.bin": bytes });
  server.cuts.push(70_000, 30_000);
  const path = `${await tempFolder()}/sub/a.bin`;
  const seen: number[] = [];
  const done = await downloadFile(`${server.url}/a.bin`, path, {
    sha256,
    wait: () => Promise.resolve(),
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
  const path = `${await tempFolder()}/a.bin`;
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
  const path = `${await tempFolder()}/a.bin`;
  server.cuts.push(100_000);
  const url = `${server.url}/a.bin`;
  await assert.rejects(downloadFile(url, path, { retries: 0 }));
  files["/a.bin"] = bytes.slice().reverse();
  await downloadFile(url, path);
  assert.deepEqual(await Deno.readFile(path), files["/a.bin"]);
});

Deno.test("downloadFile() refuses another size, another checksum, a missing file", async () => {
  await using server = serveFiles({ "/a.bin": bytes });
  const folder = await tempFolder();
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
    downloadFile(`${deadAddress()}/x`, `${folder}/x`, { retries: 0 }),
    { name: "RangeError", message: /check the network/ },
  );
  await assert.rejects(
    downloadFile(url, `${folder}/x`, { signal: AbortSignal.abort() }),
    { name: "AbortError" },
  );
});

Deno.test("downloadFile() counts its tries anew when a long file gets on", async () => {
  const mile = 1 << 20;
  const long = new Uint8Array(4 * mile);
  await using server = serveFiles({ "/long.bin": long });
  const download = async (cut: number) => {
    server.cuts.splice(0, Infinity, cut, cut, cut);
    const path = `${await tempFolder()}/long.bin`;
    return await downloadFile(`${server.url}/long.bin`, path, {
      retries: 1,
      wait: () => Promise.resolve(),
    });
  };
  assert.equal((await download(1.5 * mile)).bytes, long.length);
  await assert.rejects(download(mile / 4), /; check the network, or put/);
});

Deno.test("downloadFile() tells a full disk from a broken connection", async () => {
  await using server = serveFiles({ "/a.bin": bytes });
  const path = `${await tempFolder()}/a.bin`;
  const module = import.meta.resolve("../../lib/base/download.ts");
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { downloadFile } from ${JSON.stringify(module)};
      const { write } = Deno.FsFile.prototype;
      Deno.FsFile.prototype.write = function (bytes) {
        if (bytes.length < 100) return write.call(this, bytes); // a lock
        const full = new Error("No space left on device (os error 28)");
        return Promise.reject(Object.assign(full, { code: "ENOSPC" }));
      };
      await downloadFile("${server.url}/a.bin", "${path}").catch((error) =>
        console.log(JSON.stringify({ ...error, message: error.message }))
      );`,
    ],
  }).output();
  const said = JSON.parse(new TextDecoder().decode(stdout));
  assert.match(
    systemFault(Object.assign(new Error(), said))!,
    /^Cannot write .*a\.bin\.part: the disk is full; free some space, then/,
  );
  assert.equal(server.requests.length, 1);
  await assert.rejects(Deno.stat(path));
});

Deno.test("downloadFile() stops at once when told to, and keeps what there is", async () => {
  await using server = serveFiles({}, () =>
    new Response(
      new ReadableStream({
        start: (body) => body.enqueue(bytes.slice(0, 70_000)),
      }),
    ));
  const path = `${await tempFolder()}/a.bin`;
  const stop = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(
    downloadFile(`${server.url}/a.bin`, path, {
      signal: stop.signal,
      onProgress: (done) => done === 70_000 && stop.abort(reason),
    }),
    (error) => error === reason,
  );
  assert.equal((await Deno.stat(`${path}.part`)).size, 70_000);
});

Deno.test("downloadFile() shares its partial file with no other download", async () => {
  let answers = 0;
  await using server = serveFiles(
    { "/a.bin": bytes },
    () =>
      answers++ > 0 ? undefined : new Response(
        new ReadableStream({
          start: (body) => body.enqueue(bytes.slice(0, 70_000)),
        }),
      ),
  );
  const path = `${await tempFolder()}/a.bin`;
  const url = `${server.url}/a.bin`;
  const stop = new AbortController();
  const begun = Promise.withResolvers<number>();
  const first = downloadFile(url, path, {
    signal: stop.signal,
    onProgress: begun.resolve,
  });
  await begun.promise;
  await assert.rejects(downloadFile(url, path, { sha256 }), {
    name: "RangeError",
    message:
      /another download is writing the file; wait until it has finished$/,
  });
  stop.abort();
  await assert.rejects(first, { name: "AbortError" });
  await downloadFile(url, path, { sha256 });
  const left = [...Deno.readDirSync(path.replace("/a.bin", ""))];
  assert.deepEqual(left.map(({ name }) => name), ["a.bin"]);
});

Deno.test("downloadFile() sends headers to the address's own origin alone", async () => {
  const seen: (string | null)[] = [];
  const keep = (request: Request) => {
    seen.push(request.headers.get("x-secret"));
    return undefined;
  };
  await using store = serveFiles({ "/a.bin": bytes }, keep);
  await using server = serveFiles({}, (request, { pathname }) => {
    keep(request);
    return Response.redirect(
      pathname === "/a.bin" ? `${server.url}/b.bin` : `${store.url}/a.bin`,
    );
  });
  await downloadFile(
    `${server.url}/a.bin`,
    `${await tempFolder()}/a.bin`,
    { headers: { "x-secret": "mine" } },
  );
  assert.deepEqual(seen, ["mine", "mine", null]);
});

Deno.test("downloadFile() checks git's id, of either kind", async () => {
  await using server = serveFiles({ "/a.bin": bytes });
  for (const kind of ["sha1", "sha256"]) {
    const gitBlob = createHash(kind).update(`blob ${bytes.length}\0`)
      .update(bytes).digest("hex");
    const path = `${await tempFolder()}/a.bin`;
    const url = `${server.url}/a.bin`;
    await downloadFile(url, path, { gitBlob });
    assert.ok((await downloadFile(url, path, { gitBlob })).cached);
    await assert.rejects(
      downloadFile(url, path, { gitBlob: "0".repeat(gitBlob.length) }),
      { name: "RangeError", message: /git's id of it must be 0+: got / },
    );
  }
});
