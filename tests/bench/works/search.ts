import { setupSearch } from "../_search_work.ts";
import type { Work } from "../_work.ts";

/** Exact search through 100,000 passages. */
export function setup(quick: boolean, folder: string): Promise<Work> {
  return setupSearch(
    folder,
    quick
      ? { passages: 20_000, queries: 200 }
      : { passages: 100_000, queries: 1000 },
  );
}
