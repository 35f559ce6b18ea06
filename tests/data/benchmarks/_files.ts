import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { dirname } from "node:path";
import { tempFolder } from "../../_temp_folder.ts";

/** Content of a file: text, rows of JSON lines, or columns of a parquet file. */
export type Content = string | readonly unknown[] | {
  columns: { name: string; data: unknown[] }[];
};

/** Writes files into a fresh folder, each in the form that its name says. */
export async function folderOf(
  files: Record<string, Content>,
): Promise<string> {
  const folder = await tempFolder();
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, bytesOf(name, content));
  }
  return folder;
}

/** The bytes of a file. */
export function bytesOf(name: string, content: Content): Uint8Array {
  if (typeof content !== "string" && "columns" in content) {
    const columnData = content.columns as Parameters<
      typeof parquetWriteBuffer
    >[0]["columnData"];
    return new Uint8Array(parquetWriteBuffer({ columnData }));
  }
  const text = typeof content === "string"
    ? content
    : content.map((row) => JSON.stringify(row) + "\n").join("");
  return name.endsWith(".gz")
    ? new Uint8Array(gzipSync(text))
    : new TextEncoder().encode(text);
}
