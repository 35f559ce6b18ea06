import assert from "node:assert/strict";
import {
  accessProblem,
  hubConnection,
  hubError,
  type HubRepo,
} from "../../../lib/base/web/hub_connection.ts";
import { WebFault } from "../../../lib/base/web/web_fault.ts";

const repo: HubRepo = { type: "model", id: "owner/name", revision: "main" };

Deno.test("hubConnection() takes a token as it stands in a file", () => {
  const endpoint = "https://mirror.example/hub//";
  const { secret, ...rest } = hubConnection(repo, {
    endpoint,
    token: " hf_x\r\n",
  });
  assert.deepEqual(secret, { authorization: "Bearer hf_x" });
  assert.equal(rest.endpoint, "https://mirror.example/hub");
  assert.equal(hubConnection(repo, { endpoint, token: "" }).secret, undefined);
});

Deno.test("hubConnection() refuses a token or an address that is none, and shows no token", () => {
  const endpoint = "https://mirror.example";
  for (const token of ["hf_x y", "hf_x\r\nHost: evil", "hf_é", "hf_\u0000"]) {
    assert.throws(() => hubConnection(repo, { endpoint, token }), (error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, /^Cannot pull owner\/name: HF_TOKEN must be/);
      assert.doesNotMatch(error.message, /hf_/);
      return true;
    });
  }
  for (const wrong of ["mirror.example", "file:///x", "\u001b[2J", "http://"]) {
    assert.throws(() => hubConnection(repo, { endpoint: wrong }), (error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, /HF_ENDPOINT must be an address like https:/);
      assert.doesNotMatch(error.message, /\p{Cc}/u);
      return true;
    });
  }
});

Deno.test("hubError() keeps a password in the address to itself", () => {
  const hub = hubConnection(repo, { endpoint: "https://me:secret@mirror" });
  for (
    const fault of [
      new WebFault("the server sent nothing", { passing: true }),
      ...[401, 403, 404, 500].map((status) =>
        new WebFault("the server answers", { status })
      ),
    ]
  ) {
    const error = hubError(fault, repo, hub) as Error;
    assert.equal(error.name, "RangeError");
    assert.match(error.message, /^Cannot pull owner\/name: https:\/\/mirror /);
  }
});

Deno.test("accessProblem() says what lets one in", () => {
  const said = (status: number, type: HubRepo["type"], token?: string) =>
    accessProblem(
      new WebFault("", { status }),
      type,
      hubConnection(repo, { endpoint: "https://huggingface.co", token }),
    );
  assert.equal(
    said(401, "dataset", ""),
    "the hub has no such data set, or it is private or gated; check the name, or set HF_TOKEN",
  );
  assert.equal(said(404, "model", "hf_x"), said(401, "model", ""));
  assert.match(said(401, "model", "hf_x")!, /doesn't accept the token/);
  assert.match(
    said(403, "dataset")!,
    /accept the data set's terms on its page/,
  );
  assert.equal(said(500, "model"), undefined);
});
