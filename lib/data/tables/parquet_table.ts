import { openToRead } from "../../base/files/open_file.ts";
import type { AsyncBuffer, FileMetaData, SchemaTree } from "hyparquet";
import { own } from "../../base/own.ts";
import { decoderOf } from "../../base/files/encodings.ts";
import { printable } from "../../base/printable.ts";
import { checkChunk, checkFooter, checkRows } from "./check_parquet.ts";
import { classesInMetadata } from "./class_names.ts";
import { DeltaPages, type ReadableGroup } from "./delta_pages.ts";
import { parquetCodecs } from "./parquet_codecs.ts";
import { chunksOf, type GroupPages } from "./parquet_pages.ts";
import {
  type CellReader,
  cellReader,
  NoText,
  textParsers,
  withoutDecimals,
} from "./parquet_values.ts";
import type { ReadTableOptions } from "./read_options.ts";
import type { Table, TableRow } from "./table.ts";

/** Opens a parquet file; its rows are read one row group at a time. */
export async function openParquet(
  path: string,
  { encoding = "utf-8" }: ReadTableOptions = {},
): Promise<Table> {
  const decoder = decoderOf(encoding);
  const { parquetSchema } = await import("hyparquet");
  const file = await openToRead(path);
  try {
    const metadata = await metadataOf(path, await bufferOf(file));
    const { children } = parquetSchema(metadata);
    const columns = children.map(({ element }) => element.name);
    return {
      source: path,
      columns,
      nested: children.filter(({ children }) => children.length > 0)
        .map(({ element }) => element.name),
      classes: classesInMetadata(
        metadata.key_value_metadata
          ?.find(({ key }) => key === "huggingface")?.value,
      ),
      rows: (wanted) => readRows(path, wanted ?? columns, decoder),
    };
  } finally {
    file.close();
  }
}

async function* readRows(
  path: string,
  columns: readonly string[],
  decoder: TextDecoder,
): AsyncGenerator<TableRow> {
  const { parquetReadObjects, parquetSchema } = await import("hyparquet");
  const compressors = await parquetCodecs();
  const file = await Deno.open(path);
  try {
    const buffer = await bufferOf(file);
    const metadata = await metadataOf(path, buffer);
    const schema = parquetSchema(metadata);
    const readers = readersOf(path, schema, { columns, decoder });
    let first = 0;
    for (const group of metadata.row_groups) {
      const end = first + Number(group.num_rows);
      const pages = { file: buffer, schema, group, columns };
      let rows: Record<string, unknown>[];
      try {
        const readable = await readablePages({ ...pages, codecs: compressors });
        rows = await parquetReadObjects({
          file: readable.file,
          metadata: withoutDecimals({
            ...metadata,
            row_groups: [readable.group],
          }),
          compressors,
          parsers: textParsers(decoder),
          // Bytes that no mark calls text are read by us, who can tell the row.
          utf8: false,
          columns: [...columns],
        });
      } catch (error) {
        throw damaged(path, error as Error);
      }
      for (const cells of rows) {
        const where = `${path}: row ${++first}`;
        yield {
          where,
          cells: readCells(cells, readers, {
            where,
            encoding: decoder.encoding,
          }),
        };
      }
      first = end;
    }
  } finally {
    file.close();
  }
}

/** A row group whose pages were looked at, as the library can decode it. */
async function readablePages(pages: GroupPages): Promise<ReadableGroup> {
  const readable = new DeltaPages(pages);
  for await (const { column, ...chunk } of chunksOf(pages)) {
    checkChunk(chunk);
    readable.add(column, chunk);
  }
  return readable.readable();
}

function readersOf(
  path: string,
  schema: SchemaTree,
  { columns, decoder }: { columns: readonly string[]; decoder: TextDecoder },
): [string, CellReader][] {
  try {
    return schema.children
      .filter(({ element }) => columns.includes(element.name))
      .map((child) => [child.element.name, cellReader(child, decoder)]);
  } catch (error) {
    throw damaged(path, error as Error);
  }
}

function readCells(
  cells: Record<string, unknown>,
  readers: readonly [string, CellReader][],
  { where, encoding }: { where: string; encoding: string },
): Record<string, unknown> {
  const read = ([name, reader]: readonly [string, CellReader]) => {
    try {
      return [name, reader(own(cells, name))];
    } catch (error) {
      if (!(error instanceof NoText)) throw error;
      throw new SyntaxError(
        `${where}: Cannot read column ${
          JSON.stringify(name)
        }: its bytes aren't ${encoding.toUpperCase()}; write the column as text, or say what it is (--encoding latin1 …)`,
      );
    }
  };
  return Object.fromEntries(readers.map(read));
}

async function metadataOf(
  path: string,
  buffer: AsyncBuffer,
): Promise<FileMetaData> {
  const { parquetMetadataAsync, parquetSchema } = await import("hyparquet");
  try {
    await checkFooter(buffer);
    const metadata = await parquetMetadataAsync(buffer);
    const columns = parquetSchema(metadata).children;
    if (!columns.every(({ element }) => element.name)) {
      throw new Error("a column has no name");
    }
    checkRows(metadata, buffer.byteLength);
    return metadata;
  } catch (error) {
    throw damaged(path, error as Error);
  }
}

function damaged(path: string, error: Error): SyntaxError {
  // The engine's own errors tell of the library's inner life.
  const told = error.constructor === Error;
  const unknown = /unsupported encoding: (\w+)|parquet (\w+) not supported/
    .exec(error.message);
  if (told && unknown) {
    return new SyntaxError(
      `Cannot read ${path}: a column is in parquet's ${
        unknown[1] ?? unknown[2]!.toUpperCase()
      } form, which isn't read here; write the file anew without it (in pyarrow without column_encoding), or as JSON lines`,
    );
  }
  return new SyntaxError(
    `Cannot read ${path} as parquet: ${
      told ? printable(error.message) : "its structure is damaged"
    }; is the file whole?`,
  );
}

/** A file as the parquet reader wants it: pieces on demand. */
async function bufferOf(file: Deno.FsFile): Promise<AsyncBuffer> {
  const { size } = await file.stat();
  // Reads seek first, so they must not overlap.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    byteLength: size,
    slice(start, end = size) {
      const piece = turn.then(() => readBytes(file, start, end));
      turn = piece.catch(() => {});
      return piece;
    },
  };
}

async function readBytes(
  file: Deno.FsFile,
  start: number,
  end: number,
): Promise<ArrayBuffer> {
  const { size } = await file.stat();
  if (!(start >= 0 && start <= end && end <= size)) {
    throw new Error(`its bytes ${start} to ${end} are asked for, of ${size}`);
  }
  const bytes = new Uint8Array(end - start);
  await file.seek(start, Deno.SeekMode.Start);
  let at = 0;
  while (at < bytes.length) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) break;
    at += count;
  }
  return bytes.buffer;
}
