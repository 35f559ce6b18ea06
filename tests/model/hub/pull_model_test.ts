import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  disposeEncoder,
  encodeTexts,
  loadEncoder,
  type ModelSource,
  pullModel,
  type PullModelOptions,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import { tdro } from "../../cli/_capture.ts";
import {
  deadAddress,
  type FileServer,
  serveFiles,
} from "../../data/_file_server.ts";
import { gitBlob } from "../../data/_hub.ts";
import { smallEncoder } from "../../_small_encoder.ts";

const ID = "owner/small-model";

/** Files of a small model folder, by their paths in it. */
async function modelFiles(): Promise<Record<string, Uint8Array>> {
  await useBackend("wasm");
  const folder = await Deno.makeTempDir();
  const encoder = smallEncoder();
  await saveEncoder(encoder, folder);
  disposeEncoder(encoder);
  const files: Record<string, Uint8Array> = {};
  const walk = (at: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${at}`)) {
      if (isDirectory) walk(`${at}${name}/`);
      else files[`${at}${name}`] = Deno.readFileSync(`${folder}/${at}${name}`);
    }
  };
  walk("");
  await Deno.remove(folder, { recursive: true });
  return files;
}

/** A hub that has one model, in the form of the real one's answers. */
function serveHub(
  files: Record<string, Uint8Array>,
  extra: { path: string; size: number }[] = [],
): FileServer {
  const served = Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [
      `/${ID}/resolve/main/${path}`,
      bytes,
    ]),
  );
  const tree = Object.entries(files).map(([path, bytes]) => ({
    type: "file",
    path,
    size: bytes.length,
    oid: gitBlob(bytes),
    ...(path.endsWith(".safetensors")
      ? {
        lfs: {
          oid: createHash("sha256").update(bytes).digest("hex"),
          size: bytes.length,
          pointerSize: 130,
        },
      }
      : {}),
  }));
  const all = [
    ...tree,
    ...extra.map((file) => ({ type: "file", oid: "0", ...file })),
  ];
  return serveFiles(served, (_, url) => {
    if (!url.pathname.startsWith("/api/")) return undefined;
    return url.pathname === `/api/models/${ID}/tree/main`
      ? Response.json(all)
      : Response.json({ error: "Repository not found" }, { status: 404 });
  });
}

async function pull(
  folder: string,
  server: FileServer,
  options: PullModelOptions = {},
): Promise<ModelSource> {
  const work = pullModel(ID, folder, {
    endpoint: server.url,
    wait: () => Promise.resolve(),
    ...options,
  });
  for (let done = 0;;) {
    const next = await work.next();
    if (next.done) return next.value;
    assert.ok(next.value.done >= done && next.value.done <= next.value.total);
    done = next.value.done;
  }
}

Deno.test("pullModel() fetches what an encoder needs, and no more", async () => {
  const files = await modelFiles();
  await using server = serveHub(files, [
    { path: "pytorch_model.bin", size: 5 },
    { path: "onnx/model.onnx", size: 5 },
    { path: "openvino/config.json", size: 5 },
  ]);
  const folder = await Deno.makeTempDir();
  const source = await pull(folder, server);
  assert.deepEqual(
    source.files.map(({ path }) => path).sort(),
    Object.keys(files).sort(),
  );
  const encoder = await loadEncoder(folder);
  const original = smallEncoder();
  assert.deepEqual(
    (await encodeTexts(encoder, ["red"])).data,
    (await encodeTexts(original, ["red"])).data,
  );
  [encoder, original].forEach(disposeEncoder);
  const written = await Deno.readTextFile(`${folder}/tdro_source.json`);
  assert.deepEqual(JSON.parse(written), source);
});

Deno.test("pullModel() goes on where it stopped, and fetches nothing twice", async () => {
  const files = await modelFiles();
  await using server = serveHub(files);
  const folder = await Deno.makeTempDir();
  // Small files come first: the last two answers are those of the weights.
  const count = Object.keys(files).length;
  server.cuts.push(...Array(count - 1).fill(Infinity), 1000);
  await pull(folder, server);
  assert.match(server.requests.at(-1)!, /model\.safetensors bytes=1000-$/);
  const before = server.requests.length;
  await pull(folder, server);
  const later = server.requests.slice(before);
  assert.ok(later.every((line) => !/resolve.*(?<!bytes=0-0)$/.test(line)));
});

Deno.test("pullModel() refuses what it can't trust, in one line", async () => {
  const files = await modelFiles();
  const folder = await Deno.makeTempDir();
  {
    await using server = serveHub(files, [{ path: "../evil.json", size: 2 }]);
    await assert.rejects(pull(folder, server), {
      name: "SyntaxError",
      message: /lists a file outside the folder: "\.\.\/evil\.json"/,
    });
  }
  {
    const name = "model.safetensors";
    const flipped = files[name]!.slice();
    flipped[flipped.length - 1]! ^= 1;
    await using liar = serveFiles(
      { [`/${ID}/resolve/main/${name}`]: flipped },
      (_, url) =>
        url.pathname.startsWith("/api/")
          ? Response.json([{
            type: "file",
            path: name,
            size: flipped.length,
            oid: "0",
            lfs: {
              oid: createHash("sha256").update(files[name]!).digest("hex"),
              size: flipped.length,
              pointerSize: 130,
            },
          }])
          : undefined,
    );
    await assert.rejects(pull(folder, liar), {
      name: "RangeError",
      message: /SHA-256 must be/,
    });
    await assert.rejects(Deno.stat(`${folder}/${name}`));
  }
  {
    await using server = serveHub({ "config.json": files["config.json"]! });
    await assert.rejects(pull(folder, server), /no \.safetensors weights/);
    await assert.rejects(
      pullModel("owner/other", folder, { endpoint: server.url }).next(),
      /has no such model, or it is private/,
    );
  }
  await assert.rejects(
    pullModel(ID, folder, { endpoint: deadAddress(), retries: 0 })
      .next(),
    { name: "RangeError", message: /can't be reached \(.*\); set HF_ENDPOINT/ },
  );
});

/** `tdro model pull` from a hub that HF_ENDPOINT names. */
async function pullCommand(server: FileServer, folder: string) {
  const before = Deno.env.get("HF_ENDPOINT");
  Deno.env.set("HF_ENDPOINT", server.url);
  try {
    return await tdro("model", "pull", ID, "--out", folder);
  } finally {
    if (before === undefined) Deno.env.delete("HF_ENDPOINT");
    else Deno.env.set("HF_ENDPOINT", before);
  }
}

Deno.test("tdro model pull takes the mirror from HF_ENDPOINT", async () => {
  await using server = serveHub(await modelFiles());
  const folder = `${await Deno.makeTempDir()}/model`;
  const { code, out } = await pullCommand(server, folder);
  assert.equal(code, 0);
  assert.match(out, /a bert model with 0\.0 million parameters/);
});

Deno.test("tdro model pull says in one line what a hub lists wrongly", async () => {
  const path = "\u001b[2J/evil.json";
  await using server = serveHub(await modelFiles(), [{ path, size: 2 }]);
  const folder = `${await Deno.makeTempDir()}/model`;
  const { code, out, err } = await pullCommand(server, folder);
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(
    err,
    /^error: Cannot pull owner\/small-model: the hub lists a file with control characters in its name: "\\u001b\[2J\/evil\.json"; don't use this mirror\n$/,
  );
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
});
