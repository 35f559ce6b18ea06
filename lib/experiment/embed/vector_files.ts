import { writeWhole } from "../../base/files/write_whole.ts";
import { loadPackage } from "../../base/load_package.ts";
import { vectorFileHeader } from "../../model/mod.ts";
import type { EmbeddedTexts } from "../../search/mod.ts";

/** A form of files that vectors can be written in. */
export type VectorForm = "npy" | "fbin" | "parquet";

/** The package that writes Parquet, which nobody needs who doesn't. */
const PARQUET = "npm:hyparquet-writer@0.16.8";

/**
 * Writes vectors to a file, which appears under its name only when whole: NumPy's
 * `.npy`, the `.fbin` of the Big-ANN benchmarks (two 32-bit counts, then float32), or
 * Parquet with the columns `id` and `vector`. Beside the first two lies
 * `<path>.ids.jsonl` with an id a line, in the order of the rows.
 *
 * @param path The file.
 * @param chunks The vectors.
 * @param options The form, and how many vectors there are.
 * @returns Length of the vectors.
 */
export async function writeVectorFile(
  path: string,
  chunks: AsyncIterable<EmbeddedTexts>,
  { form, count }: { form: VectorForm; count: number },
): Promise<number> {
  const seen = { dimension: 0, ids: [] as string[] };
  if (form === "parquet") {
    await writeWhole(path, parquetOf(chunks, seen));
    return seen.dimension;
  }
  const header = form === "npy"
    ? (dimension: number) => vectorFileHeader(".npy", [count, dimension])
    : (dimension: number) =>
      new Uint8Array(Uint32Array.of(count, dimension).buffer);
  await writeWhole(path, bytesOf(chunks, { header, seen }));
  await writeWhole(
    `${path}.ids.jsonl`,
    seen.ids.map((id) => `${JSON.stringify(id)}\n`),
  );
  return seen.dimension;
}

/** What was written so far. */
interface Seen {
  dimension: number;
  ids: string[];
}

async function* bytesOf(
  chunks: AsyncIterable<EmbeddedTexts>,
  { header, seen }: {
    header: (dimension: number) => Uint8Array;
    seen: Seen;
  },
): AsyncGenerator<Uint8Array> {
  for await (const { ids, embeddings: { data, dimension } } of chunks) {
    if (seen.ids.length === 0) yield header(dimension);
    seen.dimension = dimension;
    seen.ids.push(...ids);
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (seen.ids.length === 0) yield header(0);
}

/** A list of float32 numbers for each id, as Arrow and Spark have it. */
const SCHEMA = [
  { name: "root", num_children: 2 },
  {
    name: "id",
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
    repetition_type: "REQUIRED",
  },
  {
    name: "vector",
    num_children: 1,
    converted_type: "LIST",
    repetition_type: "REQUIRED",
  },
  { name: "list", num_children: 1, repetition_type: "REPEATED" },
  { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
];

/** The bytes of a Parquet file, a group of rows at a time. */
async function* parquetOf(
  chunks: AsyncIterable<EmbeddedTexts>,
  seen: Seen,
): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await loadPackage(PARQUET, "Parquet");
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema: SCHEMA });
  /** What was written since, which needn't stay in memory. */
  const fresh = () => {
    const bytes: Uint8Array = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  for await (const { ids, embeddings: { data, dimension } } of chunks) {
    seen.dimension = dimension;
    file.write({
      columnData: [
        { name: "id", data: ids },
        {
          name: "vector",
          data: ids.map((_, row) =>
            Array.from(data.subarray(row * dimension, (row + 1) * dimension))
          ),
        },
      ],
      rowGroupSize: ids.length,
    });
    yield fresh();
  }
  file.finish();
  yield fresh();
}
