import type { Suite, Task } from "../lib/data/mod.ts";

const COLOURS = ["red", "green", "blue", "black", "white", "brown"];
const THINGS = ["bird", "stone", "song", "house", "river", "lamp"];

/** A task whose passages answer its queries by a word they share. */
function task(name: string, words: string[], phrase: string): Task {
  const pairs = words.flatMap((a) => THINGS.map((b) => `${a} ${b}`));
  const qrels = { train: new Map(), dev: new Map(), test: new Map() };
  pairs.forEach((_, i) => {
    const split = i % 6 === 0 ? "test" : i % 6 === 1 ? "dev" : "train";
    qrels[split].set(`${name}-q${i}`, new Map([[`${name}-p${i}`, 1]]));
  });
  return {
    name,
    prompt: `Find the ${phrase}`,
    language: "en",
    kind: "question-passage",
    license: "CC0-1.0",
    source: "made up for the tests",
    corpus: new Map(pairs.map((pair, i) => [
      `${name}-p${i}`,
      { id: `${name}-p${i}`, text: `the ${phrase} of a ${pair}` },
    ])),
    queries: new Map(pairs.map((pair, i) => [
      `${name}-q${i}`,
      { id: `${name}-q${i}`, text: `which ${phrase} has the ${pair}` },
    ])),
    qrels,
  };
}

/** Three small tasks that a small encoder can learn in a few steps. */
export function toySuite(): Suite {
  return {
    name: "toy",
    tasks: [
      task("shades", COLOURS, "shade"),
      task("weights", COLOURS.slice(0, 3), "weight"),
      task("places", COLOURS.slice(2), "place"),
    ],
  };
}
