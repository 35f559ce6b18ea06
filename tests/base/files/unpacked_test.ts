import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { readUnpacked } from "../../../lib/base/files/unpacked.ts";
import { inTempFolder } from "../../_temp_folder.ts";

const PACK = {
  gzip: (part: Uint8Array) => gzipSync(part),
  zstd: (part: Uint8Array) => zstdCompressSync(part),
};

/** Parts of a file, some of them longer than what is read at once. */
const parts = fc.array(
  fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.integer({ min: 1, max: 200_000 }).map((n) => `${n} `.repeat(n >> 3)),
  ),
  { minLength: 1, maxLength: 4 },
);

for (const [form, pack] of Object.entries(PACK)) {
  Deno.test(`${form}: all members come, whatever the file is called`, () =>
    inTempFolder(async (folder) => {
      const name = fc.constantFrom("a", "a.txt", "a.GZ", "a.zst");
      await fc.assert(
        fc.asyncProperty(parts, name, async (texts, name) => {
          const packed = texts.map((text) => pack(Buffer.from(text)));
          await Deno.writeFile(`${folder}/${name}`, Buffer.concat(packed));
          assert.equal(await readUnpacked(`${folder}/${name}`), texts.join(""));
        }),
        { numRuns: 40 },
      );
    }));

  Deno.test(`${form} that is cut off anywhere is refused`, () =>
    inTempFolder(async (folder) => {
      const two = Buffer.concat([
        pack(Buffer.from("first")),
        pack(Buffer.from("second, which has more to say")),
      ]);
      const first = pack(Buffer.from("first")).length;
      const path = `${folder}/a`;
      for (let end = 4; end < two.length; end++) {
        await Deno.writeFile(path, two.subarray(0, end));
        if (end === first) assert.equal(await readUnpacked(path), "first");
        else await assert.rejects(readUnpacked(path), /Cannot unpack .*whole/);
      }
    }));
}

Deno.test("gzip: zeros behind and between members are padding, all else damage", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/a`;
    const member = (text: string) => gzipSync(Buffer.from(text));
    const zeros = (count: number) => Buffer.alloc(count);
    for (const count of [1, 511, 65_536, 200_000]) {
      await Deno.writeFile(
        path,
        Buffer.concat([member("a"), zeros(count), member("b"), zeros(count)]),
      );
      assert.equal(await readUnpacked(path), "ab", `${count} zeros`);
    }
    for (const rest of ["plain", "\0\0\0plain"]) {
      await Deno.writeFile(
        path,
        Buffer.concat([member("a"), Buffer.from(rest)]),
      );
      await assert.rejects(readUnpacked(path), {
        name: "SyntaxError",
        message:
          `Cannot unpack ${path}: incorrect header check; is the file whole, and gzip?`,
      });
    }
  }));

Deno.test("zstd: notes between frames are left out", () =>
  inTempFolder(async (folder) => {
    const note = Buffer.from([0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frame = zstdCompressSync(Buffer.from("text"));
    await Deno.writeFile(`${folder}/a`, Buffer.concat([note, frame, note]));
    assert.equal(await readUnpacked(`${folder}/a`), "text");
  }));

Deno.test("plain text is read whatever its name says", () =>
  inTempFolder(async (folder) => {
    for (const name of ["a.gz", "a.zst", "a.bz2"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "café\t日本\n".repeat(9));
      assert.equal(
        await readUnpacked(`${folder}/${name}`),
        "café\t日本\n".repeat(9),
      );
    }
    await Deno.writeTextFile(`${folder}/b.gz`, "");
    await assert.rejects(readUnpacked(`${folder}/b.gz`), /doesn't begin like/);
  }));

/** First bytes of files that programs wrote: bzip2, xz, lz4, zip, Excel 97. */
const OTHERS: [string, RegExp][] = [
  ["425a683931415926535962", /: it is bzip2; unpack it first \(bunzip2\)$/],
  ["425a683917724538509000", /: it is bzip2;/],
  ["fd377a585a000004", /: it is xz; unpack it first \(unxz\)$/],
  ["04224d186440a7", /: it is LZ4;/],
  ["504b030414000600", /: it is a zip archive, or .*save the sheet as CSV/],
  ["d0cf11e0a1b11ae1", /: it is an Excel or Word file of old; save the sheet/],
];

Deno.test("what can't be unpacked is refused by its name", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/a.jsonl`;
    for (const [hex, message] of OTHERS) {
      await Deno.writeFile(path, Buffer.from(hex, "hex"));
      await assert.rejects(readUnpacked(path), {
        name: "SyntaxError",
        message,
      });
    }
    await Deno.writeTextFile(path, "BZh9 is how bzip2 begins");
    assert.equal(await readUnpacked(path), "BZh9 is how bzip2 begins");
  }));

Deno.test("a text that is larger than a text can be is one line", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/a.gz`;
    await Deno.writeFile(path, gzipSync(Buffer.alloc(1 << 22, 32)));
    await assert.rejects(readUnpacked(path, { most: 1 << 21 }), {
      name: "RangeError",
      message:
        `Cannot read ${path}: a file that is read at once may have 2 MiB; cut it into smaller ones`,
    });
  }));
