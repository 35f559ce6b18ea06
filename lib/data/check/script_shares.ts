/** ISO 15924 code → the Unicode scripts that it's written in. */
const SCRIPTS: Record<string, readonly string[]> = {
  Latn: ["Latin"],
  Cyrl: ["Cyrillic"],
  Grek: ["Greek"],
  Arab: ["Arabic"],
  Hebr: ["Hebrew"],
  Ethi: ["Ethiopic"],
  Hans: ["Han", "Bopomofo"],
  Hant: ["Han", "Bopomofo"],
  Jpan: ["Han", "Hiragana", "Katakana"],
  Kore: ["Hangul", "Han"],
  Deva: ["Devanagari"],
  Beng: ["Bengali"],
  Guru: ["Gurmukhi"],
  Gujr: ["Gujarati"],
  Orya: ["Oriya"],
  Taml: ["Tamil"],
  Telu: ["Telugu"],
  Knda: ["Kannada"],
  Mlym: ["Malayalam"],
  Sinh: ["Sinhala"],
  Thai: ["Thai"],
  Laoo: ["Lao"],
  Khmr: ["Khmer"],
  Mymr: ["Myanmar"],
  Tibt: ["Tibetan"],
  Mong: ["Mongolian"],
  Geor: ["Georgian"],
  Armn: ["Armenian"],
};

const PATTERNS = [...new Set(Object.values(SCRIPTS).flat())]
  .map((name) => [name, new RegExp(`\\p{Script=${name}}`, "gu")] as const);

/** Characters that are looked at; more tell no more. */
const SAMPLE = 200_000;

/**
 * Which scripts texts are written in: Unicode script name → share of the
 * letters, the largest first. That tells Russian from English, but not French
 * from English: it is no detection of languages.
 *
 * @param texts Any texts; of many, the first characters of each are read.
 * @returns Shares that sum to 1; empty if there is no letter of a known script.
 *
 * @example Usage
 * ```ts
 * import { scriptShares } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...scriptShares(["да", "ok"])], [["Latin", 0.5], ["Cyrillic", 0.5]]);
 * ```
 */
export function scriptShares(texts: readonly string[]): Map<string, number> {
  const each = Math.max(20, Math.ceil(SAMPLE / Math.max(1, texts.length)));
  const step = Math.max(1, Math.floor(texts.length * 20 / SAMPLE));
  const sample = texts.filter((_, i) => i % step === 0)
    .map((text) => text.slice(0, each)).join("\n");
  const counts = PATTERNS
    .map(([name, pattern]) =>
      [name, sample.match(pattern)?.length ?? 0] as const
    )
    .filter(([, count]) => count > 0);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return new Map(
    counts.map(([name, count]) => [name, count / total] as const)
      .sort(([, a], [, b]) => b - a),
  );
}

/**
 * The scripts that languages are written in; `undefined` if one of the tags
 * doesn't tell (`und`, `mul`).
 */
export function scriptsOf(tags: readonly string[]): Set<string> | undefined {
  const found = new Set<string>();
  for (const tag of tags) {
    let code: string | undefined;
    try {
      // Fills in the script that the language is most often written in.
      const locale = new Intl.Locale(tag);
      if (locale.language !== "und") code = locale.maximize().script;
    } catch {
      return undefined;
    }
    const names = code === undefined ? undefined : SCRIPTS[code];
    if (!names) return undefined;
    for (const name of names) found.add(name);
  }
  return found;
}
