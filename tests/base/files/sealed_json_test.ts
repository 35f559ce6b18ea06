import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { DamageError } from "../../../lib/base/files/checksums.ts";
import {
  readSealed,
  seal,
  unseal,
  writeSealed,
} from "../../../lib/base/files/sealed_json.ts";
import { tempFolder } from "../../_temp_folder.ts";

Deno.test("any JSON object is sealed and unsealed, through a file too", () => {
  fc.assert(fc.property(
    fc.dictionary(fc.string().filter((k) => k !== "sha256"), fc.jsonValue()),
    (value) => {
      const plain = JSON.parse(JSON.stringify(value));
      assert.deepEqual(unseal(seal(plain)), plain);
      const read = JSON.parse(JSON.stringify(seal(plain), null, 1));
      assert.deepEqual(unseal(read), plain);
      assert.equal(unseal({ ...seal(plain), more: 1 }), undefined);
    },
  ));
  // From a version that sealed nothing.
  assert.deepEqual(unseal({ a: 1 }), { a: 1 });
});

Deno.test("a changed byte of a sealed file is told", async () => {
  const path = `${await tempFolder()}/a.json`;
  const options = { schema: z.object({ a: z.number() }), mend: "remove it" };
  assert.equal(await readSealed(path, options), undefined);
  await writeSealed(path, { a: 10 });
  assert.deepEqual(await readSealed(path, options), { a: 10 });
  const text = await Deno.readTextFile(path);
  for (const damaged of [text.replace("10", "11"), text.slice(1), "7"]) {
    await Deno.writeTextFile(path, damaged);
    await assert.rejects(readSealed(path, options), (error) => {
      assert.ok(error instanceof DamageError);
      assert.ok(
        error.message.startsWith(`Cannot continue: ${path} is damaged (`),
      );
      assert.ok(error.message.endsWith("; remove it"));
      return true;
    });
  }
});
