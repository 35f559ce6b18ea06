import { join } from "node:path";
import { z } from "zod";
import { readJsonIfThere, writeJson } from "../../base/files/json_file.ts";
import { vectorFileHeader } from "../../model/mod.ts";
import type { EmbeddedTexts, Shard } from "../../search/mod.ts";
import { writeVectorFile } from "./vector_files.ts";

/** Folder of the parts, beside the files that they become. */
const PARTS = "parts";

/** What is noted beside a part's vectors of a task. */
const recordSchema = z.object({
  format: z.literal("tdro-vectors-part/1"),
  source: z.string(),
  passages: z.string(),
  chunk: z.int().min(1),
  first: z.int().min(0),
  count: z.int().min(0),
  dimension: z.int().min(0),
});

/** What a part's vectors depend on. */
export interface PartSource {
  /** Everything that they depend on, beside the passages. */
  source: string;
  /** Hash of all passages of the task. */
  passages: string;
  /** Passages that are encoded together. */
  chunk: number;
}

/** Folder of what one part of `tdro embed` leaves. */
export function vectorPartFolder(out: string, { index, count }: Shard): string {
  return join(out, PARTS, `${index + 1}-of-${count}`);
}

/** Length of a part's vectors of a task; absent: they aren't there, or of another source. */
export async function hasVectorPart(
  folder: string,
  task: string,
  wanted: PartSource & { first: number; count: number },
): Promise<number | undefined> {
  const note = await readJsonIfThere(notePath(folder, task), recordSchema);
  if (note === undefined || !isOf(note, wanted)) return undefined;
  if (note.first !== wanted.first || note.count !== wanted.count) {
    return undefined;
  }
  return note.dimension;
}

/** Writes a part's vectors of a task; the note comes last. */
export async function writeVectorPart(
  path: { folder: string; task: string },
  chunks: AsyncIterable<EmbeddedTexts>,
  { first, count, ...of }: PartSource & { first: number; count: number },
): Promise<number> {
  const { folder, task } = path;
  const dimension = await writeVectorFile(
    join(folder, `${task}.npy`),
    chunks,
    { form: "npy", count },
  );
  await writeJson(notePath(folder, task), {
    format: "tdro-vectors-part/1",
    ...of,
    first,
    count,
    dimension,
  });
  return dimension;
}

/** Vectors of a task that a part has left. */
export interface VectorPart {
  /** Their file. */
  path: string;
  /** First passage. */
  first: number;
  /** How many there are. */
  count: number;
  /** How long each is. */
  dimension: number;
}

/** Finds what parts have left of a task, by the same model and of the same passages. */
export async function findVectorParts(
  out: string,
  task: string,
  wanted: PartSource,
): Promise<VectorPart[]> {
  const found: VectorPart[] = [];
  for (const name of await foldersOf(join(out, PARTS))) {
    const folder = join(out, PARTS, name);
    const note = await readJsonIfThere(notePath(folder, task), recordSchema);
    if (note === undefined || !isOf(note, wanted)) continue;
    const { first, count, dimension } = note;
    found.push({ path: join(folder, `${task}.npy`), first, count, dimension });
  }
  return found;
}

/**
 * Vectors of one chunk.
 *
 * @param parts What was found.
 * @param first Its first passage.
 * @param ids Ids of its passages.
 * @returns The vectors; absent: no part has them.
 */
export async function readVectorParts(
  parts: readonly VectorPart[],
  first: number,
  ids: readonly string[],
): Promise<EmbeddedTexts | undefined> {
  const end = first + ids.length;
  const part = parts.find((one) =>
    one.first <= first && end <= one.first + one.count
  );
  if (part === undefined) return undefined;
  const rows: [number, number] = [first - part.first, end - part.first];
  return {
    ids: [...ids],
    embeddings: {
      data: await readRows(part, rows),
      count: ids.length,
      dimension: part.dimension,
    },
  };
}

function isOf(note: PartSource, wanted: PartSource): boolean {
  return note.source === wanted.source && note.passages === wanted.passages &&
    note.chunk === wanted.chunk;
}

function notePath(folder: string, task: string): string {
  return join(folder, `${task}.npy.json`);
}

async function foldersOf(place: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(place));
    return entries.filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Some rows of a file, whose vectors are at its end. */
async function readRows(
  { path, count, dimension }: VectorPart,
  [from, to]: [number, number],
): Promise<Float32Array> {
  using file = await Deno.open(path);
  const start = vectorFileHeader(".npy", [count, dimension]).length;
  if ((await file.stat()).size !== start + 4 * count * dimension) {
    throw new RangeError(
      `Cannot read ${path}: it must have ${count} vectors of ${dimension} numbers; delete it and ${path}.json, and run its part again`,
    );
  }
  await file.seek(start + 4 * from * dimension, Deno.SeekMode.Start);
  const bytes = new Uint8Array(4 * (to - from) * dimension);
  for (let at = 0; at < bytes.length;) {
    at += await file.read(bytes.subarray(at)) ?? 0;
  }
  return new Float32Array(bytes.buffer);
}
