import { join } from "node:path";
import { z } from "zod";
import { readJsonIfThere, writeJson } from "../../base/files/json_file.ts";
import type { TowerRow } from "./tower_rows.ts";

const FILE = "towers.json";

const interval = z.tuple([z.number(), z.number()]);

const schema = z.object({
  format: z.literal("tdro-towers/1"),
  towers: z.array(z.object({
    tower: z.string(),
    layers: z.int(),
    parameters: z.int(),
    computed: z.int(),
    ndcg: z.number().optional(),
    interval: interval.optional(),
    kept: z.number().optional(),
    keptInterval: interval.optional(),
    speed: z.array(z.object({
      backend: z.string(),
      queriesPerSecond: z.number(),
      p50: z.number(),
      p95: z.number(),
    })).min(1),
  })).min(1),
});

/** Writes `towers.json` into a run's folder. */
export async function writeTowers(
  folder: string,
  towers: readonly TowerRow[],
): Promise<void> {
  await writeJson(join(folder, FILE), { format: "tdro-towers/1", towers });
}

/**
 * Reads what a distillation's towers scored, and how fast they are.
 *
 * @param folder Folder of the run.
 * @returns The teacher first.
 * @throws {Deno.errors.NotFound} If it holds no finished distillation.
 * @throws {SyntaxError} If the file is damaged.
 *
 * @example Usage
 * ```ts
 * import { readTowers } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(readTowers("no/such/run"), /it has no towers.json/);
 * ```
 */
export async function readTowers(folder: string): Promise<TowerRow[]> {
  const file = await readJsonIfThere(join(folder, FILE), schema);
  if (file) return file.towers as TowerRow[];
  throw new Deno.errors.NotFound(
    `Cannot read the towers of ${folder}: it has no ${FILE}; name the folder of a finished distillation`,
  );
}
