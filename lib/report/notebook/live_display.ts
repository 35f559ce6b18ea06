import { type DisplayFunction, kernelDisplay } from "./jupyter.ts";
import { mediaBundle, type ShowOptions } from "./show.ts";

/** One place in a notebook whose content changes; from {@linkcode liveDisplay}. */
export interface LiveDisplay extends AsyncDisposable {
  /** Whether anything is shown, i.e. whether this runs in a notebook. */
  readonly active: boolean;
  /**
   * Shows a value, in place of the one before. Within a quarter of a second of
   * the last drawing it is only kept, and drawn later if nothing newer comes.
   *
   * @param value Anything that `show()` takes, or a function that makes it; the
   * function is called only if its value is drawn, so it may be costly.
   */
  update(value: unknown | (() => unknown)): void;
  /**
   * Draws the last value if it isn't on the screen yet, and ends the display;
   * later updates are ignored.
   *
   * @throws What drawing threw, e.g. for a faulty plot.
   */
  close(): Promise<void>;
}

/** Options for {@linkcode liveDisplay}. */
export interface LiveDisplayOptions extends ShowOptions {
  /** Least time between two drawings, in ms. @default {250} */
  intervalMs?: number;
  /**
   * What draws. By default the notebook kernel; outside a notebook nothing is
   * drawn.
   */
  display?: DisplayFunction;
}

/**
 * A display that is updated in place, for watching training in a notebook: at
 * most four drawings a second, at most a fifth of the time spent on them, and
 * the last state is always shown in the end. Outside a notebook it does nothing.
 *
 * @param options Rate, and where to draw.
 * @returns The display; `await using` closes it.
 * @throws {RangeError} If `intervalMs` is not a number of at least 0.
 *
 * @example Usage
 * ```ts
 * import { liveDisplay, lossPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const losses: { step: number; loss: number }[] = [];
 * await using live = liveDisplay();
 * for (let step = 1; step <= 100; step++) {
 *   losses.push({ step, loss: 1 / step });
 *   live.update(() => lossPlot(losses));
 * }
 * assert.equal(live.active, false); // not in a notebook
 * ```
 */
export function liveDisplay(
  { intervalMs = 250, display = kernelDisplay(), ...options }:
    LiveDisplayOptions = {},
): LiveDisplay {
  if (!(intervalMs >= 0)) {
    throw new RangeError(
      `Cannot open a live display: intervalMs must be a number of at least 0: got ${intervalMs}`,
    );
  }
  if (display === undefined) return INACTIVE;
  return new NotebookDisplay(display, intervalMs, options);
}

const INACTIVE: LiveDisplay = Object.freeze({
  active: false,
  update() {},
  close: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

class NotebookDisplay implements LiveDisplay {
  readonly active = true;
  readonly #id = crypto.randomUUID();
  readonly #display: DisplayFunction;
  readonly #interval: number;
  readonly #options: ShowOptions;
  #shown = false;
  #closed = false;
  #waiting: { value: unknown } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawing: Promise<void> | undefined;
  #error: { error: unknown } | undefined;
  /** When the next drawing may begin, in ms of the performance clock. */
  #due = 0;

  constructor(
    display: DisplayFunction,
    interval: number,
    options: ShowOptions,
  ) {
    this.#display = display;
    this.#interval = interval;
    this.#options = options;
  }

  update(value: unknown): void {
    if (this.#closed) return;
    this.#waiting = { value };
    this.#plan();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#drawing;
    if (this.#waiting !== undefined) await this.#draw();
    if (this.#error !== undefined) {
      const { error } = this.#error;
      this.#error = undefined;
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#drawing !== undefined) return;
    const wait = this.#due - performance.now();
    if (wait <= 0) {
      this.#start();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#start();
    }, wait);
  }

  #start(): void {
    this.#drawing = this.#draw().finally(() => {
      this.#drawing = undefined;
      if (this.#waiting !== undefined && !this.#closed) this.#plan();
    });
  }

  /** Draws what waits. Keeps an error for close(): nobody awaits an update. */
  async #draw(): Promise<void> {
    const begun = performance.now();
    const { value } = this.#waiting!;
    this.#waiting = undefined;
    try {
      const made = typeof value === "function" ? value() : value;
      const bundle = await mediaBundle(made, this.#options);
      await this.#display(bundle, { displayId: this.#id, update: this.#shown });
      this.#shown = true;
    } catch (error) {
      this.#error = { error };
    }
    const ended = performance.now();
    // Four times the cost between two drawings keeps training at 80 % or more.
    this.#due = Math.max(begun + this.#interval, ended + 4 * (ended - begun));
  }
}
