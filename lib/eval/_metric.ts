/** What a metric sees of one query. */
export interface Judged {
  /** Gain of each ranked passage: its grade, 0 if negative or not judged. */
  gains: readonly number[];
  /** Whether each ranked passage is relevant; the order of `gains`. */
  hits: readonly boolean[];
  /** Gains of all judged passages, retrieved or not, largest first. */
  ideal: readonly number[];
  /** Number of relevant passages, retrieved or not. */
  relevant: number;
}

/** Value of a measure for one query, over the first `cut` ranks. */
type Measure = (query: Judged, cut: number) => number;

const dcg = (gains: readonly number[], cut: number) => {
  let sum = 0;
  for (let i = 0; i < Math.min(cut, gains.length); i++) {
    sum += gains[i]! / Math.log2(i + 2);
  }
  return sum;
};

const found = ({ hits }: Judged, cut: number) => {
  let count = 0;
  for (let i = 0; i < Math.min(cut, hits.length); i++) if (hits[i]) count++;
  return count;
};

const share = (part: number, whole: number) => whole === 0 ? 0 : part / whole;

/** The measures; a query without anything relevant scores 0 in each. */
const MEASURES = {
  nDCG: (query, cut) => share(dcg(query.gains, cut), dcg(query.ideal, cut)),
  MAP: ({ hits, relevant }, cut) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < Math.min(cut, hits.length); i++) {
      if (hits[i]) sum += ++count / (i + 1);
    }
    return share(sum, relevant);
  },
  MRR: ({ hits }, cut) => {
    const first = hits.indexOf(true);
    return first < 0 || first >= cut ? 0 : 1 / (first + 1);
  },
  Recall: (query, cut) => share(found(query, cut), query.relevant),
  P: (query, cut) => found(query, cut) / cut,
  Success: (query, cut) => found(query, cut) > 0 ? 1 : 0,
  Accuracy: (query, cut) => found(query, cut) > 0 ? 1 : 0,
  RPrec: (query) => share(found(query, query.relevant), query.relevant),
} satisfies Record<string, Measure>;

type MeasureName = keyof typeof MEASURES;

/** Measures that also go without a cut, and the one that never has one. */
const WITHOUT_CUT: readonly string[] = ["nDCG", "MAP", "MRR", "RPrec"];
const NEVER_CUT = "RPrec";

/** A metric by name, ready to use. */
export interface Metric {
  /** For example `"nDCG@10"`. */
  name: string;
  /** Ranks that count; Infinity without a cut. */
  cut: number;
  /** Its value for one query. */
  value(query: Judged): number;
}

/** Reads the name of a metric; throws a RangeError that names the nearest. */
export function parseMetric(name: string): Metric {
  const [, measure = "", digits] = /^([A-Za-z]+)(?:@([1-9]\d*))?$/.exec(name) ??
    [];
  const cut = digits === undefined ? Infinity : Number(digits);
  const known = Object.hasOwn(MEASURES, measure) &&
    (cut === Infinity
      ? WITHOUT_CUT.includes(measure)
      : measure !== NEVER_CUT && Number.isSafeInteger(cut));
  if (!known) {
    const nearest = nearestMetric(name);
    const list = Object.keys(MEASURES)
      .map((m) => m === NEVER_CUT ? m : `${m}@k`).join(", ");
    throw new RangeError(
      `Cannot evaluate: metric must be one of ${list}: got ${
        JSON.stringify(name)
      }` + (nearest ? `; did you mean "${nearest}"?` : ""),
    );
  }
  const compute: Measure = MEASURES[measure as MeasureName];
  return { name, cut, value: (query) => compute(query, cut) };
}

/** The known metric whose letters begin most like those of `name`, if any. */
function nearestMetric(name: string): string | undefined {
  const letters = name.replace(/[^a-z]/gi, "").toLowerCase();
  let best: string | undefined;
  let most = 0;
  for (const measure of Object.keys(MEASURES)) {
    const own = measure.toLowerCase();
    let same = 0;
    while (same < own.length && own[same] === letters[same]) same++;
    if (same > most) {
      most = same;
      best = measure;
    }
  }
  if (best === undefined || best === NEVER_CUT) return best;
  const digits = /[1-9]\d*/.exec(name)?.[0];
  return digits || !WITHOUT_CUT.includes(best)
    ? `${best}@${digits ?? 10}`
    : best;
}
