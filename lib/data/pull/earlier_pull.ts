import { z } from "zod";
import { readJsonIfThere } from "../../base/files/json_file.ts";
import { ALL_ROWS, type PulledDataset } from "./pull_dataset.ts";

const count = z.int().min(0);

const pulled: z.ZodType<PulledDataset> = z.object({
  name: z.string(),
  license: z.string(),
  loader: z.string(),
  languages: z.array(z.string()),
  limit: z.int().min(1).optional(),
  sources: z.array(z.object({
    dataset: z.string(),
    from: z.enum(["hub", "folder"]),
    commit: z.string().optional(),
  })),
  files: z.array(z.object({
    path: z.string(),
    bytes: count,
    sha256: z.string(),
  })),
  counts: z.object({ passages: count, queries: count, judgments: count }),
});

/** What is about to be pulled. */
export interface PlannedPull {
  /** Name in the catalogue. */
  name: string;
  /** Languages to take, by their tags. */
  languages: readonly string[];
  /** Most training rows to take. @default {5_000_001, as in the reference} */
  limit?: number;
}

/**
 * What an earlier pull made of a folder, if it was the same one.
 *
 * @param folder The folder.
 * @param planned What is to lie there.
 * @returns The record; `undefined` if there is none, so that nobody knows.
 * @throws {RangeError} If it was another pull; the message says in what.
 * @throws {SyntaxError} If `source.json` is malformed.
 *
 * @example Usage
 * ```ts
 * import { earlierPull } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const planned = { name: "beir/scifact", languages: ["en"] };
 * assert.equal(await earlierPull(folder, planned), undefined);
 * ```
 */
export async function earlierPull(
  folder: string,
  { name, languages, limit = ALL_ROWS }: PlannedPull,
): Promise<PulledDataset | undefined> {
  const earlier = await readJsonIfThere(`${folder}/source.json`, pulled);
  if (earlier === undefined) return undefined;
  const settings: [string, unknown, unknown][] = [
    ["name", name, earlier.name],
    ["languages", languages.join(","), earlier.languages.join(",")],
    ["limit", limit, earlier.limit ?? ALL_ROWS],
  ];
  const other = settings.find(([, now, then]) => now !== then);
  if (other === undefined) return earlier;
  const [what, now, then] = other;
  throw new RangeError(
    `Cannot pull ${name}: ${folder} holds a pull with other settings ` +
      `(${what} is ${now}, was ${then}); choose another folder with --out, ` +
      "or replace it with --force",
  );
}
