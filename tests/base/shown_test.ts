import assert from "node:assert/strict";
import fc from "fast-check";
import { shown } from "../../lib/base/shown.ts";

Deno.test("shown() leaves nothing that a terminal acts on, and is short", () => {
  fc.assert(fc.property(
    fc.string({ unit: "binary", maxLength: 40 }),
    (text) => {
      const line = shown(text);
      assert.match(line, /^"[^\p{Cc}\p{Cf}\u2028\u2029]*"$/u);
    },
  ));
  assert.equal(shown("a/ü \u001b[31m"), '"a/ü \\u001b[31m"');
  assert.equal(shown("\u009b\u202e"), '"\\u{9b}\\u{202e}"');
  assert.equal(shown("x".repeat(201)), `"${"x".repeat(200)}…"`);
});
