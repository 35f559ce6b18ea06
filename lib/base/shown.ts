import { printable } from "./printable.ts";

/** A value from a file, made fit for a one-line message. */
export function shown(value: unknown): string {
  const text = printable(JSON.stringify(value) ?? "nothing");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
