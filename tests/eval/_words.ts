import type { EncodeFunction } from "../../lib/model/types.ts";
import { noise } from "../_backends.ts";

/**
 * An encoder of texts as sums of random vectors, one a word; it counts the texts.
 *
 * @param dimension Length of the vectors.
 */
export function wordEncoder(
  dimension: number,
): { encode: EncodeFunction; counted: { texts: number } } {
  const counted = { texts: 0 };
  const encode: EncodeFunction = (texts) => {
    counted.texts += texts.length;
    const data = new Float32Array(texts.length * dimension);
    texts.forEach((text, i) => {
      for (const word of text.toLowerCase().split(/\W+/)) {
        let seed = 7;
        for (const letter of word) seed = seed * 31 + letter.charCodeAt(0);
        noise(dimension, seed % 1e6).forEach((x, d) => {
          data[i * dimension + d]! += x;
        });
      }
    });
    return Promise.resolve({ data, count: texts.length, dimension });
  };
  return { encode, counted };
}
