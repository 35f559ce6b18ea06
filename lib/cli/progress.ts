import { ProgressBar } from "@std/cli/unstable-progress-bar";
import { printable } from "../base/printable.ts";
import type { ProgressEvent } from "../base/progress_event.ts";
import type { CommandIo } from "./io.ts";

/** The stage that is being shown. */
interface Shown {
  event(event: ProgressEvent): void;
  end(): Promise<void>;
}

type ProgressIo = Pick<
  CommandIo,
  "err" | "terminal" | "columns" | "signal" | "quiet"
>;

/**
 * Runs a generator to its end and shows its progress on standard error: a bar
 * for each stage on a terminal, a few plain lines elsewhere, nothing with
 * `--quiet`.
 *
 * @param events The work. When Ctrl-C is pressed it is ended between two events,
 * so that its `finally` blocks run.
 * @param io Where to show it.
 * @returns What the generator returned.
 * @throws {DOMException} `AbortError`, if it was interrupted.
 */
export async function renderProgress<T>(
  events: AsyncGenerator<ProgressEvent, T>,
  io: ProgressIo,
): Promise<T> {
  const start = io.quiet ? () => silent : io.terminal ? startBar : startLines;
  let shown: Shown | undefined;
  let stage: string | undefined;
  let lastPause = performance.now();
  try {
    while (true) {
      const next = await events.next();
      if (next.done) return next.value;
      const event = shownAs(next.value);
      if (event.lines) {
        await shown?.end();
        shown = stage = undefined;
        if (!io.quiet) io.err(event.lines.map((each) => `${each}\n`).join(""));
      } else if (event.stage !== stage) {
        await shown?.end();
        stage = event.stage;
        shown = start(event, io);
      }
      shown?.event(event);
      // Work that awaits nothing but itself would starve timers: the bar would
      // stand still and Ctrl-C would not be heard.
      if (performance.now() - lastPause > 100) {
        await new Promise((done) => setTimeout(done, 0));
        lastPause = performance.now();
      }
      if (io.signal.aborted) {
        await events.return(undefined as T);
        throw io.signal.reason;
      }
    }
  } finally {
    await shown?.end();
  }
}

/** An event whose texts, with names from outside in them, each stay on a line. */
function shownAs(event: ProgressEvent): ProgressEvent {
  const { stage, label, note, lines } = event;
  return {
    ...event,
    ...lines && { lines: lines.map(printable) },
    stage: printable(stage),
    label: printable(label),
    note: note === undefined ? undefined : printable(note),
  };
}

const silent: Shown = { event() {}, end: () => Promise.resolve() };

/** One bar, redrawn each second: label, bar, percent, count, note, time left. */
function startBar(first: ProgressEvent, io: ProgressIo): Shown {
  const clock = stopwatch(first);
  const decoder = new TextDecoder();
  let last = first;
  const bar = new ProgressBar({
    max: first.total,
    value: first.done,
    // A stream of its own: standard error may not be free yet for the next bar.
    writable: new WritableStream({
      write: (bytes) => io.err(decoder.decode(bytes, { stream: true })),
    }),
    fmt: (x) =>
      fit(barLine({ ...last, done: x.value, total: x.max }, clock), io),
  });
  return {
    event(event) {
      last = event;
      bar.value = event.done;
      bar.max = event.total;
    },
    end: () => bar.stop(),
  };
}

const BAR = 24;

function barLine(event: ProgressEvent, clock: Stopwatch): string {
  const { label, done, total, note } = event;
  const tail = note === undefined || note === "" ? "" : `  ${note}`;
  if (total <= 0) {
    return `${label}  ${done}  ${clock.spent()}${tail}`;
  }
  const part = Math.min(1, Math.max(0, done / total));
  const filled = Math.floor(part * BAR);
  const left = clock.left(event);
  const time = part === 1
    ? clock.spent()
    : left === undefined
    ? "…"
    : `${left} left`;
  return `${label}  ${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${
    percent(part)
  }  ${done}/${total}  ${time}${tail}`;
}

/** A line that wraps couldn't be redrawn in place. */
function fit(line: string, { columns }: ProgressIo): string {
  const letters = [...line];
  return letters.length < columns
    ? letters.join("")
    : `${letters.slice(0, Math.max(0, columns - 2)).join("")}…`;
}

/** Plain lines: at the start, at each quarter, and at the end. */
function startLines(first: ProgressEvent, io: ProgressIo): Shown {
  const clock = stopwatch(first);
  let last = first;
  let quarter = quarterOf(first);
  let label = first.label;
  const line = (text: string, note?: string) =>
    io.err(`${first.stage}: ${text}${note ? `  ${note}` : ""}\n`);
  line(
    first.total > 0 ? `${label} (${first.done}/${first.total})` : label,
    first.note,
  );
  return {
    event(event) {
      const { done, total, note } = event;
      const now = quarterOf(event);
      // Few steps, each with its own label: the labels are the news.
      if (event.label !== label && total <= 20) {
        line(`${event.label} (${done}/${total})`, note);
      } else if (now > quarter && now < 4) {
        line(`${now * 25} %  ${done}/${total}  ${clock.spent()}`, note);
      }
      label = event.label;
      quarter = Math.max(quarter, now);
      last = event;
    },
    end() {
      const { done, total } = last;
      const whole = total <= 0 || done >= total;
      line(
        whole
          ? `done in ${clock.seconds()} s`
          : `ended at ${done}/${total} after ${clock.seconds()} s`,
        total > 20 || total <= 0 ? last.note : undefined,
      );
      return Promise.resolve();
    },
  };
}

function quarterOf({ done, total }: ProgressEvent): number {
  return total > 0 ? Math.floor(Math.min(1, done / total) * 4) : 0;
}

function percent(part: number): string {
  return `${Math.floor(part * 100)} %`.padStart(5);
}

interface Stopwatch {
  /** Time since the start, s, with one decimal. */
  seconds(): string;
  /** The same as a clock shows it. */
  spent(): string;
  /** Time still needed at the pace so far, as a clock shows it. */
  left(event: ProgressEvent): string | undefined;
}

/** Counts from `first.done`, so that resumed work isn't taken for fast work. */
function stopwatch(first: ProgressEvent): Stopwatch {
  const start = performance.now();
  const ms = () => performance.now() - start;
  return {
    seconds: () => (ms() / 1000).toFixed(1),
    spent: () => clockTime(ms() / 1000),
    left({ done, total }) {
      const gone = done - first.done;
      return gone > 0
        ? clockTime(((total - done) / gone) * (ms() / 1000))
        : undefined;
    },
  };
}

/** `75` → `1:15`, `3700` → `1:01:40`. */
export function clockTime(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}
