import { z } from "zod";
import { pinnedVersions, VERSION } from "./versions.ts";
import type { Command } from "../command.ts";
import { tablesFor } from "./tables.ts";

/** Libraries whose versions the backends' own report leaves out. */
const LIBRARIES = ["zod", "arquero", "vega", "vega-lite"] as const;

/** `tdro doctor`. */
export const command: Command<Record<string, never>> = {
  name: "doctor",
  summary: "Show which backends work here and which one is chosen",
  details: "Starts every backend, checks a gradient on each against finite " +
    "differences, and says why one can't be used.",
  examples: [
    { about: "What works on this machine", line: "tdro doctor" },
    { about: "For a bug report", line: "tdro doctor --json" },
  ],
  options: z.strictObject({}),
  async run(_options, io) {
    const { doctor } = await import("../../backend/mod.ts");
    const textTable = await tablesFor(io);
    const report = await doctor();
    const versions = {
      tdro: VERSION,
      ...report.versions,
      ...pinnedVersions(LIBRARIES),
    };
    io.result({ ...report, versions }, () => {
      const backends = report.rows.map((row) => ({
        backend: row.chosen ? `${row.backend} *` : row.backend,
        usable: row.usable ? "yes" : "no",
        device: row.device,
        version: row.version,
        gradient: row.gradient,
        note: row.note,
      }));
      const { total, free, process } = report.memory;
      return [
        textTable(backends),
        report.rows.some((row) => row.chosen)
          ? "* is the one that other commands use"
          : "no backend works here",
        "",
        textTable(
          Object.entries(versions).map(([library, version]) => ({
            library,
            version,
          })),
        ),
        "",
        `memory: ${
          total === undefined || free === undefined
            ? ""
            : `${gib(free)} of ${gib(total)} free, `
        }${gib(process)} used by tdro`,
      ].join("\n");
    });
    return report.rows.some((row) => row.usable) ? 0 : 1;
  },
};

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
