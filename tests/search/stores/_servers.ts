/** Servers for tests of stores, out of PyPI, on this machine alone. */
import { join } from "node:path";
import { tempFolder } from "../../_temp_folder.ts";

const PYTHON = Deno.env.get("TDRO_STORES_PYTHON") ??
  Deno.env.get("TDRO_PYTHON") ?? "python3";

/** Whether the stores' packages and servers must be there. */
export const STORES_REQUIRED = Deno.env.get("TDRO_REQUIRE_STORES") === "1";

/** A server that is running. */
export interface TestServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  address: string;
}

/** Whether Python has these modules. */
export async function hasModules(...names: string[]): Promise<boolean> {
  const code =
    "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))";
  try {
    const args = ["-c", code, ...names];
    return (await new Deno.Command(PYTHON, { args }).output()).success;
  } catch {
    return false;
  }
}

/** Whether there is a Milvus to test with. */
export const hasMilvus = () => hasModules("milvus_lite", "pymilvus");

/** Whether there is an S3 to test with. */
export const hasS3 = () => hasModules("moto", "flask", "flask_cors");

/** Milvus, with a folder of its own. */
export async function milvusServer(): Promise<TestServer> {
  const folder = join(await tempFolder(), "milvus");
  return await started((port) =>
    ["-m", "milvus_lite", "server", "--host", "127.0.0.1"]
      .concat(["--port", `${port}`, "--data-dir", folder])
  );
}

/** An object store, and what a client of it needs in its environment. */
export interface TestObjectStore extends TestServer {
  /** Variables of Amazon's tools. */
  env: Record<string, string>;
}

/** Amazon's object store, with a bucket; it compares keys. */
export async function s3Server(bucket: string): Promise<TestObjectStore> {
  const server = await started(
    (port) => ["-m", "moto.server", "-H", "127.0.0.1", "-p", `${port}`],
    // The four requests that follow need no key, all others do.
    { INITIAL_NO_AUTH_ACTION_COUNT: "4" },
  );
  const { address } = server;
  const made = await fetch(`${address}/${bucket}`, { method: "PUT" });
  await made.body?.cancel();
  const user = { UserName: "tester" };
  await iam(address, { Action: "CreateUser", ...user });
  const answer = await iam(address, { Action: "CreateAccessKey", ...user });
  const Statement = [{ Effect: "Allow", Action: "s3:*", Resource: "*" }];
  await iam(address, {
    Action: "PutUserPolicy",
    ...user,
    PolicyName: "all",
    PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }),
  });
  const said = (name: string) =>
    new RegExp(`<${name}>([^<]+)<`).exec(answer)![1]!;
  const env = {
    AWS_ENDPOINT_URL: address,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: said("AccessKeyId"),
    AWS_SECRET_ACCESS_KEY: said("SecretAccessKey"),
  };
  return { ...server, env };
}

async function iam(
  address: string,
  request: Record<string, string>,
): Promise<string> {
  const body = new URLSearchParams({ Version: "2010-05-08", ...request });
  // Which service is meant stands in the signature, which isn't compared yet.
  const scope = "none/20260101/us-east-1/iam/aws4_request";
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
  const headers = { authorization };
  const answer = await fetch(address, { method: "POST", body, headers });
  return await answer.text();
}

async function started(
  args: (port: number) => string[],
  env: Record<string, string> = {},
): Promise<TestServer> {
  const port = freePort();
  const child = new Deno.Command(PYTHON, {
    args: args(port),
    env,
    stdout: "null",
    stderr: "null",
  }).spawn();
  let isOver = false;
  const over = child.status.then(() => isOver = true);
  const server = {
    address: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      if (!isOver) child.kill("SIGKILL");
      await over;
    },
  };
  for (let tries = 0; tries < 600 && !isOver; tries++) {
    if (await answers(port)) return server;
    await new Promise((done) => setTimeout(done, 100));
  }
  await server[Symbol.asyncDispose]();
  throw new Error(`no server: ${PYTHON} ${args(port).join(" ")}`);
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** A port that nobody has at the moment. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
