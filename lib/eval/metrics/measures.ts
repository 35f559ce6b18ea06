/** What a measure sees of one query: its judged passages, and where they rank. */
export interface Judged {
  /** Ranks, from 0, of the judged passages that were retrieved; ascending. */
  ranks: ArrayLike<number>;
  /** Their grades; the order of `ranks`. */
  grades: ArrayLike<number>;
  /** Number of passages retrieved, judged or not. */
  retrieved: number;
  /** Gains above 0 of all judged passages, retrieved or not, largest first. */
  ideal: readonly number[];
  /** Lowest grade that counts as relevant. */
  level: number;
  /** Number of relevant passages, retrieved or not. */
  relevant: number;
  /** Number of passages judged from 0 to below `level`, retrieved or not. */
  nonrelevant: number;
}

/** Value of a measure for one query, over the first `cut` ranks. */
export type Measure = (query: Judged, cut: number) => number;

const share = (part: number, whole: number) => whole === 0 ? 0 : part / whole;

/** Number of relevant passages among the first `cut`. */
function relevantWithin({ ranks, grades, level }: Judged, cut: number): number {
  let count = 0;
  for (let i = 0; i < ranks.length && ranks[i]! < cut; i++) {
    if (grades[i]! >= level) count++;
  }
  return count;
}

/** Gain = grade, discount = log2(rank + 1), rank from 1. */
function nDCG({ ranks, grades, ideal }: Judged, cut: number): number {
  let best = 0;
  for (let i = 0; i < Math.min(cut, ideal.length); i++) {
    best += ideal[i]! / Math.log2(i + 2);
  }
  let sum = 0;
  for (let i = 0; i < ranks.length && ranks[i]! < cut; i++) {
    if (grades[i]! > 0) sum += grades[i]! / Math.log2(ranks[i]! + 2);
  }
  return share(sum, best);
}

function meanPrecision(query: Judged, cut: number): number {
  const { ranks, grades, level, relevant } = query;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < ranks.length && ranks[i]! < cut; i++) {
    if (grades[i]! >= level) sum += ++count / (ranks[i]! + 1);
  }
  return share(sum, relevant);
}

function reciprocalRank(query: Judged, cut: number): number {
  const { ranks, grades, level } = query;
  for (let i = 0; i < ranks.length && ranks[i]! < cut; i++) {
    if (grades[i]! >= level) return 1 / (ranks[i]! + 1);
  }
  return 0;
}

/**
 * Share of relevant passages that stand before the judged non-relevant ones
 * (Buckley & Voorhees 2004, as trec_eval computes it: negative grades count as
 * not judged, and at most as many non-relevant ones count as are relevant).
 */
function bpref(query: Judged): number {
  const { ranks, grades, level, relevant, nonrelevant } = query;
  let sum = 0;
  let before = 0;
  for (let i = 0; i < ranks.length; i++) {
    if (grades[i]! >= level) {
      sum += before === 0
        ? 1
        : 1 - Math.min(before, relevant) / Math.min(nonrelevant, relevant);
    } else if (grades[i]! >= 0) before++;
  }
  return share(sum, relevant);
}

/** Share of the first `cut` ranks that hold a passage without a judgment. */
function holes({ ranks, retrieved }: Judged, cut: number): number {
  let judged = 0;
  while (judged < ranks.length && ranks[judged]! < cut) judged++;
  return (Math.min(cut, retrieved) - judged) / cut;
}

/** A measure, and whether its name goes with a cut (`@k`). */
export interface MeasureEntry {
  /** Computes it. */
  value: Measure;
  /** Whether there must, may, or must not be a cut. */
  cut: "always" | "optional" | "never";
}

/** The measures; a query without anything relevant scores 0 in all but Hole. */
export const MEASURES: Readonly<Record<string, MeasureEntry>> = {
  nDCG: { value: nDCG, cut: "optional" },
  MAP: { value: meanPrecision, cut: "optional" },
  MRR: { value: reciprocalRank, cut: "optional" },
  Recall: {
    value: (query, cut) => share(relevantWithin(query, cut), query.relevant),
    cut: "always",
  },
  P: { value: (query, cut) => relevantWithin(query, cut) / cut, cut: "always" },
  Success: {
    value: (query, cut) => +(relevantWithin(query, cut) > 0),
    cut: "always",
  },
  Accuracy: {
    value: (query, cut) => +(relevantWithin(query, cut) > 0),
    cut: "always",
  },
  Hole: { value: holes, cut: "always" },
  RPrec: {
    value: (query) =>
      share(relevantWithin(query, query.relevant), query.relevant),
    cut: "never",
  },
  Bpref: { value: bpref, cut: "never" },
};
