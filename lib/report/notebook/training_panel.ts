import { concatPlots } from "../plots/concat_plots.ts";
import { DISPLAY, type MediaBundle } from "./jupyter.ts";
import { lossPlot } from "../plots/loss_plot.ts";
import type { PlotSpec } from "../plots/plot_spec.ts";
import { mediaBundle } from "./show.ts";
import { devPlot } from "../plots/dev_plot.ts";
import type { DevReportLike, TrainingStepLike } from "../plots/shapes.ts";
import { weightTrajectoryPlot } from "../plots/weight_trajectory_plot.ts";

/** Options for {@linkcode TrainingPanel}. */
export interface TrainingPanelOptions {
  /** What is being trained. @default {"Training"} */
  title?: string;
  /** Task names by domain id; without them the losses aren't told apart. */
  names?: readonly string[];
  /** Training rows of each task, for the passes over it. */
  sizes?: readonly number[];
  /** Updates that there will be, for the time that is left. */
  total?: number;
}

/** Points of a curve that the panel draws at most, for speed. */
const POINTS = 60;

/**
 * What a training run is doing, for a notebook's cell: loss by task, course of
 * the weights (where they are learned) and of dev scores (where they are measured),
 * gradient norm, tokens/s, passes over
 * each task, time left. As text it is one line.
 *
 * `watchTraining()` keeps one up to date; it can be fed by hand as well.
 *
 * @example Usage
 * ```ts
 * import { TrainingPanel } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const panel = new TrainingPanel({ names: ["a", "b"], total: 10 });
 * panel.add({
 *   step: 0,
 *   loss: 1.5,
 *   losses: [1, 2],
 *   domains: [0, 1],
 *   gradNorm: 0.7,
 *   tokens: 640,
 *   seconds: 0.1,
 * });
 * assert.match(String(panel), /^Training {2}1\/10 {2}loss 1\.500 .* 6,400 tokens\/s/);
 * ```
 */
export class TrainingPanel {
  readonly #title: string;
  readonly #names: readonly string[];
  readonly #sizes: readonly number[];
  readonly #total: number | undefined;
  readonly #losses: { step: number; task?: string; loss: number }[] = [];
  readonly #weights: { step: number; task: string; weight: number }[] = [];
  readonly #dev: { step: number; task: string; ndcg: number }[] = [];
  readonly #drawn: number[] = [];
  #devMean: number | undefined;
  #last: TrainingStepLike | undefined;
  #steps = 0;
  #tokens = 0;
  #seconds = 0;
  #note = "";

  /**
   * A panel that has seen no update yet.
   *
   * @param options Title, tasks, length.
   */
  constructor(
    { title = "Training", names = [], sizes = [], total }:
      TrainingPanelOptions = {},
  ) {
    this.#title = title;
    this.#names = names;
    this.#sizes = sizes;
    this.#total = total;
  }

  /** Takes in what an update, or an evaluation between two, reported. */
  add(report: TrainingStepLike | DevReportLike): void {
    if ("scores" in report) this.#addDev(report);
    else this.#addUpdate(report);
  }

