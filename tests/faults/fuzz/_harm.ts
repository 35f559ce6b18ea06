/** What an engine says when nobody looked at a file before using it. */
const ENGINE =
  /Maximum call stack|Invalid (array|typed array|string) length|allocation failed|Cannot read propert|is not a function|is not iterable|is not a constructor|Cannot convert|Cannot destructure|is not defined|Cannot mix BigInt|offset is out of bounds|\[object Object\]/;

/** Line ends of any kind, and what a terminal obeys. */
// deno-lint-ignore no-control-regex
const NOT_ONE_LINE = /[\x00-\x08\n\r\x1b]/;

/** Longer messages quote a file. */
const LONGEST = 1e9;

/** Why an error isn't one line that a user can act on; nothing if it is. */
export function harmOf(error: unknown): string | undefined {
  const ours = error instanceof SyntaxError || error instanceof RangeError ||
    Object.values(Deno.errors).some((kind) => error instanceof kind);
  const { message = `${error}`, stack } = error as Partial<Error>;
  const told = `${(error as Error)?.constructor?.name}: ${
    JSON.stringify(message.slice(0, 300))
  }`;
  if (!ours) return `${told} ${stack?.split("\n").slice(1, 4).join(" ")}`;
  if (ENGINE.test(message)) {
    return `the engine's words: ${told} ${
      stack?.split("\n").slice(1, 3).join(" ")
    }`;
  }
  if (!message.includes("Cannot")) return `not told as ours: ${told}`;
  if (NOT_ONE_LINE.test(message)) return `more than a line: ${told}`;
  if (message.length > LONGEST) return `${message.length} characters: ${told}`;
}
