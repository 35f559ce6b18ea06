import { Bm25 } from "../../../lib/search/mod.ts";
import { bm25Texts } from "../_bm25_texts.ts";
import type { Work } from "../_work.ts";

/** From texts to an index, tokens included. */
export async function setup(quick: boolean, folder: string): Promise<Work> {
  const { passages } = await bm25Texts(quick, folder);
  const corpus = passages.map((text, i) => ({ id: `${i}`, text }));
  return { round: () => void new Bm25(corpus) };
}
