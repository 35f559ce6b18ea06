import { z } from "zod";
import type { Command } from "../../command.ts";
import { tablesFor } from "../tables.ts";
import {
  type ArmOptions,
  armShape,
  ofNote,
  refuseIdleSeed,
} from "./arm_option.ts";
import { line } from "../../../base/printable.ts";

/** Options of `tdro weights explain`. */
export interface WeightsExplainOptions extends ArmOptions {
  /** Folder of a run or an arena. */
  run: string;
  /** Where the plot goes. */
  plot?: string | undefined;
}

/** `tdro weights explain`. */
export const command: Command<WeightsExplainOptions> = {
  name: "weights explain",
  summary: "Explain why each weight of a run rose or fell",
  details:
    "chance: between these two lie 95 % of the weights that chance alone " +
    "gives, with the run's losses dealt to the tasks at random; a weight " +
    "between them says nothing about its task. " +
    "Both variants of the measure on the same losses: released, as tDRO's " +
    "code takes it, and ratioOfMeans, as its paper does (1: the proxy is " +
    "level with the reference). pull: the task's measure over the mean " +
    "task's, which moves the weight. hardShare: examples whose reference " +
    "loss is above their batch's mean. topShare: part of the pull that the " +
    "strongest tenth of the examples made. passes: examples drawn while " +
    "learning, over its rows. The last line says whether the weights rank " +
    "the tasks by where the proxy lags, or by how hard they are.",
  examples: [
    {
      about: "The mixture of the demo",
      line: "tdro weights explain runs/demo",
    },
    {
      about: "With a plot of both measures",
      line: "tdro weights explain runs/demo --plot measures.svg",
    },
    {
      about: "What a strategy learned in an arena",
      line: "tdro weights explain runs/arena --strategy tdro --seed 1",
    },
  ],
  options: z.strictObject({
    run: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of a run that has learned weights, or of an arena",
    ),
    ...armShape,
    plot: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
      "Write the plot of both measures there, as SVG",
    ),
  }),
  operands: ["run"],
  async run({ run, plot, strategy, seed }, io) {
    refuseIdleSeed({ strategy, seed });
    const { explainArm, explainRun } = await import(
      "../../../experiment/mod.ts"
    );
    const { whatWeightsFollow } = await import("../../../dro/mod.ts");
    const { measuresPlot, renderSvg } = await import(
      "../../../report/mod.ts"
    );
    const textTable = await tablesFor(io);
    const arm = strategy === undefined
      ? undefined
      : await explainArm(run, { strategy, seed });
    if (arm && arm.of !== strategy) io.note(ofNote(strategy!, arm.of));
    const rows = arm?.tasks ?? await explainRun(run);
    if (plot !== undefined) {
      const { writeWhole } = await import("../../../data/mod.ts");
      await writeWhole(plot, await renderSvg(measuresPlot(rows)));
      io.note(plot);
    }
    const follow = whatWeightsFollow(rows);
    const result = {
      ...arm && { strategy: arm.of, seed: arm.seed },
      tasks: rows,
      follow: follow ?? null,
    };
    io.result(result, () => {
      const sorted = rows.toSorted((a, b) => b.end - a.end);
      const table = sorted.map((row) => ({
        task: row.task,
        start: row.start,
        end: row.end,
        chanceLow: row.chance?.[0] ?? null,
        chanceHigh: row.chance?.[1] ?? null,
        pull: row.pull,
        released: row.released,
        ratioOfMeans: row.ratioOfMeans,
        loss: row.loss,
        referenceLoss: row.referenceLoss,
        hardShare: row.hardShare,
        topShare: row.topShare,
        drawn: row.drawn,
        passes: row.passes,
      }));
      return [
        textTable(table, {
          digits: 3,
          columnDigits: { passes: 2 },
          footRows: 0,
        }),
        "",
        ...sorted.map(({ task, why }) => line`${task} ${why}`),
        ...follow ? ["", follow.about] : [],
      ].join("\n");
    });
  },
};
