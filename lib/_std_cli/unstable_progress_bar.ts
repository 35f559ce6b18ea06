/**
 * Stand-in for `jsr:@std/cli/unstable-progress-bar`, written anew after its
 * documented behaviour, for machines that can't reach JSR. `deno.json` →
 * `links` puts this folder in the place of `@std/cli` in this checkout only;
 * publishing writes the plain JSR specifier, so people who install the package
 * get the real one. Code that runs on it must run unchanged on the real module.
 *
 * @example Usage
 * ```ts
 * import { ProgressBar } from "@std/cli/unstable-progress-bar";
 * import assert from "node:assert/strict";
 *
 * let seen = "";
 * const writable = new WritableStream<Uint8Array>({
 *   write(bytes) {
 *     seen += new TextDecoder().decode(bytes);
 *   },
 * });
 * const bar = new ProgressBar({ max: 2, writable, fmt: (x) => `${x.value}` });
 * bar.value = 2;
 * await bar.stop();
 * assert.equal(seen, "\r\u001b[K0\r\u001b[K2\n");
 * ```
 *
 * @module
 */

/** What a format function is told. */
export interface ProgressBarFormatter {
  /** Time since the start, as `[mm:ss]`. */
  styledTime: string;
  /** The bar, as `[###---]`. */
  progressBar: string;
  /** Time since the start, ms. */
  time: number;
  /** `time` of the print before this one, ms. */
  previousTime: number;
  /** Where the work stands. */
  value: number;
  /** `value` of the print before this one. */
  previousValue: number;
  /** Where the work ends. */
  max: number;
}

/** Options of {@linkcode ProgressBar}. */
export interface ProgressBarOptions {
  /** Where the bar is printed. @default {Deno.stderr.writable} */
  writable?: WritableStream<Uint8Array>;
  /** Where the work stands. @default {0} */
  value?: number;
  /** Where the work ends. */
  max: number;
  /** Length of the bar, characters. @default {50} */
  barLength?: number;
  /** Character of the part that is done. @default {"#"} */
  fillChar?: string;
  /** Character of the part to do. @default {"-"} */
  emptyChar?: string;
  /** Whether {@linkcode ProgressBar.stop} takes the bar away. @default {false} */
  clear?: boolean;
  /** Makes the line. @default {time, bar, and value of max in bytes} */
  fmt?: (formatter: ProgressBarFormatter) => string;
  /** Whether `writable` stays open after the end. @default {true} */
  keepOpen?: boolean;
}

const LINE_CLEAR = "\r\u001b[K";
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A line that shows how far some work is, printed anew every second. */
export class ProgressBar {
  /** Where the work stands; set it as the work goes on. */
  value: number;
  /** Where the work ends. */
  max: number;

  #length: number;
  #fill: string;
  #empty: string;
  #clear: boolean;
  #keepOpen: boolean;
  #format: (formatter: ProgressBarFormatter) => string;
  #encoder = new TextEncoder();
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #timer: ReturnType<typeof setInterval>;
  #start = performance.now();
  #previousTime = 0;
  #previousValue: number;

  /**
   * Prints the bar at once and then every second.
   *
   * @param options `max` at least.
   */
  constructor(options: ProgressBarOptions) {
    this.value = options.value ?? 0;
    this.max = options.max;
    this.#length = options.barLength ?? 50;
    this.#fill = options.fillChar ?? "#";
    this.#empty = options.emptyChar ?? "-";
    this.#clear = options.clear ?? false;
    this.#keepOpen = options.keepOpen ?? true;
    this.#format = options.fmt ?? defaultFormat;
    this.#previousValue = this.value;
    this.#writer = (options.writable ?? Deno.stderr.writable).getWriter();
    this.#timer = setInterval(() => void this.#print(), 1000);
    void this.#print();
  }

  /** Prints the last state and ends the line, or clears it. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#clear) await this.#write(LINE_CLEAR);
    else {
      await this.#print();
      await this.#write("\n");
    }
    if (!this.#keepOpen) await this.#writer.close().catch(() => {});
    this.#writer.releaseLock();
  }

  #print(): Promise<void> {
    const time = performance.now() - this.#start;
    const text = this.#format({
      styledTime: styleTime(time),
      progressBar: this.#bar(),
      time,
      previousTime: this.#previousTime,
      value: this.value,
      previousValue: this.#previousValue,
      max: this.max,
    });
    this.#previousTime = time;
    this.#previousValue = this.value;
    return this.#write(LINE_CLEAR + text);
  }

  #bar(): string {
    const part = this.max > 0 ? this.value / this.max : 1;
    const filled = Math.floor(Math.min(1, Math.max(0, part)) * this.#length);
    return `[${this.#fill.repeat(filled)}${
      this.#empty.repeat(this.#length - filled)
    }]`;
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#writer.write(this.#encoder.encode(text));
    } catch {
      // Whoever was watching has gone; the work goes on without the bar.
      clearInterval(this.#timer);
    }
  }
}

function styleTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `[${two(Math.floor(seconds / 60))}:${two(seconds % 60)}]`;
}

function defaultFormat(x: ProgressBarFormatter): string {
  const power = x.max < 1 ? 0 : Math.min(
    UNITS.length - 1,
    Math.floor(Math.log2(x.max) / 10),
  );
  const show = (n: number) => (n / 1024 ** power).toFixed(2);
  return `${x.styledTime} ${x.progressBar} [${show(x.value)}/${show(x.max)} ${
    UNITS[power]
  }]`;
}
