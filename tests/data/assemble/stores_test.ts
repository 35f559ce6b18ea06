import assert from "node:assert/strict";
import fc from "fast-check";
import { hash96 } from "../../../lib/data/assemble/hash96.ts";
import { KeyIndex } from "../../../lib/data/assemble/key_index.ts";
import { Places } from "../../../lib/data/assemble/places.ts";
import { TextStore } from "../../../lib/data/assemble/text_store.ts";

Deno.test("hash96(): each third is as good as chance on texts alike", () => {
  const count = 100_000;
  const forms: ((i: number) => string)[] = [
    (i) => `${i}`,
    (i) => `question ${i}?`,
    (i) => "a".repeat(i % 300) + String.fromCharCode(97 + (i / 300 | 0)),
    (i) => `${i % 317}${"\u4e00".repeat(20)}${i / 317 | 0}`,
  ];
  // Of n texts, n² / 2^33 pairs share a third of 32 bits: 1.16, as good as Poisson.
  for (const form of forms) {
    const hashes = Array.from({ length: count }, (_, i) => hash96(form(i)));
    for (const part of [0, 1, 2] as const) {
      const shared = count - new Set(hashes.map((hash) => hash[part])).size;
      // 12 and more come by a chance of 10^-8.
      assert.ok(shared < 12, `${form(1)}, part ${part}: ${shared}`);
    }
  }
});

Deno.test("hash96(): parts are independent of each other", () => {
  // Bits that two parts share would be equal more, or less, often than half.
  const hashes = Array.from({ length: 20_000 }, (_, i) => hash96(`text ${i}`));
  for (const [p, q] of [[0, 1], [0, 2], [1, 2]] as const) {
    for (let bit = 0; bit < 32; bit++) {
      const same = hashes.filter((hash) =>
        (hash[p] >>> bit & 1) === (hash[q] >>> bit & 1)
      ).length;
      // Six standard deviations of 71.
      assert.ok(Math.abs(same - 10_000) < 430, `${p} ${q} ${bit}: ${same}`);
    }
  }
});

Deno.test("KeyIndex is a map, for keys of any kind", () => {
  const part = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());
  const key = fc.tuple(part, part, part);
  fc.assert(fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
    const index = new KeyIndex();
    const map = new Map<string, number>();
    keys.forEach((key, i) => {
      assert.equal(index.get(key), map.get(key.join()));
      index.set(key, i);
      map.set(key.join(), i);
    });
    for (const key of keys) {
      assert.equal(index.get(key), map.get(key.join()));
    }
    assert.equal(index.size, map.size);
  }));
});

Deno.test("Places gives back where things stand", () => {
  const places = new Places();
  const all = ["a.csv:1", "a.csv: row 20", "b2/c:999999999999", "row 7", "x"];
  const codes = all.map((where) => places.code(where));
  assert.deepEqual(codes.map((code) => places.where(code)), all);
});

/** What TextStore does, said with maps. */
function model() {
  const byId = new Map<string, string>();
  const byText = new Map<string, string>();
  return (whole: string, id: string | undefined): string | undefined => {
    let known = id ?? byText.get(whole);
    for (let n = byId.size + 1; known === undefined; n++) {
      if (!byId.has(`p${n}`)) known = `p${n}`;
    }
    if ((byId.get(known) ?? whole) !== whole) return undefined;
    byId.set(known, whole);
    if (!byText.has(whole)) byText.set(whole, known);
    return known;
  };
}

Deno.test("TextStore: equal texts are one, unless ids say otherwise", () => {
  const text = fc.constantFrom("a", "b", "c", "d");
  const id = fc.option(
    fc.oneof(fc.integer({ min: 1, max: 5 }).map((n) => `p${n}`), text),
    { nil: undefined },
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, id), { maxLength: 30 }),
      (items) => {
        const store = new TextStore("p");
        const wanted = model();
        items.forEach(([whole, id], place) => {
          const { index, clash } = store.add({ whole, id, place });
          const known = wanted(whole, id);
          assert.equal(clash === undefined, known !== undefined);
          if (known !== undefined) assert.equal(store.id(index), known);
          else assert.notEqual(items[clash!]![0], whole);
        });
      },
    ),
    { numRuns: 1000 },
  );
});
