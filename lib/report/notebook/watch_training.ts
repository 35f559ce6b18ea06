import { onInterrupt } from "./interrupt.ts";
import { liveDisplay, type LiveDisplayOptions } from "./live_display.ts";
import { progressLine, type ProgressLineOptions } from "./progress_line.ts";
import type { DevReportLike, TrainingStepLike } from "../plots/shapes.ts";
import { TrainingPanel, type TrainingPanelOptions } from "./training_panel.ts";

/** Options for {@linkcode watchTraining}. */
export interface WatchTrainingOptions<
  Report extends TrainingStepLike | DevReportLike = TrainingStepLike,
> extends
  TrainingPanelOptions,
  Pick<LiveDisplayOptions, "display" | "intervalMs">,
  ProgressLineOptions {
  /**
   * Called when the notebook's stop button was pressed, with the last report;
   * what it returns is told in the cell, e.g. where the checkpoint lies.
   */
  onInterrupt?: (last: Report) => string | void | Promise<string | void>;
}

/**
 * Watches a training run: passes its reports on and meanwhile shows a live panel
 * in a notebook, updated in place at most four times a second, or a progress
 * line elsewhere (on standard error; in place in a terminal).
 *
 * The stop button of a notebook ends the run after the update at hand, calls
 * `onInterrupt` (which may write a checkpoint), and the cell ends without an
 * error. Outside a notebook Ctrl-C is left to the program.
 *
 * @param steps What `train()` or `learnWeights()` yields, or `withDev()` around them.
 * @param options Tasks, length, what to do on interruption.
 * @returns The same reports.
 *
 * @example Usage
 * ```ts
 * import { watchTraining } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * async function* steps() { // stands for train(encoder, batches, …)
 *   for (let step = 0; step < 3; step++) {
 *     const losses = [1 / (step + 1)], domains = [0];
 *     yield { step, loss: losses[0]!, losses, domains, gradNorm: 1, tokens: 9, seconds: 1 };
 *   }
 * }
 * let seen = 0;
 * for await (const _ of watchTraining(steps(), { total: 3, write: () => {} })) seen++;
 * assert.equal(seen, 3);
 * ```
 */
export async function* watchTraining<
  Report extends TrainingStepLike | DevReportLike,
>(
  steps: AsyncIterable<Report>,
  options: WatchTrainingOptions<Report> = {},
): AsyncGenerator<Report, void> {
  const panel = new TrainingPanel(options);
  const { display, intervalMs } = options;
  const live = liveDisplay({ display, intervalMs });
  const line = live.active ? undefined : progressLine(panel, options);
  using interrupt = onInterrupt(live.active);
  let last: Report | undefined;
  try {
    for await (const report of steps) {
      last = report;
      panel.add(report);
      live.update(panel);
      line?.update();
      yield report;
      if (interrupt.pressed) break;
    }
    if (interrupt.pressed && last !== undefined) {
      const told = await options.onInterrupt?.(last);
      panel.end(`interrupted${told ? `: ${told}` : ""}`);
      live.update(panel);
    }
  } finally {
    line?.end();
    await live.close();
  }
}
