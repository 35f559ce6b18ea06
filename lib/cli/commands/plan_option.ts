import { z } from "zod";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { line } from "../../base/printable.ts";
import type { RunPlan } from "../../experiment/plan/run_plan.ts";
import type { CommandIo } from "../io.ts";
import { tablesFor } from "./tables.ts";

/** The option of commands that train. */
export const dryRunOption: z.ZodDefault<z.ZodBoolean> = z.boolean()
  .default(false).describe(
    "Say what would be done and what it takes (three updates are tried), and stop; nothing is written",
  );

/** What `--dry-run` prints: a table of the tasks, and where the run would go. */
export async function showPlan(
  planning: AsyncGenerator<ProgressEvent, RunPlan>,
  io: CommandIo,
): Promise<void> {
  const textTable = await tablesFor(io);
  const plan = await io.progress(planning);
  const known = plan.stages.filter(({ passes }) => passes);
  const rows = plan.tasks.map(({ name, rows, passages }, k) => {
    const cut = plan.lengths.cut[name]!;
    return {
      task: name,
      rows,
      ...Object.fromEntries(
        known.map((stage) => [`${stage.name}, passes`, stage.passes![k]!]),
      ),
      passages,
      "queries cut": percent(cut.queries),
      "passages cut": percent(cut.passages),
    };
  });
  const there = {
    new: "",
    unfinished: ", where an unfinished one goes on",
    finished: ", where it is finished already",
  };
  io.result(plan, () =>
    [
      textTable(rows, {
        digits: 2,
        columnDigits: { rows: 0, passages: 0 },
        footRows: 0,
      }),
      "",
      line`Nothing is written; without --dry-run it would be in ${plan.folder}${
        there[plan.state]
      }`,
    ].join("\n"));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}
