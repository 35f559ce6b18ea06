import assert from "node:assert/strict";
import { askJson } from "../../../lib/base/web/ask_json.ts";
import { serveRaw } from "./_raw_server.ts";

Deno.test("askJson() takes an answer of the most bytes, and not one more", async () => {
  await using server = serveRaw(() => ({ body: `"${"e".repeat(9)}"` }));
  const { value, bytes } = await askJson(server.url, { maxBytes: 11 });
  assert.equal(value, "e".repeat(9));
  assert.equal(bytes, 11);
  await assert.rejects(askJson(server.url, { maxBytes: 10 }), {
    name: "Error",
    message: "the server answers more than 0 MiB",
  });
});

Deno.test("askJson() takes no answer that isn't UTF-8", async () => {
  // As its characters' codes, each é is one byte.
  await using server = serveRaw(() => ({ body: '"café"' }));
  await assert.rejects(askJson(server.url, { maxBytes: 100 }), {
    message: "the server answers something that isn't UTF-8",
  });
});

Deno.test("askJson() stops reading what has no end", async () => {
  const piece = new Uint8Array(1 << 16);
  await using server = serveRaw(() => ({
    body: (function* () {
      for (;;) yield piece;
    })(),
  }));
  await assert.rejects(askJson(server.url, { maxBytes: 3 << 20 }), {
    message: "the server answers more than 3 MiB",
  });
});
