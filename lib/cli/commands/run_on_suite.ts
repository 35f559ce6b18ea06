import type { BackendName } from "../../backend/mod.ts";
import type { Suite } from "../../data/mod.ts";
import type { ExperimentOptions } from "../../experiment/experiment_options.ts";
import type { LoraConfig } from "../../model/mod.ts";
import type { CommandIo } from "../io.ts";
import { line, printable } from "../../base/printable.ts";
import { showPlan } from "./plan_option.ts";
import { tablesFor } from "./tables.ts";

/** Runs the whole experiment and prints table and verdict. */
export async function runOnSuite(
  suite: Suite,
  options: Partial<ExperimentOptions> & {
    backend: BackendName | "auto";
    force: boolean;
    forceSettings?: boolean;
    dryRun?: boolean;
    lora?: Partial<LoraConfig> | undefined;
  },
  io: CommandIo,
): Promise<void> {
  const { backend: name, lora = {}, dryRun, ...settings } = options;
  const { useBackend } = await import("../../backend/mod.ts");
  const backend = await useBackend(name);
  io.note(`backend: ${backend.name} on ${backend.device}: ${backend.reason}`);
  const { armLabel, planExperiment, resultRows, runExperiment, verdict } =
    await import("../../experiment/mod.ts");
  const given = {
    ...settings,
    backend,
    lora: Object.keys(lora).length > 0 ? lora : undefined,
    signal: io.signal,
  };
  if (dryRun) return await showPlan(planExperiment(suite, given), io);
  const { resultsTable } = await import("../../report/mod.ts");
  const { columnHeading } = await import(
    "../../report/tables/column_heading.ts"
  );
  const { lengthRows } = await import(
    "../../experiment/report/length_rows.ts"
  );
  const textTable = await tablesFor(io);
  const { folder, summary, reports } = await io.progress(
    runExperiment(suite, given),
  );
  const lengths = lengthRows(
    reports,
    (name) => armLabel(name, summary),
  );
  io.result(summary, () =>
    [
      textTable(resultsTable(resultRows(summary)), {
        digits: 4,
        footRows: 1,
        heading: (name) =>
          columnHeading(name).replace(/\btop$/, armLabel("top", summary)),
      }),
      "",
      ...lengths.length > 0
        ? [
          textTable(lengths, { digits: 4, columnDigits: { components: 0 } }),
          "",
        ]
        : [],
      ...verdict(summary).map(printable),
      "",
      line`Everything is in ${folder}; open ${folder}/report.html`,
    ].join("\n"));
}
