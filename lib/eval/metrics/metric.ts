import { type Judged, MEASURES } from "./measures.ts";

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
  const entry = Object.hasOwn(MEASURES, measure)
    ? MEASURES[measure]!
    : undefined;
  const known = entry &&
    (cut === Infinity
      ? entry.cut !== "always"
      : entry.cut !== "never" && Number.isSafeInteger(cut));
  if (!known) {
    const nearest = nearestMetric(name);
    const list = Object.entries(MEASURES)
      .map(([m, { cut }]) => cut === "never" ? m : `${m}@k`).join(", ");
    throw new RangeError(
      `Cannot evaluate: metric must be one of ${list}: got ${
        JSON.stringify(name)
      }` + (nearest ? `; did you mean "${nearest}"?` : ""),
    );
  }
  return { name, cut, value: (query) => entry.value(query, cut) };
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
  const rule = best === undefined ? "never" : MEASURES[best]!.cut;
  if (rule === "never") return best;
  const digits = /[1-9]\d*/.exec(name)?.[0];
  return digits || rule === "always" ? `${best}@${digits ?? 10}` : best;
}
