import { createHash } from "node:crypto";
import { gitBlob } from "../../data/_hub.ts";

/** A hub that models can be pushed to, and pulled from again. */
export interface WritableHub extends AsyncDisposable {
  /** Address, without a slash at the end. */
  url: string;
  /** Each repository's files by path, by its name. */
  repos: Map<string, Map<string, Uint8Array>>;
  /** Who sees the repositories that were made. */
  visibility: Map<string, string>;
  /** Method and path of each request, and whether the token came along. */
  requests: string[];
  /** Commits made. */
  commits: number;
}

/** What a request gets instead of the right answer. */
export type Fault = (request: Request, url: URL) => Response | undefined;

/** The token that may write. */
export const TOKEN = "hf_writer";

const sha256 = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

const refused = (status: number, error: string) =>
  Response.json({ error }, { status });

/** Serves a hub on a free local port; `fault` may spoil its answers. */
export function serveWritableHub(fault: Fault = () => undefined): WritableHub {
  const repos: WritableHub["repos"] = new Map();
  const store = new Map<string, Uint8Array>();
  const hub = {
    repos,
    visibility: new Map<string, string>(),
    requests: [] as string[],
    commits: 0,
  };

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const given = request.headers.get("authorization");
    const line = `${request.method} ${url.pathname}`;
    hub.requests.push(given ? `${line} with token` : line);
    const spoiled = fault(request, url);
    if (spoiled) return spoiled;
    const [, oid] = /^\/store\/(\w+)$/.exec(url.pathname) ?? [];
    // The store of large files is another server in truth: no token, a signed address.
    if (oid !== undefined) {
      const bytes = await request.bytes();
      if (sha256(bytes) !== oid) return refused(400, "wrong hash");
      store.set(oid, bytes);
      return new Response(null);
    }
    if (given !== `Bearer ${TOKEN}`) return refused(401, "Unauthorized");
    if (url.pathname === "/api/repos/create") {
      const { name, organization, visibility } = await request.json();
      const id = `${organization}/${name}`;
      if (repos.has(id)) return refused(409, "You already created this");
      repos.set(id, new Map([[".gitattributes", new Uint8Array()]]));
      hub.visibility.set(id, visibility);
      return Response.json({ url: `${url.origin}/${id}`, id });
    }
    const [, id, what] = /^\/(?:api\/models\/)?([^/]+\/[^/]+?)(?:\.git)?\/(.*)$/
      .exec(url.pathname) ?? [];
    const files = repos.get(id ?? "");
    if (!files) return refused(404, "Repository not found");
    if (what === "tree/main") return Response.json([...files].map(listed));
    if (what === "preupload/main") {
      const { files: asked } = await request.json();
      return Response.json({
        files: asked.map(({ path }: { path: string }) => ({
          path,
          uploadMode: isLarge(path) ? "lfs" : "regular",
          shouldIgnore: false,
        })),
      });
    }
    if (what === "info/lfs/objects/batch") {
      const { objects } = await request.json();
      return Response.json({
        transfer: "basic",
        objects: objects.map((object: { oid: string; size: number }) => ({
          ...object,
          actions: store.has(object.oid)
            ? undefined
            : { upload: { href: `${url.origin}/store/${object.oid}` } },
        })),
      });
    }
    if (what === "commit/main") return await commit(request, files);
    const [, path] = /^resolve\/main\/(.*)$/.exec(what ?? "") ?? [];
    const bytes = files.get(path ?? "");
    return bytes
      ? new Response(bytes.slice(), { headers: { etag: `"${sha256(bytes)}"` } })
      : refused(404, "no such revision");
  }

  async function commit(
    request: Request,
    files: Map<string, Uint8Array>,
  ): Promise<Response> {
    const lines = (await request.text()).split("\n").map((l) => JSON.parse(l));
    for (const { key, value } of lines) {
      if (key === "file") {
        files.set(
          value.path,
          Uint8Array.from(atob(value.content), (c) => c.charCodeAt(0)),
        );
      }
      if (key !== "lfsFile") continue;
      const bytes = store.get(value.oid);
      if (!bytes) return refused(400, "LFS object missing");
      files.set(value.path, bytes);
    }
    hub.commits++;
    return Response.json({
      commitOid: `${hub.commits}`.padStart(40, "c"),
      commitUrl: "",
    });
  }

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    answer,
  );
  return Object.assign(hub, {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

const isLarge = (path: string) => path.endsWith(".safetensors");

function listed([path, bytes]: [string, Uint8Array]) {
  const size = bytes.length;
  const lfs = isLarge(path)
    ? { oid: sha256(bytes), size, pointerSize: 130 }
    : undefined;
  return { type: "file", path, size, oid: gitBlob(bytes), lfs };
}
