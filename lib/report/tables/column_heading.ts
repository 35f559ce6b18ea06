/** Headings that say more than the words of their names. */
const HEADINGS: Readonly<Record<string, string>> = {
  Diff: "b − a",
  pHolm: "p (Holm)",
  low: "95 % from",
  high: "to",
  seedDeviation: "spread of seeds",
};

/**
 * What stands over a column, from its name: `passageLength` → `passage length`,
 * `reweightedDiff` → `Δ reweighted`.
 */
export function columnHeading(name: string): string {
  if (Object.hasOwn(HEADINGS, name)) return HEADINGS[name]!;
  const [, arm] = /^([a-z]\w*)Diff$/.exec(name) ?? [];
  if (arm !== undefined) return `Δ ${arm}`;
  // Anything else, such as nDCG@10, is no name of ours.
  if (!/^[a-z]+([A-Z][a-z]+)+$/.test(name)) return name;
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
