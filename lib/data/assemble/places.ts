import { Growing } from "./growing.ts";

/** Numbers of places in a file that a number has room for. */
const ROOM = 2 ** 40;

/** Keeps where things stand (`faq.csv:12`) as numbers. */
export class Places {
  readonly #starts: string[] = [];
  readonly #codes = new Map<string, number>();

  /** The number of a place. */
  code(where: string): number {
    const [, start = "", digits] = /^(.*?)(\d{1,12})?$/s.exec(where) ?? [];
    let code = this.#codes.get(start);
    if (code === undefined) {
      code = this.#starts.push(start) - 1;
      this.#codes.set(start, code);
    }
    return code * ROOM + (digits === undefined ? 0 : Number(digits) + 1);
  }

  /** The place of a number. */
  where(code: number): string {
    const start = this.#starts[Math.floor(code / ROOM)]!;
    const number = code % ROOM;
    return number === 0 ? start : `${start}${number - 1}`;
  }
}

/** A list of their numbers. */
export function placeList(): Growing<Float64Array> {
  return new Growing(Float64Array);
}
