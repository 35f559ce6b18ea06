import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { DamageError } from "../base/files/checksums.ts";
import { exists } from "../base/files/exists.ts";
import { readTextIfThere } from "../base/files/read_text.ts";
import { writeWhole } from "../base/files/write_whole.ts";
import { jsonValue } from "../base/json_value.ts";
import type { Task } from "../data/mod.ts";
import type { FoundCandidates, Shard } from "../search/mod.ts";
import type { FoundBatches } from "./mine_task.ts";
import { asJson } from "./run_folder.ts";

/** Folder of the parts, in that of the training files. */
const PARTS = "parts";

const index = z.int().min(0);
const headSchema = z.object({
  format: z.literal("tdro-candidates/1"),
  settings: z.unknown(),
  sha256: z.string(),
});
const lineSchema = z.object({
  batch: index,
  query: z.string(),
  ranked: z.array(index),
  scores: z.array(z.tuple([index, z.number()])),
});

/** Folder with what one part found. */
export function partFolder(out: string, { index, count }: Shard): string {
  return join(out, PARTS, `${index + 1}-of-${count}`);
}

/**
 * Writes what was found for a task: a head, then a line per query. Passages are named
 * by their places in the corpus.
 *
 * @param folder Folder of the part.
 * @param task The task.
 * @param options `settings`: all that the candidates depend on; `found`: by batch.
 */
export async function writeCandidates(
  folder: string,
  task: Task,
  { settings, found }: { settings: unknown; found: FoundBatches },
): Promise<void> {
  const places = new Map([...task.corpus.keys()].map((id, i) => [id, i]));
  const lines = [...found].flatMap(([batch, own]) =>
    Array.from(own, ([query, { ranked, scores }]) =>
      `${
        JSON.stringify({
          batch,
          query,
          ranked: ranked.map((id) => places.get(id)),
          scores: Array.from(scores, ([id, s]) => [places.get(id), s]),
        })
      }\n`)
  );
  const hash = createHash("sha256");
  for (const line of lines) hash.update(line);
  const head = {
    format: "tdro-candidates/1",
    settings,
    sha256: hash.digest("hex"),
  };
  await writeWhole(fileOf(folder, task), [
    `${JSON.stringify(head)}\n`,
    ...lines,
  ]);
}

/** Whether a part has what was found for a task, with these settings. */
export async function hasCandidates(
  folder: string,
  task: Task,
  settings: unknown,
): Promise<boolean> {
  const file = fileOf(folder, task);
  if (!await exists(file)) return false;
  const text = await readTextIfThere(file);
  const { settings: before } = headOf(text!, file);
  return isDeepStrictEqual(before, asJson(settings));
}

/** What parts found for a task, and which weren't made with these settings. */
export interface FoundParts {
  /** By number of the batch. */
  found: Map<number, FoundCandidates>;
  /** Files that aren't used. */
  others: string[];
}

/**
 * Reads what parts found for a task.
 *
 * @param out Folder of the training files.
 * @param task The task.
 * @param settings All that the candidates depend on; a part with others doesn't count.
 * @throws {DamageError} If a file isn't what was written.
 */
export async function readCandidates(
  out: string,
  task: Task,
  settings: unknown,
): Promise<FoundParts> {
  const parts: FoundParts = { found: new Map(), others: [] };
  const ids = [...task.corpus.keys()];
  for (const name of await partNames(out)) {
    const file = fileOf(join(out, PARTS, name), task);
    const text = await readTextIfThere(file);
    if (text === undefined) continue;
    const head = headOf(text, file);
    if (!isDeepStrictEqual(head.settings, asJson(settings))) {
      parts.others.push(file);
      continue;
    }
    for (const line of linesOf(text)) {
      const { batch, query, ranked, scores } = lineSchema.parse(
        jsonValue(line),
      );
      const own = parts.found.get(batch) ?? new Map();
      parts.found.set(batch, own);
      own.set(query, {
        ranked: ranked.map((i) => ids[i]!),
        scores: new Map(scores.map(([i, score]) => [ids[i]!, score])),
      });
    }
  }
  return parts;
}

function fileOf(folder: string, { name }: Task): string {
  return join(folder, `${name}.jsonl`);
}

async function partNames(out: string): Promise<string[]> {
  const folder = join(out, PARTS);
  if (!await exists(folder)) return [];
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/^\d+-of-\d+$/.test(name)) names.push(name);
  }
  return names.sort();
}

function linesOf(text: string): string[] {
  return text.split("\n").slice(1, -1);
}

/** The head of a file whose lines are those that were written. */
function headOf(text: string, file: string): z.infer<typeof headSchema> {
  const end = text.indexOf("\n") + 1;
  try {
    const head = headSchema.parse(jsonValue(text.slice(0, end)));
    const sha256 = createHash("sha256").update(text.slice(end)).digest("hex");
    if (sha256 === head.sha256) return head;
  } catch {
    // Told below.
  }
  const damage = `${file} is damaged (its SHA-256 is not the one noted)`;
  throw new DamageError(
    damage,
    `Cannot mine: ${damage}; remove ${dirname(file)} and make this part anew`,
  );
}
