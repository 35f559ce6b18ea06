import { cardOf } from "./cards.ts";
import { DISPLAY } from "./jupyter.ts";
import { mediaBundle, plainText } from "./show.ts";

/** The symbol by which `console.log` asks a value how to write it. */
const INSPECT = Symbol.for("Deno.customInspect");

/** Width of a table where `console.log` writes to no terminal, in cells. */
const PLAIN_WIDTH = 120;

/**
 * Makes an object show itself as `show()` does: as the last line of a notebook's
 * cell, and in `console.log`. What it holds stays as it is; a copy by `{ ...value }`
 * has the content alone.
 *
 * @param value A suite, an encoder, a weight file, a result.
 * @returns The same object.
 */
export function selfShowing<T extends object>(value: T): T {
  const hidden = { enumerable: false, configurable: true, writable: true };
  return Object.defineProperties(value, {
    [DISPLAY]: { ...hidden, value: () => mediaBundle(shownAs(value)) },
    [INSPECT]: { ...hidden, value: () => consoleText(value) },
  });
}

/** What is shown of an object that may have been changed since. */
function shownAs(value: object): object {
  return cardOf(value) ? value : { ...value };
}

function consoleText(value: object): string {
  return plainText(shownAs(value), { width: consoleWidth() });
}

function consoleWidth(): number {
  try {
    return Math.max(40, Deno.consoleSize().columns);
  } catch {
    return PLAIN_WIDTH; // no terminal
  }
}
