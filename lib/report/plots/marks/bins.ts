/** A bin of a histogram. */
export interface Bin {
  /** Its lower end, included. */
  from: number;
  /** Its upper end, left out. */
  to: number;
}

/** Bins of equal, round width from 0 to past `high`, about `count` of them. */
export function roundBins(high: number, count: number): Bin[] {
  const raw = Math.max(high, 1) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const width = Math.max(
    1,
    [1, 2, 5, 10].map((n) => n * power).find((w) => w >= raw)!,
  );
  const bins: Bin[] = [];
  for (let from = 0; from <= high; from += width) {
    bins.push({ from, to: from + width });
  }
  return bins;
}

/**
 * Bins of growing width from 0 to past `high`, about `count` of them, with
 * whole ends; for lengths that differ by orders.
 */
export function growingBins(high: number, count: number): Bin[] {
  const factor = Math.max(high, 2) ** (1 / count);
  const bins: Bin[] = [{ from: 0, to: 1 }];
  while (bins.at(-1)!.to <= high) {
    const from = bins.at(-1)!.to;
    bins.push({ from, to: Math.max(from + 1, Math.round(from * factor)) });
  }
  return bins;
}

/** The value below which a share of the weight lies. */
export function weightedQuantile(
  rows: readonly { value: number; weight: number }[],
  share: number,
): number {
  const sorted = rows.toSorted((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, row) => sum + row.weight, 0);
  let sum = 0;
  for (const row of sorted) {
    sum += row.weight;
    if (sum >= share * total) return row.value;
  }
  return sorted.at(-1)!.value;
}
