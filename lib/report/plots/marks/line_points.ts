/** One point of a line. */
export interface LinePoint {
  /** Which line. */
  series: string;
  /** Training step. */
  step: number;
  /** Height. */
  value: number;
  /** Lower edge of the band around the line. */
  low?: number;
  /** Upper edge of the band. */
  high?: number;
}

/** Room from one label to the next, in px. */
export const LABEL_GAP = 14;

/** Points by line, in order of appearance; each line in order of its steps. */
export function groupLines(
  points: Iterable<LinePoint>,
): Map<string, LinePoint[]> {
  const lines = new Map<string, LinePoint[]>();
  for (const point of points) {
    const line = lines.get(point.series);
    if (line === undefined) lines.set(point.series, [point]);
    else line.push(point);
  }
  for (const line of lines.values()) line.sort((a, b) => a.step - b.step);
  return lines;
}

/**
 * A line that was drawn several times (once a seed) as its mean, with a band
 * from the least to the largest value of each step.
 */
export function bandOf(line: readonly LinePoint[]): LinePoint[] {
  const bySteps = Map.groupBy(line, (point) => point.step);
  return [...bySteps].map(([step, points]) => {
    const values = points.map((point) => point.value);
    return {
      series: line[0]!.series,
      step,
      value: values.reduce((sum, v) => sum + v, 0) / values.length,
      low: Math.min(...values),
      high: Math.max(...values),
    };
  });
}

/**
 * Moves labels apart until each has its room, as little as may be (in the sense
 * of least squares: neighbours that would overlap form a block around their
 * mean), and inside the plot's height if there's room for all.
 */
export function spread<Label extends { value: number; label: string }>(
  labels: Label[],
  domain: readonly [number, number],
  height: number,
): (Label & { labelValue: number })[] {
  const [low, high] = domain;
  const toPx = (value: number) => (value - low) / (high - low) * height;
  const sorted = [...labels].sort((a, b) =>
    a.value - b.value || (a.label < b.label ? 1 : -1)
  );
  const gap = Math.min(LABEL_GAP, height / Math.max(1, labels.length - 1));
  // Pool adjacent violators on the wanted place less the room of those below.
  const blocks: { sum: number; count: number }[] = [];
  for (const [i, label] of sorted.entries()) {
    let block = { sum: toPx(label.value) - i * gap, count: 1 };
    while (
      blocks.length > 0 &&
      blocks.at(-1)!.sum / blocks.at(-1)!.count > block.sum / block.count
    ) {
      const before = blocks.pop()!;
      block = {
        sum: before.sum + block.sum,
        count: before.count + block.count,
      };
    }
    blocks.push(block);
  }
  const top = height - gap * (sorted.length - 1);
  const places = blocks.flatMap(({ sum, count }) =>
    new Array<number>(count).fill(Math.min(Math.max(sum / count, 0), top))
  );
  return sorted.map((label, i) => ({
    ...label,
    labelValue: low + (places[i]! + i * gap) / height * (high - low),
  }));
}

/** At most `most` of the points of a line, evenly, the first and last kept. */
export function thin<Point>(points: Point[], most: number): Point[] {
  if (points.length <= most) return points;
  const picked: Point[] = [];
  for (let i = 0; i < most; i++) {
    picked.push(points[Math.round(i * (points.length - 1) / (most - 1))]!);
  }
  return picked;
}

/** Six digits are more than a picture shows, and a third of the characters. */
export function rounded(point: LinePoint): LinePoint {
  const short = (value: number) => Number(value.toPrecision(6));
  const copy = { ...point, value: short(point.value) };
  if (copy.low !== undefined) copy.low = short(copy.low);
  if (copy.high !== undefined) copy.high = short(copy.high);
  return copy;
}
