/**
 * A stand-in for the JSR registry on this machine, for machines that can't reach
 * JSR and so that nothing is published by accident: `deno publish` uploads to
 * it, and projects with `JSR_URL` in their environment import from it.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ROOT } from "../_paths.ts";
import { readTar } from "./_read_tar.ts";

/** One version of a package: files by path (`/mod.ts`), and entry points. */
interface Published {
  version: string;
  files: Map<string, Uint8Array<ArrayBuffer>>;
  exports: Record<string, string>;
}

/** A running registry. */
export interface JsrRegistry extends AsyncDisposable {
  /** What `JSR_URL` must be. */
  url: string;
  /** Packages by name, e.g. `"@tdro/tdro"`. */
  packages: Map<string, Published>;
}

/** Content types as JSR serves them. */
const TYPES: Record<string, string> = {
  ts: "text/typescript",
  js: "text/javascript",
  json: "application/json",
};

/** Days since the versions here came out; projects may want them of some age. */
const AGE = 400;

/** Starts a registry that has the stand-in of `@std/cli` and takes uploads. */
export async function startRegistry(): Promise<JsrRegistry> {
  const packages = new Map<string, Published>();
  packages.set("@std/cli", await readStandIn(join(ROOT, "lib/_std_cli")));
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      return pathname.startsWith("/api/")
        ? await answerUpload(request, pathname, packages)
        : serve(pathname, packages);
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    packages,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The part of the registry's interface that `deno publish` asks for. */
async function answerUpload(
  request: Request,
  pathname: string,
  packages: Map<string, Published>,
): Promise<Response> {
  if (pathname.startsWith("/api/publish_status/")) {
    return Response.json({ id: "1", status: "success", error: null });
  }
  const [, scope, name, version] =
    /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)(?:\/versions\/([^/]+))?$/
      .exec(pathname) ?? [];
  if (scope === undefined || name === undefined) return notFound();
  if (request.method !== "POST") {
    return version === undefined
      ? Response.json({ scope, name, latestVersion: null })
      : notFound(); // This version is free.
  }
  const config = new URL(request.url).searchParams.get("config")!;
  const zipped = request.body!.pipeThrough(new DecompressionStream("gzip"));
  const files = readTar(await new Response(zipped).bytes());
  const text = new TextDecoder().decode(files.get(config));
  packages.set(`@${scope}/${name}`, {
    version: version!,
    files,
    exports: JSON.parse(text).exports,
  });
  return Response.json({ id: "1", status: "success", error: null });
}

/** The part of the registry that Deno imports from. */
function serve(
  pathname: string,
  packages: Map<string, Published>,
): Response {
  const [, name, rest] = /^\/(@[^/]+\/[^/]+)\/(.+)$/.exec(pathname) ?? [];
  const found = packages.get(name ?? "");
  if (found === undefined || rest === undefined) return notFound();
  const { version, files, exports } = found;
  if (rest === "meta.json") {
    const createdAt = new Date(Date.now() - AGE * 86_400_000).toISOString();
    return Response.json({
      latest: version,
      versions: { [version]: { createdAt } },
    });
  }
  if (rest === `${version}_meta.json`) {
    const manifest = Object.fromEntries(
      [...files].map(([path, bytes]) => [path, {
        size: bytes.length,
        checksum: `sha256-${createHash("sha256").update(bytes).digest("hex")}`,
      }]),
    );
    return Response.json({ manifest, exports });
  }
  const path = rest.startsWith(`${version}/`) && rest.slice(version.length);
  const bytes = path ? files.get(decodeURI(path)) : undefined;
  if (bytes === undefined) return notFound();
  const type = TYPES[rest.split(".").at(-1)!] ?? "text/plain";
  return new Response(bytes, { headers: { "content-type": type } });
}

function notFound(): Response {
  return Response.json({ code: "notFound", message: "Not found" }, {
    status: 404,
  });
}

/** A package as it lies in a folder. */
async function readStandIn(folder: string): Promise<Published> {
  const read = (name: string) => Deno.readFile(join(folder, name));
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const { name } of Deno.readDir(folder)) {
    files.set(`/${name}`, await read(name));
  }
  const text = new TextDecoder().decode(files.get("/deno.json"));
  const { version, exports } = JSON.parse(text);
  return { version, exports, files };
}

/**
 * Publishes this checkout to a registry by the real `deno publish`, which
 * chooses the files and rewrites the imports.
 *
 * @returns Names of the files that a dry run lists, sorted.
 */
export async function publish(registry: JsrRegistry): Promise<string[]> {
  const deno = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["publish", "--allow-dirty", "--no-check", ...args],
      cwd: ROOT,
      env: { JSR_URL: registry.url, NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stderr);
    assert.ok(success, text);
    return text;
  };
  const listed = await deno("--dry-run");
  await deno("--no-provenance", "--token", "none");
  const root = `${new URL(`file://${ROOT}`)}`;
  return [...listed.matchAll(/^ +(file:\S+) \(/gm)]
    .map(([, url]) => decodeURI(url!.slice(root.length - 1))).sort();
}
