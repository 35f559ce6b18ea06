import { escapeHtml } from "../escape.ts";
import { onInterrupt } from "./interrupt.ts";
import { DISPLAY, type MediaBundle } from "./jupyter.ts";
import { liveDisplay, type LiveDisplayOptions } from "./live_display.ts";
import { progressLine, type ProgressLineOptions } from "./progress_line.ts";

/** How far some long work is, as `runExperiment()` and others yield it. */
export interface ProgressLike {
  /** Part of the work. */
  stage: string;
  /** What is being done. */
  label: string;
  /** How much of this part is done. */
  done: number;
  /** How much of it there is; 0 if that isn't known. */
  total: number;
  /** Something to show beside it, e.g. a loss. */
  note?: string;
  /** What has one row for all of its stages; without it each stage has its own. */
  row?: string;
  /** Course of a score so far, drawn small beside it. */
  curve?: readonly number[];
  /** Sentences to show as they are, in place of a bar. */
  lines?: readonly string[];
}

/** Options for {@linkcode watchProgress}. */
export interface WatchProgressOptions
  extends
    Pick<LiveDisplayOptions, "display" | "intervalMs">,
    ProgressLineOptions {}

/** The stages so far, a bar for each, or for each row that they belong to. */
class ProgressCard {
  readonly #rows = new Map<string, ProgressLike & { seconds: number }>();
  #last: ProgressLike | undefined;
  #at = performance.now();

  add(event: ProgressLike): void {
    const now = performance.now();
    // What passed since the last event was spent on the stage that yielded it.
    const before = this.#last && this.#rows.get(rowOf(this.#last));
    if (before) before.seconds += (now - this.#at) / 1000;
    const seconds = this.#rows.get(rowOf(event))?.seconds ?? 0;
    this.#rows.set(rowOf(event), { ...event, seconds });
    this.#last = event;
    this.#at = now;
  }

  toString(): string {
    if (!this.#last) return "starting";
    const { label, done, total, note } = this.#last;
    const share = total > 0 ? `  ${done}/${total}` : "";
    return `${label}${share}${note ? `  ${note}` : ""}`;
  }

  [DISPLAY](): MediaBundle {
    const stages = [...this.#rows.values()];
    const named = stages.some(({ row }) => row !== undefined);
    const rows = stages.map((stage) => {
      if (stage.lines) return sentences(stage.lines);
      const seconds = `${stage.seconds.toFixed(1)} s`;
      const bar = `<progress value="${stage.done}" max="${
        Math.max(stage.total, 1)
      }" aria-label="${escapeHtml(stage.label)}"></progress>`;
      const cells = [
        ...named ? [escapeHtml(stage.row ?? "")] : [],
        escapeHtml(stage.label),
        bar,
        seconds,
        escapeHtml(stage.note ?? ""),
        sparkline(stage.curve ?? []),
      ];
      return `<tr>${
        cells.map((cell) => `<td style="text-align:left">${cell}</td>`).join("")
      }</tr>`;
    });
    return {
      "text/html": `<table>${rows.join("")}</table>`,
      "text/plain": stages.map(({ label, note, lines }) =>
        lines ? lines.join("\n") : note ? `${label}: ${note}` : label
      ).join("\n"),
    };
  }
}

/** Name of the row that an event goes to. */
function rowOf({ row, stage }: ProgressLike): string {
  return row === undefined ? stage : `row ${row}`;
}

const SPARK = { width: 90, height: 18 };

/** A small line of the values; one point shows nothing. */
function sparkline(values: readonly number[]): string {
  if (values.length < 2) return "";
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // Of noise there is little to see; the scores are from 0 to 1.
  const span = Math.max(high - low, 0.1);
  const points = values.map((value, i) => {
    const x = 2 + (SPARK.width - 4) * i / (values.length - 1);
    const y = SPARK.height - 2 - (SPARK.height - 4) * (value - low) / span;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const label = `from ${values[0]!.toFixed(3)} to ${values.at(-1)!.toFixed(3)}`;
  return `<svg role="img" aria-label="${label}" width="${SPARK.width}" height="${SPARK.height}"><polyline points="${
    points.join(" ")
  }" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>`;
}

/** Sentences across the whole table. */
function sentences(lines: readonly string[]): string {
  const text = lines.map(escapeHtml).join("<br>");
  return `<tr><td colspan="6" style="text-align:left">${text}</td></tr>`;
}

/**
 * Runs long work to its end and shows how far it is: a bar for each stage in a
 * notebook, a progress line elsewhere (on standard error).
 *
 * The stop button of a notebook ends the work between two steps, so that it
 * leaves its checkpoint; the cell then ends with an error of one line, and cells
 * below it don't run on something unfinished.
 *
 * @param work What yields the progress, e.g. `runExperiment(…)`.
 * @param options Where to show it.
 * @returns What the work returns.
 * @throws {DOMException} `AbortError`, if the stop button was pressed.
 *
 * @example Usage
 * ```ts
 * import { watchProgress } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * async function* work() { // stands for trainRetriever(suite, …)
 *   yield { stage: "a", label: "counting", done: 1, total: 2 };
 *   yield { stage: "a", label: "counting", done: 2, total: 2 };
 *   return 42;
 * }
 * assert.equal(await watchProgress(work(), { write: () => {} }), 42);
 * ```
 */
export async function watchProgress<T>(
  work: AsyncGenerator<ProgressLike, T>,
  options: WatchProgressOptions = {},
): Promise<T> {
  const card = new ProgressCard();
  const { display, intervalMs } = options;
  const live = liveDisplay({ display, intervalMs });
  const line = live.active ? undefined : progressLine(card, options);
  using interrupt = onInterrupt(live.active);
  try {
    while (true) {
      const next = await work.next();
      if (next.done) return next.value;
      card.add(next.value);
      live.update(card);
      line?.update();
      if (!interrupt.pressed) continue;
      await work.return(undefined as never);
      throw new DOMException(
        "stopped; rerun this cell and it resumes from its checkpoint",
        "AbortError",
      );
    }
  } finally {
    line?.end();
    await live.close();
  }
}
