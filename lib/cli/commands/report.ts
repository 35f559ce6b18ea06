import { join } from "node:path";
import { z } from "zod";
import type { Command } from "../command.ts";
import { checkNew } from "./output.ts";
import { line } from "../../base/printable.ts";

/** Options of `tdro report`. */
export interface ReportOptions {
  /** Folders of finished runs or arenas. */
  runs: string[];
  /** The file to write. */
  out?: string | undefined;
  /** Whether plots are drawings only. */
  static: boolean;
  /** Whether a file of another page is replaced. */
  force: boolean;
}

/** `tdro report`. */
export const command: Command<ReportOptions> = {
  name: "report",
  summary: "Write one HTML page about finished runs, arenas or distillations",
  details:
    "The page needs no network: sentences on what won and by how much, " +
    "sortable tables, interactive plots, settings and versions, and all " +
    "data to download. Several runs stand side by side; of a distillation, " +
    "what its query towers keep and how fast they are.",
  examples: [
    { about: "Two runs side by side", line: "tdro report runs/a runs/b" },
    { about: "An arena", line: "tdro report runs/arena" },
    {
      about: "A small file, with static plots",
      line: "tdro report runs/demo --static --out demo.html",
    },
  ],
  options: z.strictObject({
    runs: z.array(z.string().min(1)).min(1).meta({ placeholder: "FOLDER" })
      .describe("Folders of finished runs or arenas, or of distillations"),
    out: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
      "The file to write; default: report.html in the run's own folder, for several runs report.html here",
    ),
    static: z.boolean().default(false).describe(
      "Static plots only: the file is 0.4 MB smaller",
    ),
    force: z.boolean().default(false).describe(
      "Replace the file that --out names, or report.html here",
    ),
  }),
  operands: ["runs"],
  async run({ runs, out, static: still, force }, io) {
    const own = out === undefined && runs.length === 1;
    const file = out ?? (own ? join(runs[0]!, "report.html") : "report.html");
    // A run's own page is made from its folder, and can be again.
    await checkNew(file, force || own);
    const { reportRuns } = await import("../../experiment/mod.ts");
    const { writeWhole } = await import("../../data/mod.ts");
    const html = await reportRuns(runs, { static: still });
    await writeWhole(file, html);
    const bytes = new TextEncoder().encode(html).length;
    io.result(
      { file, bytes },
      () => line`${file} (${(bytes / 1e6).toFixed(2)} MB)`,
    );
  },
};
