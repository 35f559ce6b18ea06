import assert from "node:assert/strict";
import fc from "fast-check";
import {
  openSafetensors,
  openWeights,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from "../../../lib/model/weights/safetensors.ts";
import {
  headerLength,
  parseHeader,
} from "../../../lib/model/weights/header.ts";
import { shared, withShared } from "../../_shared.ts";

const folder = await Deno.makeTempDir({ prefix: "safetensors_test_" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(folder, { recursive: true }),
);
let files = 0;

/** Path of a new file. */
function fresh(): string {
  return `${folder}/${files++}.safetensors`;
}

/** A file with this header (an object, or JSON text) and this many value bytes. */
function raw(header: unknown, dataBytes: number): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

async function open(bytes: Uint8Array<ArrayBuffer>) {
  const path = fresh();
  await Deno.writeFile(path, bytes);
  return await openSafetensors(path);
}

/** Writes values, reads them back. */
async function roundTrip(
  values: Float32Array,
  options?: WriteSafetensorsOptions,
): Promise<Float32Array> {
  const path = fresh();
  await writeSafetensors(
    path,
    [{ name: "w", shape: [values.length], data: values }],
    options,
  );
  using weights = await openSafetensors(path);
  return await weights.read("w");
}

const bitsOf = (value: number) =>
  new Uint32Array(Float32Array.of(value).buffer)[0]!;
const fromBits = (bits: number[]) =>
  new Float32Array(Uint32Array.from(bits).buffer);

Deno.test("openSafetensors() reads bytes written by hand", async () => {
  const bytes = raw({
    __metadata__: { format: "pt" },
    b: { dtype: "F32", shape: [2], data_offsets: [4, 12] },
    a: { dtype: "I32", shape: [1], data_offsets: [0, 4] },
    none: { dtype: "F32", shape: [0, 3], data_offsets: [12, 12] },
  }, 12);
  const view = new DataView(bytes.buffer, bytes.length - 12);
  view.setInt32(0, -5, true);
  view.setFloat32(4, 1.5, true);
  view.setFloat32(8, -2, true);
  using weights = await open(bytes);
  assert.deepEqual(weights.metadata, { format: "pt" });
  assert.deepEqual(await weights.readIntegers("a"), [-5]);
  assert.deepEqual([...await weights.read("b")], [1.5, -2]);
  assert.deepEqual(await weights.read("none"), new Float32Array());
  assert.equal(weights.tensors.get("b")!.end, bytes.length);
});

Deno.test("every float and integer type reads as its values", async () => {
  const cases: [string, ArrayBufferView, number[]][] = [
    ["F64", Float64Array.of(0.1, -3), [Math.fround(0.1), -3]],
    ["F32", Float32Array.of(0.1, -3), [Math.fround(0.1), -3]],
    ["F16", Uint16Array.of(0x3c00, 0xc200, 0x0001), [1, -3, 2 ** -24]],
    ["BF16", Uint16Array.of(0x3f80, 0xc040), [1, -3]],
    ["I64", BigInt64Array.of(-1n, 2n ** 53n - 1n), [-1, 2 ** 53 - 1]],
    ["U64", BigUint64Array.of(7n), [7]],
    ["I32", Int32Array.of(-(2 ** 31)), [-(2 ** 31)]],
    ["U32", Uint32Array.of(2 ** 32 - 1), [2 ** 32 - 1]],
    ["I16", Int16Array.of(-7), [-7]],
    ["U16", Uint16Array.of(65535), [65535]],
    ["I8", Int8Array.of(-128), [-128]],
    ["U8", Uint8Array.of(255), [255]],
    ["BOOL", Uint8Array.of(1, 0), [1, 0]],
  ];
  for (const [dtype, data, want] of cases) {
    const { buffer, byteLength } = data;
    const bytes = raw({
      x: { dtype, shape: [want.length], data_offsets: [0, byteLength] },
    }, byteLength);
    bytes.set(new Uint8Array(buffer), bytes.length - byteLength);
    using weights = await open(bytes);
    const floats = /^B?F/.test(dtype);
    const got = floats
      ? await weights.read("x")
      : await weights.readIntegers("x");
    assert.deepEqual([...got], want, dtype);
    await assert.rejects(
      () => floats ? weights.readIntegers("x") : weights.read("x"),
      /^RangeError: Cannot read .*"x" has dtype /,
    );
  }
});

Deno.test("all 65536 half-precision values read exactly", async () => {
  const bytes = raw({
    x: { dtype: "F16", shape: [65536], data_offsets: [0, 131072] },
  }, 131072);
  const view = new DataView(bytes.buffer, bytes.length - 131072);
  for (let i = 0; i < 65536; i++) view.setUint16(2 * i, i, true);
  using weights = await open(bytes);
  const got = await weights.read("x");
  for (let i = 0; i < 65536; i++) {
    const sign = i >> 15 ? -1 : 1, exponent = (i >> 10) & 31, m = i & 1023;
    const want = exponent === 31
      ? (m ? NaN : sign * Infinity)
      : exponent === 0
      ? sign * m * 2 ** -24
      : sign * (1024 + m) * 2 ** (exponent - 25);
    assert.ok(Object.is(got[i], want), `0x${i.toString(16)}: ${got[i]}`);
  }
  // Each of them is a float32 that F16 holds, so writing must give it back.
  const again = await roundTrip(got, { dtype: "F16" });
  assert.ok(again.every((value, i) => Object.is(value, got[i])));
});

Deno.test("BF16 rounds to nearest, ties to even", async () => {
  const cases: [number, number][] = [
    [0x3f800000, 0x3f800000], // 1 stays
    [0x3f807fff, 0x3f800000], // below the middle: down
    [0x3f808000, 0x3f800000], // middle, even below: down
    [0x3f808001, 0x3f810000], // above the middle: up
    [0x3f818000, 0x3f820000], // middle, odd below: up
    [0xbf818000, 0xbf820000], // the same below zero
    [0x00000001, 0x00000000], // least subnormal
    [0x80000001, 0x80000000], // keeps its sign
    [0x7f7fffff, 0x7f800000], // the largest float overflows
    [0x7f7f7fff, 0x7f7f0000], // the largest that doesn't
    [0xff800000, 0xff800000], // -Infinity
  ];
  const got = await roundTrip(fromBits(cases.map(([from]) => from)), {
    dtype: "BF16",
  });
  assert.deepEqual([...got].map(bitsOf), cases.map(([, to]) => to));
  // A NaN with only low bits set must not become infinity.
  assert.ok(
    (await roundTrip(fromBits([0x7f800001, 0xffc00000]), { dtype: "BF16" }))
      .every(Number.isNaN),
  );
});

Deno.test("BF16 is never further than half a step from the value", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.float({ noNaN: true, min: -(2 ** 126), max: 2 ** 126 })),
      async (list) => {
        const values = Float32Array.from(list);
        const got = await roundTrip(values, { dtype: "BF16" });
        got.forEach((g, i) => {
          // 8 significant bits: half a step is 2^-8 of the power of 2 below.
          const step = Math.max(Math.abs(values[i]!) * 2 ** -8, 2 ** -134);
          assert.ok(Math.abs(g - values[i]!) <= step);
        });
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("what is written reads back, whatever names and shapes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(
        fc.record({
          name: fc.string({ unit: "grapheme" })
            .filter((name) => name !== "__metadata__" && name.isWellFormed()),
          shape: fc.array(fc.nat(4), { maxLength: 3 }),
        }),
        { selector: (t) => t.name, maxLength: 6 },
      ),
      fc.dictionary(fc.string(), fc.string()),
      async (specs, metadata) => {
        const tensors = specs.map(({ name, shape }, k) => ({
          name,
          shape,
          data: Float32Array.from(
            { length: shape.reduce((a, b) => a * b, 1) },
            (_, i) => k + i / 8,
          ),
        }));
        const path = fresh();
        await writeSafetensors(path, tensors, { metadata });
        using weights = await openSafetensors(path);
        assert.deepEqual(
          Object.entries(weights.metadata).toSorted(),
          Object.entries(metadata).toSorted(),
        );
        assert.equal(weights.tensors.size, tensors.length);
        for (const { name, shape, data } of tensors) {
          assert.deepEqual(weights.tensors.get(name)!.shape, shape);
          assert.deepEqual(await weights.read(name), data);
        }
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("values begin on an 8-byte border and in the order given", async () => {
  const path = fresh();
  await writeSafetensors(path, [
    { name: "10", shape: [1], data: Float32Array.of(1) },
    { name: "2", shape: [1], data: Float32Array.of(2) },
  ]);
  using weights = await openSafetensors(path);
  const [ten, two] = [weights.tensors.get("10")!, weights.tensors.get("2")!];
  assert.equal(ten.start % 8, 0);
  assert.equal(two.start, ten.end);
  assert.deepEqual(weights.metadata, { format: "pt" });
});

Deno.test("long tensors cross the pieces unharmed, and data may come late", async () => {
  const values = Float32Array.from(
    { length: (1 << 20) + 3 },
    (_, i) => i % 251,
  );
  for (const dtype of ["F32", "BF16", "F16"] as const) {
    const path = fresh();
    await writeSafetensors(path, [
      {
        name: "w",
        shape: [values.length],
        data: () => Promise.resolve(values),
      },
    ], { dtype });
    using weights = await openSafetensors(path);
    // Integers up to 251 fit into 8 significant bits: exact in each type.
    assert.deepEqual(await weights.read("w"), values);
    await Deno.remove(path);
  }
});

Deno.test("reads of one file may overlap", async () => {
  const path = fresh();
  const tensors = Array.from({ length: 20 }, (_, k) => ({
    name: `${k}`,
    shape: [100],
    data: new Float32Array(100).fill(k),
  }));
  await writeSafetensors(path, tensors);
  using weights = await openSafetensors(path);
  const got = await Promise.all(tensors.map((t) => weights.read(t.name)));
  assert.deepEqual(got, tensors.map((t) => t.data));
});

const good = { dtype: "F32", shape: [1], data_offsets: [0, 4] };

for (
  const [what, bytes, error] of [
    ["an empty file", new Uint8Array(), /^SyntaxError: .* 0 bytes in all/],
    [
      "a header longer than the file",
      raw("{}", 0).subarray(0, 9),
      /^SyntaxError: .*cut off/,
    ],
    [
      "a huge length",
      new Uint8Array(20).fill(255),
      /^SyntaxError: .* 18446744073709551615 bytes/,
    ],
    ["a header that is no JSON", raw("{", 0), /^SyntaxError: .*not JSON/],
    ["a header that is no object", raw("[]", 0), /^SyntaxError: .*JSON object/],
    [
      "metadata that are no text",
      raw({ __metadata__: { a: 1 } }, 0),
      /^SyntaxError: .*__metadata__/,
    ],
    [
      "a name twice",
      raw(`{"a":${JSON.stringify(good)},"\\u0061":${JSON.stringify(good)}}`, 4),
      /^SyntaxError: .*"a" twice/,
    ],
    [
      "a field twice",
      raw(
        `{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
        4,
      ),
      /^SyntaxError: .*"dtype" twice/,
    ],
    [
      "an entry that is no object",
      raw({ a: 3 }, 0),
      /^SyntaxError: .*"a": want/,
    ],
    [
      "an unknown dtype",
      raw({ a: { ...good, dtype: "F31" } }, 4),
      /^SyntaxError: .*"a": dtype .*"F31"/,
    ],
    [
      "a dtype named as a method",
      raw({ a: { ...good, dtype: "toString" } }, 4),
      /^SyntaxError: .*dtype/,
    ],
    [
      "a negative size",
      raw({ a: { ...good, shape: [-1] } }, 4),
      /^SyntaxError: .*"a": shape/,
    ],
    [
      "a size that is no integer",
      raw({ a: { ...good, shape: [1.5] } }, 4),
      /^SyntaxError: .*"a": shape/,
    ],
    [
      "offsets back to front",
      raw({ a: { ...good, data_offsets: [4, 0] } }, 4),
      /^SyntaxError: .*data_offsets/,
    ],
    [
      "three offsets",
      raw({ a: { ...good, data_offsets: [0, 4, 8] } }, 8),
      /^SyntaxError: .*data_offsets/,
    ],
    [
      "a shape larger than its range",
      raw({ a: { ...good, shape: [2] } }, 4),
      /^RangeError: .*"a": F32 of shape \[2\] needs 8 bytes/,
    ],
    [
      "a shape beyond all numbers",
      raw({ a: { ...good, shape: [2 ** 40, 2 ** 40] } }, 4),
      /^RangeError: .*"a"/,
    ],
    [
      "values cut off",
      raw({ a: good }, 3),
      /^RangeError: .*"a" ends at byte .*cut off/,
    ],
    [
      "overlapping tensors",
      raw({ a: good, b: good }, 4),
      /^RangeError: .*"b" .*inside/,
    ],
    [
      "a gap",
      raw({ a: good, b: { ...good, data_offsets: [8, 12] } }, 12),
      /^RangeError: .*"b" .*gap/,
    ],
    ["bytes left over", raw({ a: good }, 5), /^RangeError: .*tensors end/],
    [
      "a line break in a name",
      raw({ "a\nb": 3 }, 0),
      /^SyntaxError: .*"a\\nb": want/,
    ],
    [
      "a deeply nested entry",
      raw(`{"a":${"[".repeat(50000)}${"]".repeat(50000)}}`, 0),
      /^SyntaxError: .*nested too deeply/,
    ],
  ] as [string, Uint8Array<ArrayBuffer>, RegExp][]
) {
  Deno.test(`openSafetensors() refuses ${what}, in one line`, async () => {
    const path = fresh();
    await Deno.writeFile(path, bytes);
    await assert.rejects(() => openSafetensors(path), (thrown: Error) => {
      assert.match(String(thrown), error);
      assert.ok(thrown.message.startsWith(`Cannot read ${path}: `));
      assert.ok(!thrown.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("a missing file, a missing tensor and a closed file say so", async () => {
  await assert.rejects(
    () => openSafetensors(`${folder}/absent`),
    (error: Error) =>
      error instanceof Deno.errors.NotFound &&
      /^Cannot read/.test(error.message),
  );
  const weights = await open(raw({ a: good }, 4));
  await assert.rejects(
    () => weights.read("b"),
    /^RangeError: .*no tensor "b" among its 1 \("a"\)/,
  );
  weights.close();
  weights.close();
  await assert.rejects(() => weights.read("a"), /^RangeError: .*closed/);
});

Deno.test("a file that shrinks after opening is noticed", async () => {
  const path = fresh();
  await Deno.writeFile(path, raw({ a: good }, 4));
  using weights = await openSafetensors(path);
  await Deno.truncate(path, 20);
  await assert.rejects(() => weights.read("a"), /^RangeError: .*cut off/);
});

Deno.test("writeSafetensors() refuses what could not be read back", async () => {
  const data = Float32Array.of(1);
  const path = fresh();
  for (
    const [tensors, error] of [
      [
        [{ name: "a", shape: [2], data }],
        /"a" of shape \[2\] needs 2 values, got 1/,
      ],
      [
        [{ name: "a", shape: [1], data }, { name: "a", shape: [1], data }],
        /"a" occurs twice/,
      ],
      [[{ name: "__metadata__", shape: [1], data }], /reserved/],
    ] as const
  ) {
    await assert.rejects(() => writeSafetensors(path, tensors), error);
  }
  await assert.rejects(() => Deno.stat(path), Deno.errors.NotFound);
});

/** What a header reader may throw at a stranger's bytes. */
function refusesCleanly(bytes: Uint8Array): void {
  try {
    const length = headerLength(bytes.subarray(0, 8), bytes.length, "f");
    assert.ok(length <= bytes.length - 8);
    const { tensors } = parseHeader(
      bytes.subarray(8, 8 + length),
      bytes.length,
      "f",
    );
    for (const { start, end } of tensors.values()) {
      assert.ok(start >= 8 + length && start <= end && end <= bytes.length);
    }
  } catch (error) {
    assert.ok(
      (error instanceof SyntaxError || error instanceof RangeError) &&
        /^Cannot read f: [^\n]*$/.test(error.message),
      String(error),
    );
  }
}

Deno.test("random bytes never crash the reader", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), refusesCleanly), {
    numRuns: 2000,
  });
  // Any JSON as header.
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(16),
      (json, n) => refusesCleanly(raw(json, n)),
    ),
    { numRuns: 1000 },
  );
  // Entries with the right fields and wrong values.
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("F32", "I64", [0, 4], [4, 8], [2, 2], [1], 2 ** 60, -1),
  );
  const entry = fc.record({
    dtype: anything,
    shape: anything,
    data_offsets: anything,
  }, { requiredKeys: [] });
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom("a", "b", "__metadata__", "__proto__"),
        entry,
      ),
      fc.nat(16),
      (header, n) => refusesCleanly(raw(header, n)),
    ),
    { numRuns: 3000 },
  );
});

Deno.test("damaged files never crash the reader", () => {
  const whole = raw({
    __metadata__: { format: "pt" },
    "layer.0.w": { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
    "layer.0.b": { dtype: "BF16", shape: [2], data_offsets: [16, 20] },
  }, 20);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.nat(whole.length),
      fc.boolean(),
      (edits, length, cut) => {
        const bytes = whole.slice();
        for (const [at, value] of edits) bytes[at] = value;
        refusesCleanly(cut ? bytes.subarray(0, length) : bytes);
      },
    ),
    { numRuns: 5000 },
  );
});

/** A folder with two shards and this index. */
async function sharded(index: unknown): Promise<string> {
  const place = `${folder}/sharded-${files++}`;
  for (const [k, name] of ["a", "b"].entries()) {
    await writeSafetensors(`${place}/shard-${k + 1}.safetensors`, [
      { name, shape: [1], data: Float32Array.of(k + 1) },
    ]);
  }
  await Deno.writeTextFile(
    `${place}/model.safetensors.index.json`,
    typeof index === "string" ? index : JSON.stringify(index),
  );
  return place;
}

Deno.test("openWeights() shows shards as one file", async () => {
  const place = await sharded({
    metadata: { total_size: 8 },
    weight_map: { b: "shard-2.safetensors", a: "shard-1.safetensors" },
  });
  const weights = await openWeights(place);
  assert.deepEqual([...weights.tensors.keys()], ["b", "a"]);
  assert.deepEqual([...await weights.read("a"), ...await weights.read("b")], [
    1,
    2,
  ]);
  await assert.rejects(() => weights.read("c"), /^RangeError: .*no tensor "c"/);
  weights.close();
  await assert.rejects(() => weights.read("a"), /closed/);
});

Deno.test("openWeights() refuses bad indexes", async () => {
  for (
    const [index, error] of [
      ["{", /^SyntaxError: .*not JSON/],
      [{}, /^SyntaxError: .*weight_map/],
      [
        { weight_map: { a: "../0.safetensors" } },
        /^SyntaxError: .*same folder/,
      ],
      [
        { weight_map: { a: "/etc/x.safetensors" } },
        /^SyntaxError: .*same folder/,
      ],
      [
        { weight_map: { a: "..\\x.safetensors" } },
        /^SyntaxError: .*same folder/,
      ],
      [{ weight_map: { a: "shard-1.bin" } }, /^SyntaxError: .*same folder/],
      [{ weight_map: { a: 3 } }, /^SyntaxError: .*same folder/],
      [
        `{"weight_map":{"a":"shard-1.safetensors","a":"shard-2.safetensors"}}`,
        /^SyntaxError: .*"a" twice/,
      ],
      [
        { weight_map: { a: "shard-2.safetensors" } },
        /^RangeError: .*"a" in shard-2.safetensors, which lacks it/,
      ],
      [{ weight_map: { a: "shard-3.safetensors" } }, /^NotFound: Cannot read/],
    ] as const
  ) {
    const place = await sharded(index);
    await assert.rejects(() => openWeights(place), error);
  }
});

Deno.test("openWeights() prefers the single file and misses both by name", async () => {
  const place = `${folder}/single`;
  await assert.rejects(
    () => openWeights(place),
    /must have model\.safetensors or model\.safetensors\.index\.json/,
  );
  await writeSafetensors(`${place}/model.safetensors`, []);
  using weights = await openWeights(place);
  assert.equal(weights.tensors.size, 0);
});

withShared("every fixture checkpoint opens", async () => {
  const place = shared("fixtures/models/checkpoints");
  let tensors = 0;
  for await (const { name } of Deno.readDir(place)) {
    using weights = await openWeights(`${place}/${name}`);
    for (const [tensor, { shape, dtype }] of weights.tensors) {
      if (dtype.startsWith("I")) continue;
      const values = await weights.read(tensor);
      assert.equal(values.length, shape.reduce((a, b) => a * b, 1));
      assert.ok(values.every(Number.isFinite));
      tensors++;
    }
  }
  assert.ok(tensors > 100);
});

withShared("BF16 fixture values write back as the same bytes", async () => {
  const source = shared(
    "fixtures/models/checkpoints/qwen2-bf16/model.safetensors",
  );
  using weights = await openSafetensors(source);
  const path = fresh();
  await writeSafetensors(
    path,
    [...weights.tensors].map(([name, { shape }]) => ({
      name,
      shape,
      data: async () => await weights.read(name),
    })),
    { dtype: "BF16" },
  );
  using again = await openSafetensors(path);
  const [before, after] = [
    await Deno.readFile(source),
    await Deno.readFile(path),
  ];
  for (const [name, { start, end }] of weights.tensors) {
    const there = again.tensors.get(name)!;
    assert.deepEqual(
      after.subarray(there.start, there.end),
      before.subarray(start, end),
    );
  }
});
