import { BLANK, escapedUnit, ONIG_WORD } from "./unicode_sets.ts";

/**
 * A regular expression of Oniguruma (Ruby's syntax, which `tokenizer.json` has)
 * as JavaScript's, for the flag `v`.
 *
 * Translated is what is known to mean the same once rewritten: literals,
 * classes, properties, anchors, groups, looking around, atomic groups and
 * quantifiers. The rest (back references, conditions, absence, other options)
 * is refused by name.
 *
 * @throws {Error} If a construct isn't known to mean the same.
 */
export function onigurumaToJs(source: string): Translated {
  const reader = new Reader(source);
  const translated = reader.alternatives(PLAIN_OPTIONS);
  if (!reader.done) reader.refuse("a parenthesis without its other half");
  return translated;
}

/** Options that `(?i:` and `(?m:` set within a group. */
interface Options {
  ignoreCase: boolean;
  dotAll: boolean;
}

const PLAIN_OPTIONS: Options = { ignoreCase: false, dotAll: false };

/** A translated expression, or a part of one. */
export interface Translated {
  /** The same in JavaScript. */
  js: string;
  /** Whether it can match without taking a character. */
  empty: boolean;
}

const WORD_EDGE = `(?:(?<=[${ONIG_WORD}])(?![${ONIG_WORD}])|` +
  `(?<![${ONIG_WORD}])(?=[${ONIG_WORD}]))`;

/** Sets that a letter after a backslash stands for; the capital negates. */
const SETS: Readonly<Record<string, string>> = {
  s: BLANK,
  d: "\\p{Nd}",
  w: ONIG_WORD,
  h: "0-9A-Fa-f",
};

const CONTROLS: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  f: 12,
  v: 11,
  a: 7,
  e: 27,
};

/** Places between characters. */
const ANCHORS: Readonly<Record<string, string>> = {
  A: "(?<![^])",
  z: "(?![^])",
  Z: "(?=\\n?(?![^]))",
  b: WORD_EDGE,
  B: `(?!${WORD_EDGE})`,
};

/** `[:name:]` in a class. */
const POSIX: Readonly<Record<string, string>> = {
  alpha: "\\p{Alphabetic}",
  alnum: "\\p{Alphabetic}\\p{Nd}",
  digit: "\\p{Nd}",
  lower: "\\p{Lowercase}",
  upper: "\\p{Uppercase}",
  space: BLANK,
  word: ONIG_WORD,
  xdigit: "0-9A-Fa-f",
};

const CATEGORIES =
  "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Co Cn"
    .split(" ");
const SCRIPTS =
  "Han Hiragana Katakana Hangul Thai Latin Cyrillic Arabic Greek Hebrew Devanagari Common"
    .split(" ");
const PROPERTIES = new Map([
  ...CATEGORIES.map((name) => [name.toLowerCase(), `\\p{${name}}`] as const),
  ...SCRIPTS.map((name) =>
    [name.toLowerCase(), `\\p{Script=${name}}`] as const
  ),
]);

/** Pairs of letters that one character folds to: `ß` is found by "ss". */
const FOLDED_TOGETHER = /ss|ff|fi|fl|st/i;

class Reader {
  #at = 0;
  #atomic = 0;

  constructor(readonly source: string) {}

  get done(): boolean {
    return this.#at >= this.source.length;
  }

  refuse(what: string): never {
    throw new Error(
      `the regular expression ${
        JSON.stringify(this.source)
      } has ${what}, which isn't known to mean the same in JavaScript`,
    );
  }

