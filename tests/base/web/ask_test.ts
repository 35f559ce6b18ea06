import assert from "node:assert/strict";
import { redirectTarget } from "../../../lib/base/web/ask.ts";

const target = (from: string, location: string) =>
  redirectTarget(
    new Response(null, { status: 302, headers: { location } }),
    new URL(from),
  ).href;

Deno.test("a redirect may lead to a safer place, not to a less safe one", () => {
  assert.equal(target("http://a/x/y", "https://b/"), "https://b/");
  assert.equal(target("https://a/x/y", "../z"), "https://a/z");
  assert.equal(target("https://a/x", "//b/z"), "https://b/z");
  assert.equal(target("http://a/x", "http://b/z"), "http://b/z");
  for (
    const location of [
      "http://a/x",
      "http://b/",
      "file:///etc/hostname",
      "data:text/plain,x",
      "blob:https://a/1",
      "javascript:1",
      "https://me@b/",
      "https://:secret@b/",
    ]
  ) {
    assert.throws(() => target("https://a/x", location), {
      message:
        /^the server redirects to "[^?]*"( with a user's name)?, where files aren't fetched from$/,
    }, location);
  }
});
