import assert from "node:assert/strict";
import { readTextIfThere } from "../../../lib/base/files/read_text.ts";
import { inTempFolder } from "../../_temp_folder.ts";

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

Deno.test("text that isn't UTF-8 is refused with its line", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/a.json`;
    for (
      const [content, line, encoding] of [
        ["caf\xE9", 1, ""],
        ["one\ntwo\ncaf\xE9\nfour", 3, ""],
        ["one\ncut off: \xC3", 2, ""],
        // A character with a line end in its midst.
        ["one\n\xC3\n\xA9", 2, ""],
        ["\xFF\xFE{\0}\0", 1, " but UTF-16LE"],
        ["\xFE\xFF\0{\0}", 1, " but UTF-16BE"],
      ] as const
    ) {
      await Deno.writeFile(path, bytes(content));
      await assert.rejects(readTextIfThere(path), {
        name: "SyntaxError",
        message:
          `${path}:${line}: Cannot read the file: it isn't UTF-8${encoding}; convert the file to UTF-8`,
      });
    }
  }));

Deno.test("text comes as it is, U+FFFD and byte order mark included", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/a.txt`;
    await Deno.writeTextFile(path, "\uFEFFa\uFFFDb");
    assert.equal(await readTextIfThere(path), "\uFEFFa\uFFFDb");
    assert.equal(await readTextIfThere(`${folder}/b.txt`), undefined);
  }));

Deno.test("a log may break off within a character, and nowhere else", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/a.jsonl`;
    await Deno.writeFile(path, bytes("one\ncaf\xC3"));
    assert.equal(await readTextIfThere(path, { torn: true }), "one\ncaf");
    await Deno.writeFile(path, bytes("o\xC3e\ncaf\xC3"));
    await assert.rejects(readTextIfThere(path, { torn: true }), /a\.jsonl:1: /);
  }));

Deno.test("a file that is larger than a text can be is one line", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/a.json`;
    await Deno.writeTextFile(path, " ".repeat(100));
    await assert.rejects(readTextIfThere(path, { most: 99 }), {
      name: "RangeError",
      message: /^Cannot read .*a\.json: a file that is read at once may have/,
    });
    assert.equal((await readTextIfThere(path, { most: 100 }))!.length, 100);
  }));
