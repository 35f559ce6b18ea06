import { createHash } from "node:crypto";
import { type FileServer, serveFiles } from "../data/_file_server.ts";
import { gitBlob } from "../data/_hub.ts";

/**
 * A hub on a free local port.
 *
 * @param repos Files by path in each repository, by `models/<id>` or
 * `datasets/<id>`.
 */
export function serveHub(
  repos: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>,
): FileServer {
  const served = Object.entries(repos).flatMap(([repo, files]) =>
    Object.entries(files).map(([path, bytes]) =>
      [
        `/${repo.replace(/^models\//, "")}/resolve/main/${path}`,
        bytes,
      ] as const
    )
  );
  return serveFiles(Object.fromEntries(served), (_, { pathname }) => {
    if (!pathname.startsWith("/api/")) return undefined;
    const files = repos[pathname.slice("/api/".length, -"/tree/main".length)];
    return files && pathname.endsWith("/tree/main")
      ? Response.json(Object.entries(files).map(entry))
      : Response.json({ error: "Repository not found" }, { status: 404 });
  });
}

/** A file as the hub lists it; large ones are known by their SHA-256. */
function entry([path, bytes]: [string, Uint8Array]) {
  const size = bytes.length;
  const oid = createHash("sha256").update(bytes).digest("hex");
  const lfs = /\.(gz|safetensors)$/.test(path)
    ? { oid, size, pointerSize: 130 }
    : undefined;
  return { type: "file", path, size, oid: gitBlob(bytes), lfs };
}
