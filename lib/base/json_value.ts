import { printable } from "./printable.ts";

/**
 * Levels that a value from a file may have. The engine reads any number of
 * them, but whatever looks into the value then calls itself for each.
 */
const DEEPEST = 256;

/** Options of {@linkcode jsonValue}. */
export interface JsonValueOptions {
  /**
   * Whether numbers that JavaScript would write otherwise (integers beyond 2^53,
   * `1e21`, `1.50`) stay as they are: integers as bigint, others as text. They may
   * be ids, or texts.
   *
   * @default {false}
   */
  exact?: boolean;
}

/**
 * The value of a JSON text that others have written.
 *
 * @param text The text; a byte order mark before it is left out.
 * @param options Whether numbers stay as they are written.
 * @returns Its value, at most 256 levels deep.
 * @throws {SyntaxError} If it isn't JSON, or deeper. The message is the reason
 * alone, in one line; callers say which file, and what to do.
 */
export function jsonValue(
  text: string,
  { exact = false }: JsonValueOptions = {},
): unknown {
  const json = text.startsWith("\uFEFF") ? text.slice(1) : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    // V8 quotes a piece of the text, line ends and all.
    throw new SyntaxError(printable((error as SyntaxError).message));
  }
  if (isDeeper(value, DEEPEST)) {
    throw new SyntaxError(`it is nested more than ${DEEPEST} levels deep`);
  }
  return exact && MAY_CHANGE.test(json) ? parseAsWritten(json) : value;
}

/**
 * Numbers that may come back otherwise than written. It finds some that don't,
 * also within texts, but misses none: what it finds is parsed once more, at ten
 * times the cost.
 */
const MAY_CHANGE = /(?:^|[:,[])\s*-?(?:\d+[.eE]|\d{16}|(?<=-)0)/;

/** What `JSON.parse` tells of a value besides, where the value is a plain one. */
interface Context {
  source?: string;
}

/** `JSON.parse` with what its types don't know of yet. */
const parseAsWritten = (json: string): unknown =>
  (JSON.parse as (text: string, revive: typeof asWritten) => unknown)(
    json,
    asWritten,
  );

function asWritten(_: string, value: unknown, { source }: Context): unknown {
  if (typeof value !== "number" || `${value}` === source) return value;
  return /^-?[1-9]\d*$/.test(source!) ? BigInt(source!) : source;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  const below = Array.isArray(value) ? value : Object.values(value);
  return below.some((each) => isDeeper(each, levels - 1));
}