  /** What stands between two parentheses, or in the whole expression. */
  alternatives(options: Options): Translated {
    const branches: Translated[] = [];
    do branches.push(this.#sequence(options)); while (this.#take("|"));
    return {
      js: branches.map(({ js }) => js).join("|"),
      empty: branches.some(({ empty }) => empty),
    };
  }

  #sequence(options: Options): Translated {
    let [js, empty, literals] = ["", true, ""];
    while (!this.done && !this.#sees("|") && !this.#sees(")")) {
      const start = this.#at;
      const atom = this.#atom(options);
      const raw = this.source.slice(start, this.#at);
      const part = this.#quantified(atom);
      if (options.ignoreCase) {
        literals += /^\w$/.test(raw) ? raw : " ";
        if (FOLDED_TOGETHER.test(literals)) {
          this.refuse("letters without case that fold together");
        }
      }
      js += part.js;
      empty &&= part.empty;
    }
    return { js, empty };
  }

  #quantified(atom: Translated): Translated {
    const quantifier = this.#quantifier();
    if (quantifier === undefined) return atom;
    const { js, least, most, possessive } = quantifier;
    // The two engines leave a loop over nothing in different ways.
    if (atom.empty && most > 1) {
      this.refuse("a repeated part that may be empty");
    }
    if (this.#quantifier()) this.refuse("two quantifiers in a row");
    const group = `(?:${atom.js})${js}`;
    return {
      js: possessive ? this.#atomically(group) : group,
      empty: least === 0 || atom.empty,
    };
  }

  #quantifier():
    | { js: string; least: number; most: number; possessive: boolean }
    | undefined {
    const rest = this.source.slice(this.#at);
    const [text, sign, low, comma, high, after] =
      /^(?:([*+?])|\{(\d*)(,?)(\d*)\})([?+]?)/.exec(rest) ?? [];
    if (text === undefined) return undefined;
    if (sign === undefined) {
      // Braces without a number are no quantifier.
      if (low === "" && high === "") return undefined;
      if (after === "+") this.refuse("a possessive interval");
      if (comma === "" && after === "?") this.refuse("a lazy fixed interval");
    }
    this.#at += text.length;
    const least = sign === undefined ? Number(low || 0) : sign === "+" ? 1 : 0;
    const most = sign === undefined
      ? comma === "" ? Number(low) : high === "" ? Infinity : Number(high)
      : sign === "?"
      ? 1
      : Infinity;
    if (most < least || most > 1000 && most !== Infinity) {
      this.refuse("an odd interval");
    }
    return {
      js: `{${least},${most === Infinity ? "" : most}}${
        after === "?" ? "?" : ""
      }`,
      least,
      most,
      possessive: after === "+",
    };
  }

  /** What is matched once and not tried again: looking ahead does that. */
  #atomically(js: string): string {
    const name = `atomic${this.#atomic++}`;
    return `(?=(?<${name}>${js}))\\k<${name}>`;
  }

  #atom(options: Options): Translated {
    const character = this.#next();
    switch (character) {
      case "(":
        return this.#group(options);
      case "[":
        if (options.ignoreCase) this.refuse("a class without case");
        return { js: this.#class(), empty: false };
      case ".":
        return { js: options.dotAll ? "[^]" : "[^\\n]", empty: false };
      case "^":
        return { js: "(?:(?<![^])|(?<=\\n)(?=[^]))", empty: true };
      case "$":
        return { js: "(?![^\\n])", empty: true };
      case "\\":
        return this.#escape(options);
      case "*":
      case "+":
      case "?":
        return this.refuse("a quantifier of nothing");
      default:
        return this.#literal(character, options);
    }
  }

  #literal(character: string, { ignoreCase }: Options): Translated {
    if (ignoreCase && !/^[\x20-\x7E]$/.test(character)) {
      this.refuse("letters without case beyond ASCII");
    }
    return { js: escapedUnit(character), empty: false };
  }

