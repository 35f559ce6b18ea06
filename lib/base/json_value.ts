import { printable } from "./printable.ts";

/**
 * Levels that a value from a file may have. The engine reads any number of
 * them, but whatever looks into the value then calls itself for each.
 */
const DEEPEST = 256;

/**
 * The value of a JSON text that others have written.
 *
 * @param text The text; a byte order mark before it is left out.
 * @returns Its value, at most 256 levels deep.
 * @throws {SyntaxError} If it isn't JSON, or deeper. The message is the reason
 * alone, in one line; callers say which file, and what to do.
 */
export function jsonValue(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (error) {
    // V8 quotes a piece of the text, line ends and all.
    throw new SyntaxError(printable((error as SyntaxError).message));
  }
  if (isDeeper(value, DEEPEST)) {
    throw new SyntaxError(`it is nested more than ${DEEPEST} levels deep`);
  }
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  const below = Array.isArray(value) ? value : Object.values(value);
  return below.some((each) => isDeeper(each, levels - 1));
}
