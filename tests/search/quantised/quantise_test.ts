import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bytesPerVector,
  dequantise,
  quantisationRanges,
  quantise,
  quantisedChunks,
  truncate,
  type VectorPrecision,
} from "../../../lib/search/mod.ts";
import { noise } from "../../_backends.ts";
import { fromFileUrl } from "../../_paths.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";
import { vectorsOf } from "./_vectors.ts";

const PRECISIONS: VectorPrecision[] = [
  "float32",
  "int8",
  "uint8",
  "binary",
  "ubinary",
];

Deno.test({
  name: "quantise() gives the bytes of sentence-transformers",
  ignore: WITHOUT_TORCH,
  async fn() {
    const folder = await Deno.makeTempDir();
    const [given, made] = ["cases.json", "out.json"].map((f) =>
      `${folder}/${f}`
    );
    // Components that are 0 throughout, and lengths that fill no last byte.
    const cases = PRECISIONS.flatMap((precision) =>
      [8, 13, 33].flatMap((dimension, i) => {
        const rows = (seed: number, count: number) =>
          Array.from(
            { length: count },
            (_, r) =>
              [...noise(dimension, seed * 1000 + r)].map((x, d) =>
                d === 2 ? 0 : x
              ),
          );
        const vectors = rows(i, 40);
        return [
          { precision, vectors },
          { precision, vectors, calibration: rows(i + 50, 10) },
        ];
      })
    );
    await Deno.writeTextFile(given!, JSON.stringify(cases));
    const { success, stderr } = await new Deno.Command(TORCH_PYTHON, {
      args: [
        fromFileUrl(new URL("_quantise_cases.py", import.meta.url)),
        given!,
        made!,
      ],
      stderr: "piped",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const wanted = JSON.parse(await Deno.readTextFile(made!));
    await Deno.remove(folder, { recursive: true });
    for (const [i, { precision, vectors, ...rest }] of cases.entries()) {
      const ranges = "calibration" in rest
        ? quantisationRanges(vectorsOf(rest.calibration!))
        : undefined;
      const { data } = quantise(vectorsOf(vectors), { precision, ranges });
      assert.deepEqual([...data], wanted[i], `${precision}, case ${i}`);
    }
  },
});

/** Matrices of some rows. */
const matrices = fc.tuple(
  fc.integer({ min: 2, max: 12 }),
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 0, max: 1e6 }),
).map(([count, dimension, seed]) => ({
  data: noise(count * dimension, seed),
  count,
  dimension,
}));

Deno.test("8 bits are off by at most half a step of a component's range", () => {
  fc.assert(fc.property(matrices, (vectors) => {
    const { low, high } = quantisationRanges(vectors);
    for (const precision of ["int8", "uint8"] as const) {
      const { data } = dequantise(quantise(vectors, { precision }));
      data.forEach((value, i) => {
        const d = i % vectors.dimension;
        const step = (high[d]! - low[d]!) / 255;
        // The top value alone is a whole step of its own; float32 rounds.
        const off = Math.abs(value - vectors.data[i]!);
        assert.ok(off <= 0.5 * step + 1e-6, `${off} > ${step} / 2`);
      });
    }
  }));
});

Deno.test("bits keep signs, and smaller ones less", () => {
  fc.assert(fc.property(matrices, (vectors) => {
    const both = (["binary", "ubinary"] as const).map((precision) =>
      quantise(vectors, { precision })
    );
    for (const small of both) {
      const bytes = bytesPerVector(vectors.dimension, small.precision);
      assert.equal(small.data.byteLength, vectors.count * bytes);
      const signs = vectors.data.map((x) => x > 0 ? 1 : -1);
      assert.deepEqual(dequantise(small).data, signs);
    }
  }));
});

Deno.test("chunks have the ranges of the vectors held for calibration", async () => {
  const [first, second] = [noise(20, 1), noise(20, 2)];
  const chunks = [first, second].map((data, i) => ({
    ids: Array.from({ length: 5 }, (_, r) => `${i}${r}`),
    embeddings: { data, count: 5, dimension: 4 },
  }));
  const joined = {
    data: Float32Array.of(...first, ...second),
    count: 10,
    dimension: 4,
  };
  const of = (calibration: number) =>
    Array.fromAsync(
      quantisedChunks(chunks, { precision: "int8", calibration }),
    );
  const all = await of(100);
  assert.deepEqual(
    all.flatMap(({ vectors }) => [...vectors.data]),
    [...quantise(joined, { precision: "int8" }).data],
  );
  const some = await of(3);
  assert.deepEqual(
    some[1]!.vectors,
    quantise(chunks[1]!.embeddings, {
      precision: "int8",
      ranges: quantisationRanges(chunks[0]!.embeddings),
    }),
  );
});

Deno.test("truncate() keeps directions, and what isn't cut as it is", () => {
  fc.assert(
    fc.property(matrices, fc.integer({ min: 1, max: 40 }), (vectors, dim) => {
      fc.pre(dim <= vectors.dimension);
      const cut = truncate(vectors, dim);
      if (dim === vectors.dimension) return assert.equal(cut, vectors);
      const bare = truncate(vectors, dim, { normalize: false });
      for (let row = 0; row < vectors.count; row++) {
        const [a, b] = [cut, bare].map(({ data }) =>
          data.subarray(row * dim, (row + 1) * dim)
        ) as [Float32Array, Float32Array];
        const length = Math.hypot(...b);
        if (length === 0) continue;
        assert.ok(Math.abs(Math.hypot(...a) - 1) < 1e-6);
        b.forEach((x, d) => assert.ok(Math.abs(x / length - a[d]!) < 1e-6));
      }
    }),
  );
  assert.throws(
    () => truncate({ data: noise(4), count: 1, dimension: 4 }, 5),
    /dim must be an integer from 1 to 4, the vectors' length: got 5/,
  );
});

Deno.test("what can't be calibrated is refused", () => {
  const one = vectorsOf([[1, 2]]);
  assert.throws(
    () => quantise(one, { precision: "int8" }),
    /ranges must be given, or be measured on at least two vectors: got 1/,
  );
  assert.throws(
    () =>
      quantise(one, {
        precision: "int8",
        ranges: quantisationRanges(vectorsOf([[1]])),
      }),
    /must be of 2 components, as the vectors: got 1/,
  );
  assert.throws(
    () => quantisationRanges(vectorsOf([[NaN]])),
    /values must be finite: got NaN at dimension 0/,
  );
  assert.throws(() => quantisationRanges([]), /must be a vector to measure/);
});
