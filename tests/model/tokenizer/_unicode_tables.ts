// Writes lib/model/tokenizer/parts/unicode_tables.ts from what the library in
// Rust says: python _unicode_tables.py | deno run -A _unicode_tables.ts

import { fromFileUrl } from "../../_paths.ts";

type Runs = [first: number, last: number][];

const { sets, forms } = await new Response(Deno.stdin.readable).json() as {
  sets: Record<string, Runs>;
  forms: Record<"NFD" | "NFKD", Record<number, string>>;
};

const DOCS: Record<string, string> = {
  PUNCTUATION:
    "What BERT's pre-tokenizer and `Punctuation` call punctuation (Unicode 8).",
  NONSPACING: "What BERT's normalizer calls a non-spacing mark (Unicode 8).",
  MARK: "What `StripAccents` calls a mark.",
  CONTROL:
    "What BERT's normalizer deletes: controls but tab and line ends, formats,\n * private use, U+FFFD.",
  INERT:
    "Assigned, or given a decomposition, after the reference's tables of\n * normalisation were made: it leaves them as they are.",
  INERT_COMPATIBILITY: "More of those, for the compatibility forms alone.",
};

const characters = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

/** Characters of which a Unicode form makes something else here. */
function unlike(form: "NFD" | "NFKD"): string[] {
  return characters.filter((character) =>
    character.normalize(form) !==
      (forms[form][character.codePointAt(0)!] ?? character)
  );
}

function has(runs: Runs, character: string): boolean {
  const code = character.codePointAt(0)!;
  return runs.some(([first, last]) => first <= code && code <= last);
}

function runsOf(some: Iterable<string>): Runs {
  const codes = Array.from(some, (character) => character.codePointAt(0)!)
    .sort((a, b) => a - b);
  const runs: Runs = [];
  for (const code of codes) {
    const last = runs.at(-1);
    if (last?.[1] === code - 1) last[1] = code;
    else runs.push([code, code]);
  }
  return runs;
}

const canonical = new Set([
  ...characters.filter((c) => /^\p{M}$/u.test(c) && !has(sets.MARK!, c)),
  // With the parts of what they are made of, as far as those are new as well.
  ...unlike("NFD").flatMap((c) => [c, ...c.normalize("NFD")])
    .filter((c) => c.codePointAt(0)! > 0x3100),
]);
sets.INERT = runsOf(canonical);
sets.INERT_COMPATIBILITY = runsOf(
  unlike("NFKD").filter((c) => !canonical.has(c)),
);

/** Gaps and lengths of the runs, in lines of a string. */
function literal(runs: Runs): string {
  let at = 0;
  const words = runs.flatMap(([first, last]) => {
    const pair = [(first - at).toString(36), (last - first).toString(36)];
    at = last;
    return pair;
  });
  const lines: string[] = [];
  for (const word of words) {
    const joined = `${lines.at(-1) ?? ""}${word} `;
    if (lines.length > 0 && joined.length < 72) {
      lines[lines.length - 1] = joined;
    } else lines.push(`${word} `);
  }
  return lines.map((line) => JSON.stringify(line)).join(" +\n  ")
    .replace(/ "$/, '"');
}

const tables = Object.keys(DOCS).map((name) =>
  `/**\n * ${DOCS[name]}\n */\nexport const ${name}: string =\n  ${
    literal(sets[name]!)
  };\n`
);
await Deno.writeTextFile(
  fromFileUrl(
    new URL(
      "../../../lib/model/tokenizer/parts/unicode_tables.ts",
      import.meta.url,
    ),
  ),
  `// Written by tests/model/tokenizer/_unicode_tables.ts from what the reference
// says of each code point. Gaps and lengths of runs, in base 36.

${tables.join("\n")}`,
);
