/** A request, as it came. */
export interface RawRequest {
  /** Path and query. */
  path: string;
  /** Headers, by their names in small letters. */
  headers: Record<string, string>;
}

/** What a server sends, byte for byte. */
export interface RawReply {
  /** @default {200} */
  status?: number;
  /** Headers; the length of the body is not among them unless given. */
  headers?: Record<string, string>;
  /** The body, or pieces of one without an end. */
  body?: string | Uint8Array | Iterable<Uint8Array>;
  /** Instead of status and headers. */
  head?: string;
  /** Whether the connection then stays open, silent. @default {false} */
  stalls?: boolean;
}

/** A server that says what no proper one does. */
export interface RawServer extends AsyncDisposable {
  /** Address, without a slash at the end. */
  url: string;
  /** All requests so far. */
  requests: RawRequest[];
}

/** Serves replies on a free local port, one a connection. */
export function serveRaw(
  reply: (request: RawRequest) => RawReply,
): RawServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: RawRequest[] = [];
  const open = new Set<Deno.Conn>();
  const serve = async (connection: Deno.Conn) => {
    open.add(connection);
    try {
      const request = await readRequest(connection);
      if (!request) return;
      requests.push(request);
      const answer = reply(request);
      await send(connection, answer);
      // Until the other side has had enough.
      if (answer.stalls) await connection.read(new Uint8Array(1));
    } catch {
      // The other side hung up, which is its right.
    } finally {
      open.delete(connection);
      try {
        connection.close();
      } catch { /* closed with the server */ }
    }
  };
  const work = (async () => {
    const served: Promise<void>[] = [];
    for await (const connection of listener) served.push(serve(connection));
    await Promise.all(served);
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) connection.close();
      open.clear();
      await work;
    },
  };
}

async function readRequest(
  connection: Deno.Conn,
): Promise<RawRequest | undefined> {
  const buffer = new Uint8Array(1 << 14);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) return undefined;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const [first = "", ...lines] = text.split("\r\n");
  const headers = lines.filter(Boolean).map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { path: first.split(" ")[1]!, headers: Object.fromEntries(headers) };
}

async function send(
  connection: Deno.Conn,
  { status = 200, headers = {}, body = "", head }: RawReply,
): Promise<void> {
  const lines = Object.entries({ ...headers, connection: "close" })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  await write(
    connection,
    bytesOf(head ?? `HTTP/1.1 ${status} x\r\n${lines.join("")}\r\n`),
  );
  const pieces = typeof body === "string" || body instanceof Uint8Array
    ? [bytesOf(body)]
    : body;
  for (const piece of pieces) await write(connection, piece);
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at));
  }
}

/** Text as its characters' codes, so that a header can hold any byte. */
function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string"
    ? Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    : text;
}
