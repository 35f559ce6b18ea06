import { z } from "zod";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";
import { exists } from "../../../base/files/exists.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro data docs-suite`. */
export interface DataDocsSuiteOptions {
  /** Folder to write. */
  out: string;
  /** Names of the tasks to build. */
  tasks?: string[];
  /** Whether to replace the folder. */
  force: boolean;
}

/** `tdro data docs-suite`. */
export const command: Command<DataDocsSuiteOptions> = {
  name: "data docs-suite",
  summary: "Build the docs suite from documentation on this machine",
  details:
    "Real text that needs no download from a hub: documentation of JavaScript's libraries and of the packages that tdro itself uses.",
  examples: [
    {
      about: "The whole suite",
      line: "tdro data docs-suite --out suites/docs",
    },
  ],
  options: z.strictObject({
    out: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Folder to write; it appears only once complete",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    force: z.boolean().default(false).describe(
      "Replace the folder if it is there",
    ),
  }),
  async run({ out, tasks, force }, io) {
    const { buildDocsSuite } = await import("../../../docs_suite/mod.ts");
    const { suiteRows, writeSuite } = await import(
      "../../../data/mod.ts"
    );
    const textTable = await tablesFor(io);
    // Writing would refuse as well, but only after the seconds of building.
    if (!force && await exists(out)) {
      throw new RangeError(
        `Cannot write the docs suite: ${out} exists already; choose ` +
          "another folder or add --force",
      );
    }
    io.note("building the docs suite …");
    const suite = await buildDocsSuite({ tasks });
    await writeSuite(suite, out, { overwrite: force });
    const rows = suiteRows(suite);
    io.result(
      { out, tasks: rows },
      () =>
        [textTable(rows, { digits: 0 }), "", line`written to ${out}`].join(
          "\n",
        ),
    );
  },
};
