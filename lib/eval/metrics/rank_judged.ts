import { compareCodePoints } from "../../base/compare_code_points.ts";

/** A judged passage that was retrieved. */
interface Found {
  id: string;
  grade: number;
  score: number;
  /** Its place in the run's map. */
  at: number;
}

/** Where the judged passages of one query stand in its ranking. */
export interface JudgedRanks {
  /** Ranks, from 0, ascending. */
  ranks: Int32Array;
  /** Grades; the order of `ranks`. */
  grades: number[];
  /** Number of passages in the ranking. */
  retrieved: number;
}

/** Options for {@linkcode rankJudged}. */
export interface RankJudgedOptions {
  /** See `EvaluateRunOptions`. */
  ties: "id" | "insertion";
  /** Passage that is left out. */
  without: string | undefined;
  /** What to throw if the score of a passage is NaN. */
  notANumber(id: string): Error;
}

/**
 * Ranks of the judged passages among all that were retrieved. Nothing is
 * sorted but the judged ones, which are few: each passage of the run is counted
 * before those that it beats, found by binary search.
 */
export function rankJudged(
  grades: ReadonlyMap<string, number>,
  scores: ReadonlyMap<string, number>,
  { ties, without, notANumber }: RankJudgedOptions,
): JudgedRanks {
  const byId = ties === "id";
  const found = retrievedOf(grades, scores, { byId, without });
  const J = found.length;
  const values = Float64Array.from(found, ({ score }) => score); // [J], falling
  const lowest = J > 0 ? values[J - 1]! : Infinity;
  const beaten = new Int32Array(J + 1); // [j]: passages that beat j, not j - 1
  let retrieved = 0;
  let at = 0;
  const count = (score: number, id: string) => {
    const place = at++;
    if (id === without) return;
    const value = byId ? Math.fround(score) : score;
    if (value < lowest) {
      retrieved++;
      return;
    }
    if (value !== value) throw notANumber(id);
    retrieved++;
    let low = 0;
    let high = J;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = values[middle]!;
      const beats = value > other ||
        (value === other &&
          (byId
            ? compareCodePoints(id, found[middle]!.id) > 0
            : place < found[middle]!.at));
      if (beats) high = middle;
      else low = middle + 1;
    }
    beaten[low]!++;
  };
  // The fastest way through a Map: no iterator, no pairs.
  scores.forEach(count);
  const ranks = new Int32Array(J);
  let before = 0;
  for (let j = 0; j < J; j++) ranks[j] = before += beaten[j]!;
  return { ranks, grades: found.map(({ grade }) => grade), retrieved };
}

/** The judged passages that were retrieved, best first. */
function retrievedOf(
  grades: ReadonlyMap<string, number>,
  scores: ReadonlyMap<string, number>,
  { byId, without }: { byId: boolean; without: string | undefined },
): Found[] {
  const found: Found[] = [];
  grades.forEach((grade, id) => {
    const score = scores.get(id);
    if (score === undefined || id === without) return;
    found.push({ id, grade, score: byId ? Math.fround(score) : score, at: 0 });
  });
  if (!byId) notePlaces(found, scores);
  return found.sort((a, b) =>
    // Not a difference: two infinities would give NaN.
    a.score > b.score
      ? -1
      : a.score < b.score
      ? 1
      : byId
      ? compareCodePoints(b.id, a.id)
      : a.at - b.at
  );
}

function notePlaces(
  found: readonly Found[],
  scores: ReadonlyMap<string, number>,
): void {
  const wanted = new Map(found.map((passage) => [passage.id, passage]));
  let at = 0;
  for (const id of scores.keys()) {
    const passage = wanted.get(id);
    if (passage) passage.at = at;
    at++;
  }
}
