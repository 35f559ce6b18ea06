import { resolve } from "node:path";
import { z } from "zod";
import { checkNew } from "../output.ts";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";

/** Options of `tdro weights select`. */
export interface WeightsSelectOptions {
  /** Weight file to select from. */
  file: string;
  /** Share of the tasks to keep, percent. */
  top: number;
  /** File to write. */
  out: string;
  /** Whether the file is replaced. */
  force: boolean;
}

/** `tdro weights select`. */
export const command: Command<WeightsSelectOptions> = {
  name: "weights select",
  summary: "Write a weight file of the heaviest tasks alone",
  details:
    "Keeps that share of the tasks, rounded down, and gives each the same weight, as tDRO's top-XX% files do.",
  examples: [
    {
      about: "The heaviest 70 % of the tasks",
      line:
        "tdro weights select runs/demo/weights.json --top 70 --out top70.json",
    },
  ],
  options: z.strictObject({
    file: z.string().meta({ placeholder: "FILE" }).describe(
      "Weight file to select from",
    ),
    top: z.number().gt(0).lte(100).default(70).describe(
      "Share of the tasks to keep, percent",
    ),
    out: z.string().meta({ placeholder: "FILE" }).describe("File to write"),
    force: z.boolean().default(false).describe("Replace the file"),
  }),
  operands: ["file"],
  async run({ file, top, out, force }, io) {
    // The learned weights can't be had back from the selection.
    if (resolve(file) === resolve(out)) {
      throw new RangeError(
        `Cannot select weights: --out ${out} is the file they come from; choose another`,
      );
    }
    await checkNew(out, force);
    const { readWeightFile, selectTop, writeWeightFile } = await import(
      "../../../dro/mod.ts"
    );
    const all = await readWeightFile(file);
    const selected = selectTop(all, top);
    const { names } = selected;
    const count = all.names.length;
    if (names.length === 0) {
      throw new RangeError(
        `Cannot select weights: ${top} % of ${count} tasks is not one task; raise --top`,
      );
    }
    await writeWeightFile(out, selected);
    io.result(
      { out, tasks: names, of: count },
      () =>
        line`${out}: ${names.length} of ${count} tasks: ${names.join(", ")}`,
    );
  },
};
