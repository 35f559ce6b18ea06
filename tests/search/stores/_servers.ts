/** Servers for tests of stores, out of PyPI, on this machine alone. */
import { join } from "node:path";
import { hasModules, started, type TestServer } from "../../_servers.ts";
import { tempFolder } from "../../_temp_folder.ts";

const PYTHON = Deno.env.get("TDRO_STORES_PYTHON") ??
  Deno.env.get("TDRO_PYTHON") ?? "python3";

/** Whether the stores' packages and servers must be there. */
export const STORES_REQUIRED = Deno.env.get("TDRO_REQUIRE_STORES") === "1";

/** Whether there is a Milvus to test with. */
export const hasMilvus = () => hasModules(PYTHON, "milvus_lite", "pymilvus");

/** Whether there is an S3 to test with. */
export const hasS3 = () => hasModules(PYTHON, "moto", "flask", "flask_cors");

/** Milvus, with a folder of its own. */
export async function milvusServer(): Promise<TestServer> {
  const folder = join(await tempFolder(), "milvus");
  return await started(
    PYTHON,
    (port) =>
      ["-m", "milvus_lite", "server", "--host", "127.0.0.1"]
        .concat(["--port", `${port}`, "--data-dir", folder]),
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
    PYTHON,
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
