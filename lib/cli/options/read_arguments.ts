import { parseArgs } from "@std/cli/parse-args";
import type { CommandFlags, Flag } from "./flags.ts";
import { SHORT } from "./global_options.ts";
import { otherName } from "./other_names.ts";
import { readValue } from "./read_value.ts";
import { didYouMean } from "../../base/nearest_names.ts";

/** Values by key; objects within for dotted flags. */
export type Values = Record<string, unknown>;

/** What stood on the command line, before any default. */
export interface Arguments {
  /** Values of the command's own options. */
  values: Values;
  /** Values of the options that every command has. */
  global: Values;
}

/**
 * Reads the words after the command. Of a flag given twice the last one counts;
 * a list may be repeated or separated by commas.
 *
 * @throws {SyntaxError} If a flag is unknown, lacks its value or has a wrong one,
 * or if there are too many operands.
 */
export function readArguments(
  args: readonly string[],
  { flags, operands }: CommandFlags,
  globals: readonly Flag[],
): Arguments {
  const all = [...flags, ...globals];
  const valued = all.filter((flag) => flag.kind !== "boolean");
  const booleans = all.filter((flag) => flag.kind === "boolean");
  const words = joinNegativeNumbers(args, valued);
  checkBooleans(words, booleans);

  let unknown: string | undefined;
  const parsed: Values = parseArgs(words, {
    boolean: booleans.map((flag) => flag.name),
    // Every value stays text here: the schema says what it's turned into.
    string: ["_", ...valued.map((flag) => flag.name)],
    // An empty list tells a flag that wasn't given from one that is off.
    collect: all.map((flag) => flag.name),
    negatable: booleans.filter(negatable).map((flag) => flag.name),
    alias: { ...SHORT },
    unknown(arg, key) {
      if (key === undefined) return true;
      unknown ??= arg;
      return false;
    },
  });
  if (unknown !== undefined) throw unknownFlag(unknown, all);

  const values = readFlags(parsed, flags);
  readOperands((parsed._ as unknown[]).map(String), operands, values);
  return { values, global: readFlags(parsed, globals) };
}

/** Whether `--no-<flag>` switches a boolean off. */
export function negatable(flag: Flag): boolean {
  return flag.kind === "boolean" &&
    (flag.default === true || flag.schema.negatable === true);
}

/** The value at a path, if any. */
export function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null ? (at as Values)[key] : undefined,
    values,
  );
}

/** Whether a value is an object, and no list. */
export function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readFlags(parsed: Values, flags: readonly Flag[]): Values {
  const values: Values = {};
  for (const flag of flags) {
    const given = valueAt(parsed, flag.name.split("."));
    const list = Array.isArray(given) ? given : [given];
    if (list.length === 0 || list[0] === undefined) continue;
    const name = `--${flag.name}`;
    if (list.some((text) => text === "")) throw lacksValue(name);
    if (flag.kind === "boolean") put(values, flag.path, list.at(-1));
    else if (flag.kind === "value") {
      put(values, flag.path, readValue(flag, String(list.at(-1)), name));
    } else {
      const texts = list.flatMap((text) => String(text).split(","))
        .map((text) => text.trim()).filter((text) => text !== "");
      put(values, flag.path, texts.map((text) => readValue(flag, text, name)));
    }
  }
  return values;
}

function readOperands(
  words: readonly string[],
  operands: readonly Flag[],
  values: Values,
): void {
  let at = 0;
  for (const operand of operands) {
    if (at === words.length) return;
    const name = operand.placeholder;
    if (operand.kind === "array") {
      const rest = words.slice(at);
      put(values, operand.path, rest.map((w) => readValue(operand, w, name)));
      return;
    }
    put(values, operand.path, readValue(operand, words[at++]!, name));
  }
  if (at < words.length) {
    throw new SyntaxError(
      `Cannot read the arguments: ${JSON.stringify(words[at])} is one too many`,
    );
  }
}

function put(values: Values, path: readonly string[], value: unknown): void {
  for (const key of path.slice(0, -1)) {
    values = (values[key] ??= {}) as Values;
  }
  values[path.at(-1)!] = value;
}

/** `--shift -1` → `--shift=-1`: parseArgs takes no dash word as a value. */
function joinNegativeNumbers(
  args: readonly string[],
  valued: readonly Flag[],
): string[] {
  const names = new Set(valued.map((flag) => `--${flag.name}`));
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") return [...words, ...args.slice(i)];
    if (names.has(word) && /^-\.?\d/.test(args[i + 1] ?? "")) {
      words.push(`${word}=${args[++i]}`);
    } else words.push(word);
  }
  return words;
}

/** parseArgs takes `--json=no` for true. */
function checkBooleans(
  words: readonly string[],
  booleans: readonly Flag[],
): void {
  for (const word of words) {
    if (word === "--") return;
    const [, name, text] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    if (
      booleans.some((flag) => flag.name === name) &&
      text !== "true" && text !== "false"
    ) {
      throw new SyntaxError(
        `Cannot read --${name}: expected true or false: got ${
          JSON.stringify(text)
        }`,
      );
    }
  }
}

function lacksValue(name: string): SyntaxError {
  return new SyntaxError(
    `Cannot read ${name}: it needs a value (one that begins with a dash is written ${name}=-…)`,
  );
}

function unknownFlag(arg: string, flags: readonly Flag[]): SyntaxError {
  const word = arg.replace(/=.*$/s, "");
  const names: string[] = [];
  for (const flag of flags) {
    names.push(`--${flag.name}`);
    if (negatable(flag)) names.push(`--no-${flag.name}`);
  }
  // Some versions of parseArgs read `--flag=` as a flag of the name `flag=`.
  if (names.includes(word)) return lacksValue(word);
  const other = otherName(word.replace(/^-+/, ""), flags);
  if (other) {
    return new SyntaxError(
      `Cannot read ${word}: no such option (did you mean --${other.flag.name}${other.but}?)`,
    );
  }
  return new SyntaxError(
    `Cannot read ${word}: no such option${didYouMean(word, names)}`,
  );
}
