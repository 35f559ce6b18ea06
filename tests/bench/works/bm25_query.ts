import { Bm25 } from "../../../lib/search/mod.ts";
import { bm25Texts } from "../_bm25_texts.ts";
import type { Work } from "../_work.ts";

/** From texts of queries to their 100 best passages. */
export async function setup(quick: boolean, folder: string): Promise<Work> {
  const { passages, queries } = await bm25Texts(quick, folder);
  const index = new Bm25(passages.map((text, i) => ({ id: `${i}`, text })));
  const requests = queries.map((text, i) => ({ id: `${i}`, text }));
  let check = 0;
  for (const list of index.run(requests, 100).values()) {
    for (const score of list.values()) check += score;
  }
  return { check, round: () => void index.run(requests, 100) };
}
