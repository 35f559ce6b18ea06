import assert from "node:assert/strict";
import fc from "fast-check";
import {
  hammingDistance,
  simhash,
  SimhashIndex,
} from "../../../lib/data/mod.ts";
import { readShared, withShared } from "../../_shared.ts";

interface Fixture {
  strings: { text: string; simhash_decimal: string }[];
  pairs_within_8_bits: {
    a: number;
    b: number;
    distance: number;
    duplicate_k2: boolean;
  }[];
  index: {
    k: number;
    test_set: number[];
    lookups: { query: number; near_duplicates: number[]; kept: boolean }[];
  };
  other_k: { k: number; n_queries_with_duplicate: number }[];
}

withShared("simhash() gives the values of the reference's library", () => {
  const { strings, pairs_within_8_bits: pairs }: Fixture = readShared(
    "fixtures/tdro/simhash.json",
  );
  const values = strings.map(({ text }) => simhash(text));
  strings.forEach(({ text, simhash_decimal }, i) => {
    assert.equal(`${values[i]}`, simhash_decimal, text);
  });
  for (const { a, b, distance } of pairs) {
    assert.equal(hammingDistance(values[a]!, values[b]!), distance);
  }
});

withShared("SimhashIndex finds what the reference's index finds", () => {
  const { strings, index, other_k }: Fixture = readShared(
    "fixtures/tdro/simhash.json",
  );
  const indexOf = (distance: number) => {
    const made = new SimhashIndex<number>({ distance });
    for (const i of index.test_set) made.add(strings[i]!.text, i);
    return made;
  };
  const found = indexOf(index.k);
  for (const { query, near_duplicates } of index.lookups) {
    assert.deepEqual(
      found.find(strings[query]!.text).map(({ item }) => item)
        .sort((a, b) => a - b),
      near_duplicates.toSorted((a, b) => a - b),
      strings[query]!.text,
    );
  }
  for (const { k, n_queries_with_duplicate: wanted } of other_k) {
    const other = indexOf(k);
    const hits = index.lookups.filter(({ query }) =>
      other.find(strings[query]!.text).length > 0
    );
    assert.equal(hits.length, wanted, `distance ${k}`);
  }
});

Deno.test("SimhashIndex finds all that a comparison of all finds", () => {
  // Few words, so that many texts are near one another.
  const text = fc.array(
    fc.constantFrom("harbour", "light", "keeper", "a", ""),
    {
      maxLength: 5,
    },
  ).map((words) => words.join(" "));
  fc.assert(fc.property(
    fc.array(text, { maxLength: 12 }),
    text,
    fc.integer({ min: 0, max: 63 }),
    (texts, query, distance) => {
      const index = new SimhashIndex<number>({ distance });
      texts.forEach((t, i) => index.add(t, i));
      const value = simhash(query);
      const wanted = texts.map((t, item) => ({
        item,
        distance: hammingDistance(value, simhash(t)),
      })).filter((match) => match.distance <= distance);
      const found = index.find(query);
      const byItem = found.toSorted((a, b) => a.item - b.item);
      assert.deepEqual(byItem, wanted);
      found.forEach(({ distance }, i) =>
        assert.ok(i === 0 || found[i - 1]!.distance <= distance)
      );
    },
  ));
});

Deno.test("simhash() sees neither case nor blanks nor punctuation", () => {
  const value = simhash("The harbour lighthouse");
  assert.equal(simhash(" the HARBOUR_light-house!"), value);
  assert.notEqual(simhash("The harbour lighthouses"), value);
  assert.equal(simhash("?!"), simhash(""));
});

Deno.test("SimhashIndex names a distance that it can't take", () => {
  for (const distance of [-1, 1.5, 64, NaN]) {
    assert.throws(() => new SimhashIndex({ distance }), {
      name: "RangeError",
      message:
        `Cannot index texts: distance must be an integer from 0 to 63: got ${distance}`,
    });
  }
});
