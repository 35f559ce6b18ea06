import { setupSearch } from "../_search_work.ts";
import type { Work } from "../_work.ts";

/** Exact search through a million passages. */
export function setup(quick: boolean, folder: string): Promise<Work> {
  return setupSearch(
    folder,
    quick
      ? { passages: 200_000, queries: 200 }
      : { passages: 1_000_000, queries: 1000 },
  );
}
