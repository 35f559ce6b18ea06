import assert from "node:assert/strict";
import { precompiledNormalizer } from "../../../lib/model/tokenizer/parts/precompiled.ts";
import { readShared, withShared } from "../../_shared.ts";

/** A map with one trie node per byte, built by hand: a → "b", é → "e". */
function tinyMap(): string {
  // Units by index. The root's children start at 1 << 8 (its offset is 256, as
  // bit 9 is unset it is 256 itself); a child for byte c lies at 256 ^ c.
  const units = new Uint32Array(1024);
  units[0] = 256 << 10;
  const leaf = (parent: number, byte: number, value: number, base: number) => {
    const at = parent ^ byte;
    units[at] = byte | 0x100 | ((at ^ base) << 10);
    units[base] = (0x80000000 | value) >>> 0;
  };
  leaf(256, 0x61, 0, 512); // a
  const first = 256 ^ 0xc3; // é is C3 A9
  units[first] = 0xc3 | ((first ^ 768) << 10);
  leaf(768, 0xa9, 2, 600);
  const texts = new TextEncoder().encode("b\0e\0");
  const bytes = new Uint8Array(4 + units.byteLength + texts.length);
  new DataView(bytes.buffer).setUint32(0, units.byteLength, true);
  bytes.set(new Uint8Array(units.buffer), 4);
  bytes.set(texts, 4 + units.byteLength);
  return bytes.toBase64();
}

Deno.test("precompiledNormalizer() maps clusters by their start, else characters", () => {
  const normalize = precompiledNormalizer(tinyMap());
  assert.equal(normalize("aaxc"), "bbxc");
  assert.equal(normalize("é"), "e");
  // A cluster under 6 bytes becomes its start's replacement: the mark is lost.
  assert.equal(normalize("a\u0301x"), "bx");
  // A longer one is mapped character by character.
  assert.equal(normalize("a\u0301\u0302\u0303x"), "b\u0301\u0302\u0303x");
  assert.equal(normalize(""), "");
});

Deno.test("precompiledNormalizer() refuses a map that is cut off", () => {
  for (const map of ["", "AA==", "?", "AAEAAA=="]) {
    assert.throws(
      () => precompiledNormalizer(map),
      /precompiled_charsmap must/,
    );
  }
});

withShared("the map of XLM-R does what the fixtures' README tells", () => {
  const { normalizer } = readShared(
    "fixtures/models/checkpoints/xlmr-tiny/tokenizer.json",
  );
  const normalize = precompiledNormalizer(normalizer.precompiled_charsmap);
  assert.equal(normalize("e\u0323\u0302"), "\u1EB9");
  assert.equal(normalize("\uFF21\u0301"), "A");
  assert.equal(normalize("か\u3099"), "か\u3099");
  assert.equal(normalize("½"), "1\u20442");
  assert.equal(normalize("a\nb\u3000c\uFEFFd"), "a b c d");
  assert.equal(normalize("\u0001x\u007F"), "x");
  assert.equal(normalize("\u0085"), "\u0085");
});