  #group(options: Options): Translated {
    if (!this.#take("?")) return this.#closed("(?:", options);
    for (const opening of [":", "=", "!", "<=", "<!"]) {
      if (!this.#take(opening)) continue;
      const inner = this.#closed(`(?${opening}`, options);
      return { js: inner.js, empty: opening === ":" ? inner.empty : true };
    }
    if (this.#take(">")) {
      const inner = this.#closed("(?:", options);
      return { js: this.#atomically(inner.js), empty: inner.empty };
    }
    const [text, on] = /^([im]+):/.exec(this.source.slice(this.#at)) ?? [];
    if (text === undefined) this.refuse("a group of a kind unknown here");
    this.#at += text.length;
    const inner = {
      ignoreCase: options.ignoreCase || on!.includes("i"),
      dotAll: options.dotAll || on!.includes("m"),
    };
    return this.#closed(on!.includes("i") ? "(?i:" : "(?:", inner);
  }

  #closed(opening: string, options: Options): Translated {
    const { js, empty } = this.alternatives(options);
    if (!this.#take(")")) this.refuse("a parenthesis without its other half");
    return { js: `${opening}${js})`, empty };
  }

  #escape(options: Options): Translated {
    const letter = this.source[this.#at] ?? "";
    if (Object.hasOwn(ANCHORS, letter)) {
      this.#at++;
      return { js: ANCHORS[letter]!, empty: true };
    }
    const set = this.#set();
    if (set !== undefined) {
      if (options.ignoreCase) this.refuse("a class without case");
      return { js: `[${set}]`, empty: false };
    }
    return this.#literal(this.#escaped(), options);
  }

  /** What follows a backslash as a set, where it is one. */
  #set(): string | undefined {
    const letter = this.source[this.#at] ?? "";
    const lower = letter.toLowerCase();
    if (Object.hasOwn(SETS, lower)) {
      this.#at++;
      return letter === lower ? SETS[lower]! : `[^${SETS[lower]}]`;
    }
    if (lower !== "p") return undefined;
    const [text, not, name] =
      /^\{(\^?)([\w -]+)\}/.exec(this.source.slice(this.#at + 1)) ?? [];
    const property = name &&
      PROPERTIES.get(name.replace(/[\s_-]/g, "").toLowerCase());
    if (!property) return this.refuse(`\\${letter}${text ?? ""}`);
    this.#at += 1 + text!.length;
    return (letter === "P") !== (not === "^") ? `[^${property}]` : property;
  }

  /** What follows a backslash as a single character. */
  #escaped(): string {
    const [text, braced, hex, four] =
      /^(?:x\{([\dA-Fa-f]{1,6})\}|x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4}))/
        .exec(this.source.slice(this.#at)) ?? [];
    const code = parseInt(braced ?? hex ?? four ?? "", 16);
    if (text !== undefined) {
      // A byte of two digits isn't a character beyond ASCII.
      if (code > 0x10ffff || (hex !== undefined && code > 0x7f)) {
        this.refuse(`\\${text}`);
      }
      this.#at += text.length;
      return String.fromCodePoint(code);
    }
    const character = this.done ? "" : this.#next();
    if (Object.hasOwn(CONTROLS, character)) {
      return String.fromCodePoint(CONTROLS[character]!);
    }
    if (/^[\p{L}\p{N}]?$/u.test(character)) this.refuse(`\\${character}`);
    return character;
  }

  /** A class, after its opening bracket. */
  #class(): string {
    const negated = this.#take("^");
    const operands: string[] = [];
    let [items, first] = ["", true];
    for (;; first = false) {
      if (this.done) this.refuse("a class without its end");
      if (this.#take("]")) {
        if (!first) break;
        this.refuse("an empty class");
      }
      if (this.#take("&&")) {
        operands.push(items);
        items = "";
      } else items += this.#classItem();
    }
    operands.push(items);
    if (operands.includes("")) this.refuse("an empty class");
    const inside = operands.length === 1
      ? items
      : operands.map((operand) => `[${operand}]`).join("&&");
    return `[${negated ? "^" : ""}${inside}]`;
  }

  #classItem(): string {
    if (this.#sees("[:")) {
      const [text, not, name] =
        /^\[:(\^?)(\w+):\]/.exec(this.source.slice(this.#at)) ?? [];
      if (name === undefined || !Object.hasOwn(POSIX, name)) {
        this.refuse("a class in [: :]");
      }
      this.#at += text!.length;
      return not === "^" ? `[^${POSIX[name!]}]` : POSIX[name!]!;
    }
    if (this.#take("[")) return this.#class();
    const start = this.#classCharacter();
    if (start.set) return start.text;
    const ranged = this.#sees("-") && this.source[this.#at + 1] !== "]" &&
      this.source[this.#at + 1] !== undefined;
    if (!ranged) return escapedUnit(start.text);
    this.#at++;
    if (this.#sees("[")) this.refuse("a range to a class");
    const end = this.#classCharacter();
    if (end.set || end.text.codePointAt(0)! < start.text.codePointAt(0)!) {
      this.refuse("a range that isn't one");
    }
    return `${escapedUnit(start.text)}-${escapedUnit(end.text)}`;
  }

  #classCharacter(): { text: string; set: boolean } {
    if (!this.#take("\\")) return { text: this.#next(), set: false };
    const set = this.#set();
    if (set !== undefined) return { text: set, set: true };
    if (this.#take("b")) return { text: "\b", set: false };
    return { text: this.#escaped(), set: false };
  }

  #sees(text: string): boolean {
    return this.source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  #next(): string {
    const character = String.fromCodePoint(this.source.codePointAt(this.#at)!);
    this.#at += character.length;
    return character;
  }
}
