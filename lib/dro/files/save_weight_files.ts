import { writeWeightFile } from "./read_weight_file.ts";
import { selectTop } from "../select_top.ts";
import { weightFile, type WeightFileParts } from "./weight_file.ts";
import type { WeightState } from "../update/weight_state.ts";

/** Options for {@linkcode saveWeightFiles}. */
export interface SaveWeightFilesOptions
  extends Omit<WeightFileParts, "weights"> {
  /**
   * Percentages of tasks to select, each its own file.
   * @default {[20, 30, 40, 50, 60, 70, 80, 90]}
   */
  topPercents?: readonly number[];
}

/**
 * Writes what was learned as the reference does (spec section 11):
 * `curr_weights.json` (the result), `mean_weights.json` and `ema_weights.json`
 * (for comparison), and `top20_weights.json` … `top90_weights.json`, the
 * selections from `curr`.
 *
 * @param folder Where to; made if missing.
 * @param state The learned weights.
 * @param options Task names and sizes.
 * @returns Paths of the files.
 * @throws {RangeError} If names or sizes don't fit the state.
 *
 * @example Usage
 * ```ts
 * import { initialWeightState, readWeightFile, saveWeightFiles } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await saveWeightFiles(folder, initialWeightState([0.25, 0.75]), {
 *   names: ["nq", "msmarco"],
 *   sizes: [100, 300],
 *   topPercents: [50],
 * });
 * const top = await readWeightFile(`${folder}/top50_weights.json`);
 * assert.deepEqual(top.names, ["msmarco"]);
 * ```
 */
export async function saveWeightFiles(
  folder: string,
  state: WeightState,
  options: SaveWeightFilesOptions,
): Promise<string[]> {
  const { topPercents = [20, 30, 40, 50, 60, 70, 80, 90], ...tasks } = options;
  const curr = weightFile({ ...tasks, weights: state.curr });
  const files = [
    ["curr", curr],
    ["mean", weightFile({ ...tasks, weights: state.mean })],
    ["ema", weightFile({ ...tasks, weights: state.ema })],
    ...topPercents.map((percent) =>
      [`top${percent}`, selectTop(curr, percent)] as const
    ),
  ] as const;
  const paths: string[] = [];
  for (const [name, file] of files) {
    const path = `${folder}/${name}_weights.json`;
    await writeWeightFile(path, file);
    paths.push(path);
  }
  return paths;
}
