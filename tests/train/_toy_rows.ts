import type { TrainExample } from "../../lib/data/mod.ts";

/** Rows of two tasks that a small encoder can learn. */
export function toyRows(): TrainExample[][] {
  const row = (domain: number, id: number, word: string): TrainExample => ({
    domain,
    query: { id: `q${id}`, text: `what is ${word}` },
    positives: [{ id: `p${id}`, text: `${word} is a thing` }],
    negatives: [{ id: `n${id}`, text: "nothing at all" }],
  });
  const words = ["red", "green", "blue", "bird", "sky", "song"];
  return [
    words.map((word, i) => row(0, i, word)),
    words.map((word, i) => row(1, i, `${word} ${word}`)),
  ];
}
