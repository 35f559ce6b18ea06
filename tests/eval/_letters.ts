import type { EncodeFunction } from "../../lib/model/types.ts";

/** What an encode function was given. */
export interface Encoded {
  kind: string | undefined;
  text: string;
}

/** An encoder without a model: counts of letters, scaled to length 1. */
export function letterEncoder(seen: Encoded[] = []): EncodeFunction {
  return (texts, { kind } = {}) => {
    const data = new Float32Array(texts.length * 26);
    texts.forEach((text, row) => {
      seen.push({ kind, text });
      // What comes before the query's own text is left out: the tests' queries
      // are short, an instruction would drown them.
      const own = text.split("Query: ").at(-1)!.toLowerCase();
      const counts = data.subarray(row * 26, row * 26 + 26);
      for (const letter of own) {
        const at = letter.charCodeAt(0) - 97;
        if (at >= 0 && at < 26) counts[at]!++;
      }
      const length = Math.hypot(...counts) || 1;
      counts.forEach((count, i) => counts[i] = count / length);
    });
    return Promise.resolve({ data, count: texts.length, dimension: 26 });
  };
}
