import { loadPackage } from "../../base/load_package.ts";
import { reasonOf } from "./one_line.ts";

/** The client of Milvus; from 2.6.12 on it brings a client of S3, 50 MB more. */
export const MILVUS_PACKAGE = "npm:@zilliz/milvus2-sdk-node@2.6.11";

/** Time to connect in ms; a server that is there answers at once. */
const TO_CONNECT = 10_000;

/** Time for one request in ms; an index of millions of vectors takes minutes. */
const TO_ANSWER = 3_600_000;

/** An answer of Milvus: errors are in it. */
// deno-lint-ignore no-explicit-any
type Answer = any;

/** A connection to a server of Milvus. */
export interface MilvusClient {
  /**
   * Sends a request, and waits for what it is answered.
   *
   * @throws {RangeError} If the server refuses it or is gone, in one line.
   */
  call(method: string, request: Record<string, unknown>): Promise<Answer>;
  /** Ends the connection. */
  close(): Promise<void>;
}

/**
 * Connects to a server of Milvus. A token, or `user:password`, is taken from
 * `MILVUS_TOKEN`.
 *
 * @param address `http://host:port`, or `https://…`; a path is the database's name.
 * @throws {RangeError} If the address is none, or no server of Milvus is there.
 */
export async function openMilvus(address: string): Promise<MilvusClient> {
  const { protocol, host, hostname, database } = readAddress(address);
  const token = Deno.env.get("MILVUS_TOKEN");
  if (token && protocol === "http:" && !isLocal(hostname)) {
    throw new RangeError(
      "Cannot open the store: MILVUS_TOKEN goes over https or to this machine alone: got an address of http; use https://…, or unset it",
    );
  }
  const sdk = await loadPackage(MILVUS_PACKAGE, "the client of Milvus");
  const { MilvusClient } = sdk.default ?? sdk;
  const client = new MilvusClient({
    address: `${protocol}//${host}`,
    timeout: TO_CONNECT,
    maxRetries: 0, // what is repeated is up to whoever asks
    logLevel: "error",
    ...(token && { token }),
    ...(database && { database }),
    channelOptions: {
      // While passages are encoded nothing is asked for minutes: the client's pings
      // would be taken for an attack, and the server would end the connection.
      "grpc.keepalive_time_ms": 2 ** 31 - 1,
      "grpc.keepalive_permit_without_calls": 0,
      // What runs on this machine isn't reached through a proxy.
      ...isLocal(hostname) && { "grpc.enable_http_proxy": 0 },
    },
  });
  try {
    await client.connectPromise;
    // Another server's answer looks like one of an old Milvus.
    const { isHealthy } = await client.checkHealth() ?? {};
    if (!isHealthy) throw new Error("what answers isn't Milvus, or isn't well");
  } catch (error) {
    await client.closeConnection();
    throw new RangeError(
      `Cannot open the store: a server of Milvus must answer at the address: ${
        whyOf(error)
      }; start it, or see MILVUS_TOKEN in docs/environment.md`,
    );
  }
  client.timeout = TO_ANSWER;
  return {
    async call(method, request) {
      let answer: Answer;
      try {
        answer = await client[method](request);
      } catch (error) {
        throw refused(method, whyOf(error));
      }
      const status = answer?.status ?? answer;
      if (status?.error_code === "Success" && !status.code) return answer;
      const why = status?.reason || status?.error_code || "no answer";
      throw refused(method, reasonOf(why));
    },
    close: async () => void await client.closeConnection(),
  };
}

/** What gRPC says, without the numbers and steps around it. */
function whyOf(error: unknown): string {
  return reasonOf(error).replace(/^\d+ [A-Z_]+: /, "")
    .replace(/ Resolution note:.*/, "").replace(/.*Last error: (Error: )?/, "")
    .replace(/\.$/, "");
}

function refused(method: string, why: string): RangeError {
  return new RangeError(`Cannot use the store: Milvus' ${method}: ${why}`);
}

function readAddress(address: string) {
  const url = URL.parse(address);
  const database = url?.pathname.slice(1) ?? "";
  const plain = url && /^https?:$/.test(url.protocol) && url.hostname !== "" &&
    url.search === "" && url.hash === "" && /^\w*$/.test(database);
  if (!plain) {
    throw new RangeError(
      "Cannot open the store: Milvus' address must be as http://127.0.0.1:19530, or https://…, perhaps with a database's name as path: got another",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new RangeError(
      "Cannot open the store: Milvus' address must hold no password; put user:password into MILVUS_TOKEN",
    );
  }
  const { protocol, hostname } = url;
  const port = url.port || (protocol === "https:" ? "443" : "19530");
  return { protocol, hostname, host: `${hostname}:${port}`, database };
}

function isLocal(hostname: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}
