import { z } from "zod";
import type { Command } from "../command.ts";
import { printable } from "../../base/printable.ts";

/** Options of `tdro plots`. */
export interface PlotsOptions {
  /** Folder of a finished run or arena. */
  run: string;
  /** Where the files go. */
  out: string;
}

/** `tdro plots`. */
export const command: Command<PlotsOptions> = {
  name: "plots",
  summary: "Write the plots of a run or an arena as SVG and Vega-Lite files",
  examples: [{
    about: "For a paper or a README",
    line: "tdro plots runs/demo --out figures",
  }, {
    about: "The plots of an arena",
    line: "tdro plots runs/arena --out figures",
  }],
  options: z.strictObject({
    run: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of a finished run or arena",
    ),
    out: z.string().min(1).default("figures").meta({ placeholder: "FOLDER" })
      .describe("Folder for the files; created if missing"),
  }),
  operands: ["run"],
  async run({ run, out }, io) {
    const { readPlots } = await import("../../experiment/mod.ts");
    const { renderSvg } = await import("../../report/mod.ts");
    const { writeWhole } = await import("../../data/mod.ts");
    const files: string[] = [];
    for (
      const [name, spec] of Object.entries(await readPlots(run))
    ) {
      for (
        const [file, text] of [
          [`${out}/${name}.svg`, await renderSvg(spec)],
          [`${out}/${name}.vl.json`, JSON.stringify(spec, null, 2) + "\n"],
        ] as const
      ) {
        await writeWhole(file, text);
        files.push(file);
      }
    }
    io.result(files, () => files.map(printable).join("\n"));
  },
};
