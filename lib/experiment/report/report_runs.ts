import { htmlReport, type PlotSpec } from "../../report/mod.ts";
import { arenaContent } from "../arena/content.ts";
import { arenaPlots } from "../arena/plots.ts";
import { experimentPlots } from "./experiment_plots.ts";
import {
  readReportable,
  type Reportable,
  type TowersData,
} from "./reportable.ts";
import { runContent } from "./run_content.ts";
import { sideBySide } from "./side_by_side.ts";
import { towersContent, towersPlots } from "./towers_content.ts";

/** Options for {@linkcode reportRuns}. */
export interface ReportRunsOptions {
  /** Whether plots are drawings only; the file is smaller. @default {false} */
  static?: boolean;
}

/**
 * Writes one HTML page about finished runs, arenas or distillations: the report of one of
 * them, or several side by side. It needs no network.
 *
 * @param folders Their folders, at least one.
 * @param options Whether plots are still.
 * @returns The text of the HTML file.
 * @throws {Deno.errors.NotFound} If a folder holds none of them.
 * @throws {RangeError} If no folder is given, one twice, or distillations among others.
 * @throws {SyntaxError} If a file is damaged.
 *
 * @example Usage
 * ```ts
 * import { reportRuns } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * // await Deno.writeTextFile("both.html", await reportRuns(["runs/a", "runs/b"]));
 * await assert.rejects(reportRuns(["no/such/run"]), /Cannot report on no\/such\/run/);
 * ```
 */
export async function reportRuns(
  folders: readonly string[],
  options: ReportRunsOptions = {},
): Promise<string> {
  if (folders.length === 0) {
    throw new RangeError(
      "Cannot report on runs: folders must hold at least one: got none",
    );
  }
  const twice = folders.find((folder, i) => folders.indexOf(folder) !== i);
  if (twice !== undefined) {
    throw new RangeError(
      `Cannot report on runs: the folder ${twice} appears twice; name each once`,
    );
  }
  const read: (Reportable | TowersData)[] = [];
  for (const folder of folders) read.push(await readReportable(folder));
  const towers = read.filter((one) => one.kind === "towers");
  if (towers.length === read.length) {
    return await htmlReport(towersContent(tellApart(towers, folders)), options);
  }
  if (towers.length > 0) {
    throw new RangeError(
      `Cannot report on runs: distillations and others must have a page each: got ${
        towers[0]!.name
      } among ${read.length}; leave one kind out`,
    );
  }
  const all = read.filter((one) => one.kind !== "towers");
  if (all.length > 1) {
    return await htmlReport(sideBySide(tellApart(all, folders)), options);
  }
  const one = all[0]!;
  return await htmlReport(
    one.kind === "run" ? runContent(one) : arenaContent(one),
    options,
  );
}

/**
 * The plots of a finished run, arena or distillation, by name.
 *
 * @param folder Its folder.
 * @returns Vega-Lite specifications; `show()` them in a notebook.
 * @throws {Deno.errors.NotFound} If the folder holds none.
 * @throws {SyntaxError} If a file is damaged.
 *
 * @example Usage
 * ```ts
 * import { readPlots } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(readPlots("no/such/run"), /Cannot report on no\/such\/run/);
 * ```
 */
export async function readPlots(
  folder: string,
): Promise<Record<string, PlotSpec>> {
  const one = await readReportable(folder);
  const plots = one.kind === "run"
    ? experimentPlots(one.summary, one.metrics, one.reports, one.dev)
    : one.kind === "towers"
    ? towersPlots([one])
    : arenaPlots(one.result);
  return Object.fromEntries(
    Object.entries(plots).filter(([, plot]) => plot !== undefined),
  );
}

/** Runs whose folders have the same last part go by their whole paths. */
function tellApart<T extends { name: string }>(
  all: readonly T[],
  folders: readonly string[],
): T[] {
  return all.map((one, i) =>
    all.some((other) => other !== one && other.name === one.name)
      ? { ...one, name: folders[i]! }
      : one
  );
}
