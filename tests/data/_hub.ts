import { createHash } from "node:crypto";
import { type FileServer, serveFiles } from "./_file_server.ts";

/** Commit that the hub below tells. */
export const COMMIT = "c0ffee".padEnd(40, "0");

/** The id that git gives a content. */
export function gitBlob(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes)
    .digest("hex");
}

/** A hub that has data sets, in the form of the real one's answers. */
export function serveDatasets(
  datasets: Record<string, Record<string, Uint8Array>>,
  { tellCommit = true, wrongHash = "" } = {},
): FileServer {
  const revision = tellCommit ? COMMIT : "main";
  const served: Record<string, Uint8Array> = {};
  for (const [id, files] of Object.entries(datasets)) {
    for (const [path, bytes] of Object.entries(files)) {
      served[`/datasets/${id}/resolve/${revision}/${path}`] = bytes;
    }
  }
  return serveFiles(served, (_, url) => {
    if (!url.pathname.startsWith("/api/")) return undefined;
    const [, id, what] = /^\/api\/datasets\/([^/]+\/[^/]+)\/(.*)$/
      .exec(url.pathname) ?? [];
    const files = datasets[id ?? ""];
    if (!files) {
      return Response.json({ error: "Repository not found" }, { status: 404 });
    }
    if (what === "revision/main" && tellCommit) {
      return Response.json({ _id: "1", id, sha: COMMIT, lastModified: 0 });
    }
    if (what !== `tree/${revision}`) {
      return Response.json({ error: "no such revision" }, { status: 404 });
    }
    return Response.json(
      Object.entries(files).map(([path, bytes]) => ({
        type: "file",
        path,
        size: bytes.length,
        oid: gitBlob(bytes),
        lfs: /\.(gz|parquet)$/.test(path)
          ? {
            oid: createHash("sha256").update(bytes)
              .update(path === wrongHash ? "x" : "").digest("hex"),
            size: bytes.length,
            pointerSize: 130,
          }
          : undefined,
      })),
    );
  });
}
