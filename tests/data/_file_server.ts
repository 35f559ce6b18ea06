import { createHash } from "node:crypto";

/** A server of bytes by path, with ranges, tags and faults. */
export interface FileServer extends AsyncDisposable {
  /** Address, without a slash at the end. */
  url: string;
  /** Method, path and `Range` of each request. */
  requests: string[];
  /** Bytes after which the next answers break off; one a request. */
  cuts: number[];
}

/** What a route answers beyond plain files. */
export type Handler = (request: Request, url: URL) => Response | undefined;

/** Serves files on a free local port. */
export function serveFiles(
  files: Record<string, Uint8Array | string>,
  handler?: Handler,
): FileServer {
  const requests: string[] = [];
  const cuts: number[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const url = new URL(request.url);
      const range = request.headers.get("range");
      requests.push(`${request.method} ${url.pathname} ${range ?? ""}`.trim());
      const answer = handler?.(request, url);
      if (answer) return answer;
      const content = files[decodeURIComponent(url.pathname)];
      if (content === undefined) return new Response("no", { status: 404 });
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      const etag = `"${createHash("sha1").update(bytes).digest("hex")}"`;
      const ifRange = request.headers.get("if-range");
      const from = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
      const partial = from && (!ifRange || ifRange === etag);
      const start = partial ? Number(from[1]) : 0;
      const end = partial && from[2] ? Number(from[2]) + 1 : bytes.length;
      if (start >= bytes.length && partial) {
        return new Response(null, { status: 416 });
      }
      const part = bytes.subarray(start, end);
      const cut = range === "bytes=0-0" ? undefined : cuts.shift();
      const body = cut === undefined ? part.slice() : broken(part, cut);
      const headers = new Headers({ etag, "content-length": `${part.length}` });
      if (partial) {
        headers.set(
          "content-range",
          `bytes ${start}-${end - 1}/${bytes.length}`,
        );
      }
      return new Response(body, { status: partial ? 206 : 200, headers });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    cuts,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function broken(bytes: Uint8Array, cut: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes.slice(0, cut));
      // Lets what was sent arrive before the connection breaks.
      await new Promise((resume) => setTimeout(resume, 20));
      controller.close(); // short of what content-length promised
    },
  });
}

/** An address that nobody answers at. (Deno doesn't even ask some ports, as 1.) */
export function deadAddress(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return `http://127.0.0.1:${listener.addr.port}`;
}
