import { createHash } from "node:crypto";
import type { RawReply, RawRequest } from "./_raw_server.ts";

/** Name of the model that the hub has. */
export const ID = "owner/model";

/** Commit that its branch `main` is at. */
export const COMMIT = "c0ffee".padEnd(40, "0");

/** A file in git, and one in git's store for large ones. */
export const CONFIG = new TextEncoder().encode('{"model_type":"bert"}\n');
export const WEIGHTS = Uint8Array.from(
  { length: 40_000 },
  (_, i) => (i * i * 31 + i) >> 3,
);

/** The model's files. */
export const FILES: Readonly<Record<string, Uint8Array>> = {
  "config.json": CONFIG,
  "model.safetensors": WEIGHTS,
};

const sha = (kind: string, ...parts: (string | Uint8Array)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash(kind))
    .digest("hex");

/** How the hub lists a file. */
export type Listed = Record<string, unknown>;

/** A file as git has it. */
export function plain(path: string, bytes: Uint8Array): Listed {
  const oid = sha("sha1", `blob ${bytes.length}\0`, bytes);
  return { type: "file", path, size: bytes.length, oid };
}

/** A file as the store for large ones has it. */
export function large(path: string, bytes: Uint8Array): Listed {
  const lfs = { oid: sha("sha256", bytes), size: bytes.length, pointerSize: 9 };
  return { ...plain(path, bytes), oid: "1".repeat(40), lfs };
}

/** What a good hub lists. */
export const LIST: readonly Listed[] = [
  plain("config.json", CONFIG),
  large("model.safetensors", WEIGHTS),
];

/** JSON as a server sends it. */
export function json(value: unknown, headers = {}): RawReply {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return { headers: { ...headers, "content-length": `${body.length}` }, body };
}

/** Bytes of a file, the part of them that is asked for. */
export function bytesFor(
  { headers }: RawRequest,
  bytes: Uint8Array,
  more: Record<string, string> = {},
): RawReply {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
  const etag = `"${sha("sha1", bytes)}"`;
  const partial = from !== undefined && (headers["if-range"] ?? etag) === etag;
  const start = partial ? Number(from) : 0;
  const end = partial && to ? Number(to) + 1 : bytes.length;
  const range = {
    "content-range": `bytes ${start}-${end - 1}/${bytes.length}`,
  };
  return {
    status: partial ? 206 : 200,
    headers: {
      "content-length": `${end - start}`,
      etag,
      ...(partial ? range : {}),
      ...more,
    },
    body: bytes.subarray(start, end),
  };
}

/** What a request is for. */
export function aimOf({ path }: RawRequest): "commit" | "list" | string {
  const { pathname } = new URL(path, "http://hub");
  if (pathname.startsWith(`/api/models/${ID}/revision/`)) return "commit";
  if (pathname.startsWith(`/api/models/${ID}/tree/`)) return "list";
  return pathname.split("/").at(-1)!;
}

/** A hub as it should be. */
export function goodReply(request: RawRequest): RawReply {
  const aim = aimOf(request);
  if (aim === "commit") return json({ sha: COMMIT });
  if (aim === "list") return json(LIST);
  const bytes = FILES[aim];
  return bytes ? bytesFor(request, bytes) : { status: 404 };
}