  #addDev({ step, mean, scores }: DevReportLike): void {
    this.#devMean = mean;
    for (const [task, ndcg] of Object.entries(scores)) {
      this.#dev.push({ step, task, ndcg });
    }
  }

  #addUpdate(report: TrainingStepLike): void {
    this.#last = report;
    this.#steps++;
    this.#tokens += report.tokens;
    this.#seconds += report.seconds;
    const sums = new Map<number, [sum: number, count: number]>();
    report.domains.forEach((domain, i) => {
      const [sum, count] = sums.get(domain) ?? [0, 0];
      sums.set(domain, [sum + report.losses[i]!, count + 1]);
      this.#drawn[domain] = (this.#drawn[domain] ?? 0) + 1;
    });
    const step = report.step + 1;
    if (this.#names.length === 0) {
      this.#losses.push({ step, loss: report.loss });
    } else {
      for (const [domain, [sum, count]] of sums) {
        this.#losses.push({
          step,
          task: this.#name(domain),
          loss: sum / count,
        });
      }
    }
    report.state?.curr.forEach((weight, k) =>
      this.#weights.push({ step, task: this.#name(k), weight })
    );
  }

  /** Says how it ended, e.g. that a checkpoint was written. */
  end(note: string): void {
    this.#note = note;
  }

  /**
   * The panel as a plot to show or edit.
   *
   * @returns A Vega-Lite plot; undefined before the first update.
   */
  plot(): PlotSpec | undefined {
    if (this.#last === undefined) return undefined;
    const size = { width: 480, height: 170, maxPoints: POINTS };
    const tasks = (rows: { task?: string }[]) =>
      new Set(rows.map((row) => row.task)).size;
    const tall = (rows: { task?: string }[]) => ({
      ...size,
      height: Math.max(size.height, (tasks(rows) + 1) * 14),
    });
    const plots = [
      lossPlot(this.#losses, {
        ...tall(this.#losses),
        title: this.#names.length > 0 ? "Loss by task" : "Loss",
      }),
    ];
    if (this.#weights.length > 0) {
      plots.push(weightTrajectoryPlot(this.#weights, {
        ...tall(this.#weights),
        title: "Domain weights",
      }));
    }
    if (this.#dev.length > 0) {
      plots.push(devPlot(this.#dev, {
        width: size.width,
        height: tall(this.#dev).height,
        title: "Dev scores by task",
      }));
    }
    const passes = this.#passes();
    return concatPlots(
      {
        text: [String(this)],
        subtitle: passes === "" ? [] : [passes],
      },
      `${this.#title}: ${this}`,
      plots,
    );
  }

  /** One line: update, loss, gradient norm, tokens/s, time left. */
  toString(): string {
    const last = this.#last;
    if (last === undefined) {
      return `${this.#title}  waiting for the first update`;
    }
    const step = last.step + 1;
    const pace = this.#seconds === 0
      ? 0
      : Math.round(this.#tokens / this.#seconds);
    const facts = [
      this.#title,
      this.#total === undefined ? `step ${step}` : `${step}/${this.#total}`,
      `loss ${last.loss.toFixed(3)}`,
      ...this.#devMean === undefined ? [] : [`dev ${this.#devMean.toFixed(3)}`],
      `gradient norm ${last.gradNorm.toPrecision(3)}`,
      `${pace.toLocaleString("en-US")} tokens/s`,
    ];
    const end = this.#note === "" ? this.#timeLeft() : this.#note;
    if (end !== "") facts.push(end);
    return facts.join("  ");
  }

  /** The panel as a notebook shows it. */
  async [DISPLAY](): Promise<MediaBundle> {
    const plot = this.plot();
    const text = { "text/plain": String(this) };
    return plot === undefined ? text : { ...await mediaBundle(plot), ...text };
  }

  #name(domain: number): string {
    return this.#names[domain] ?? `domain ${domain}`;
  }

  /** Time left at the pace so far; nothing where the length isn't known. */
  #timeLeft(): string {
    if (this.#total === undefined || this.#steps === 0) return "";
    const left = Math.max(0, this.#total - this.#last!.step - 1);
    const seconds = Math.round(left * this.#seconds / this.#steps);
    const clock = `${Math.floor(seconds / 60)}:${
      String(seconds % 60).padStart(2, "0")
    }`;
    return left === 0 ? "done" : `${clock} left`;
  }

  /** How often each task's rows were drawn; the most and least of many. */
  #passes(): string {
    const all = this.#sizes.map((size, k) => ({
      name: this.#name(k),
      passes: (this.#drawn[k] ?? 0) / size,
    })).sort((a, b) => b.passes - a.passes);
    if (all.length === 0) return "";
    const shown = all.length > 6 ? [...all.slice(0, 3), ...all.slice(-3)] : all;
    return `Passes: ${
      shown.map(({ name, passes }) => `${name} ${passes.toFixed(2)}`).join(", ")
    }${all.length > 6 ? " (most and least)" : ""}`;
  }
}
