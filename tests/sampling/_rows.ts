import type { TrainExample } from "../../lib/data/types.ts";

/** Made-up rows: `sizes[k]` of task k, each with so many passages. */
export function rowsOf(
  sizes: readonly number[],
  { positives = 1, negatives = 3 } = {},
): TrainExample[][] {
  return sizes.map((size, domain) =>
    Array.from({ length: size }, (_, row) => {
      const passage = (kind: string) => (_: unknown, i: number) => ({
        id: `${domain}-${row}${kind}${i}`,
        text: `${kind}${i} of row ${row} of task ${domain}`,
      });
      return {
        domain,
        query: { id: `q${row}`, text: `query ${row} of task ${domain}` },
        positives: Array.from({ length: positives }, passage("+")),
        negatives: Array.from({ length: negatives }, passage("-")),
      };
    })
  );
}
