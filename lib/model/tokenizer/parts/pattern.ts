import { onigurumaToJs } from "./oniguruma.ts";
import { cut, type Stretch } from "./stretch.ts";
import { escapedUnit } from "./unicode_sets.ts";

/** From where to where, and whether the pattern matched there. */
export type Span = readonly [start: number, end: number, matched: boolean];

/** Cuts a text into what matches a pattern and what lies between. */
export type FindSpans = (text: string) => Iterable<Span>;

/** What becomes of the delimiters of a split. */
export const BEHAVIORS = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const;

/** One of {@linkcode BEHAVIORS}. */
export type Behavior = typeof BEHAVIORS[number];

/**
 * The spans of a pattern of a `tokenizer.json`: `{ String }` or `{ Regex }`.
 *
 * @throws {Error} If it is a regular expression that isn't known to mean the
 * same here.
 */
export function patternSpans(pattern: unknown): FindSpans {
  const { String: text, Regex: source } = (pattern ?? {}) as {
    String?: unknown;
    Regex?: unknown;
  };
  if (typeof text === "string") {
    return textSpans(text);
  }
  if (typeof source === "string") {
    return regexSpans(new RegExp(onigurumaToJs(source).js, "gv"));
  }
  throw new Error("a pattern must be a String or a Regex");
}

/** Whether a pattern finds places between characters, too. */
export function findsNothing(pattern: unknown): boolean {
  const { String: text, Regex: source } = (pattern ?? {}) as {
    String?: unknown;
    Regex?: unknown;
  };
  return text === "" ||
    (typeof source === "string" && onigurumaToJs(source).empty);
}

/** The spans of a text that means itself. */
export function textSpans(text: string): FindSpans {
  return regexSpans(new RegExp(Array.from(text, escapedUnit).join(""), "gv"));
}

/** The spans of a regular expression with the flags `g` and `v` or `u`. */
export function regexSpans(regex: RegExp): FindSpans {
  return function* (text) {
    let [done, last] = [0, -1];
    for (let from = 0; from <= text.length;) {
      regex.lastIndex = from;
      const match = regex.exec(text);
      if (match === null) break;
      const start = match.index;
      const end = start + match[0].length;
      // Within a character there is no place.
      if (start > 0 && text.codePointAt(start - 1)! > 0xffff) {
        from = start + 1;
        continue;
      }
      // The reference takes no empty match right after another match.
      if (start === end && end === last) {
        from = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
        continue;
      }
      from = last = end;
      if (done < start) yield [done, start, false];
      yield [start, end, true];
      done = end;
    }
    if (done < text.length) yield [done, text.length, false];
  };
}

/** The spans, with what matched and what didn't exchanged. */
export function invertSpans(find: FindSpans): FindSpans {
  return function* (text) {
    for (const [start, end, matched] of find(text)) {
      yield [start, end, !matched];
    }
  };
}

/** Cuts a stretch at what a pattern finds; empty pieces are dropped. */
export function* splitStretch(
  stretch: Stretch,
  spans: Iterable<Span>,
  behavior: Behavior,
): Generator<Stretch> {
  for (const [start, end] of joined(spans, behavior)) {
    if (start < end) yield cut(stretch, start, end);
  }
}

function joined(
  spans: Iterable<Span>,
  behavior: Behavior,
): Iterable<readonly [number, number]> {
  switch (behavior) {
    case "Removed":
      return kept(spans);
    case "Isolated":
      return asTheyAre(spans);
    case "Contiguous":
      return contiguous(spans);
    case "MergedWithPrevious":
      return mergedBack(spans);
    case "MergedWithNext":
      return mergedAhead(spans);
  }
}

function* asTheyAre(spans: Iterable<Span>): Generator<[number, number]> {
  for (const [start, end] of spans) yield [start, end];
}

function* kept(spans: Iterable<Span>): Generator<[number, number]> {
  for (const [start, end, matched] of spans) if (!matched) yield [start, end];
}

function* contiguous(spans: Iterable<Span>): Generator<[number, number]> {
  let open: [number, number] | undefined;
  let before = false;
  for (const [start, end, matched] of spans) {
    if (open && matched === before) open[1] = end;
    else {
      if (open) yield open;
      open = [start, end];
    }
    before = matched;
  }
  if (open) yield open;
}

function* mergedBack(spans: Iterable<Span>): Generator<[number, number]> {
  let open: [number, number] | undefined;
  let before = false;
  for (const [start, end, matched] of spans) {
    if (open && matched && !before) open[1] = end;
    else {
      if (open) yield open;
      open = [start, end];
    }
    before = matched;
  }
  if (open) yield open;
}

function* mergedAhead(spans: Iterable<Span>): Generator<[number, number]> {
  // Of matches in a row the last alone goes with what follows.
  let held: [number, number] | undefined;
  for (const [start, end, matched] of spans) {
    if (matched) {
      if (held) yield held;
      held = [start, end];
    } else {
      yield [held?.[0] ?? start, end];
      held = undefined;
    }
  }
  if (held) yield held;
}
