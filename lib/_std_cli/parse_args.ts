/**
 * Stand-in for `jsr:@std/cli/parse-args`, written anew after its documented
 * behaviour, for machines that can't reach JSR. `deno.json` → `links` puts this
 * folder in the place of `@std/cli` in this checkout only; publishing writes the
 * plain JSR specifier, so people who install the package get the real one. It
 * offers only what the command line here uses, and code that runs on it must
 * run unchanged on the real module.
 *
 * @example Usage
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 * import assert from "node:assert/strict";
 *
 * const flags = parseArgs(["--top", "70", "a.json"], { string: ["top"] });
 * assert.deepEqual(flags, { _: ["a.json"], top: "70" });
 * ```
 *
 * @module
 */

/** What {@linkcode parseArgs} is told about the flags. */
export interface ParseOptions {
  /** Keep what follows `--` apart, under the key `"--"`. @default {false} */
  "--"?: boolean;
  /** Other names of a flag: each name gets the value of the others. */
  alias?: Record<string, string | readonly string[]>;
  /** Flags without a value; `true`: every `--flag` not written with `=`. */
  boolean?: boolean | string | readonly string[];
  /** Values of flags that aren't given. */
  default?: Record<string, unknown>;
  /** Take all that follows the first operand as operands. @default {false} */
  stopEarly?: boolean;
  /** Flags whose value stays text even where it looks like a number. */
  string?: string | readonly string[];
  /** Flags that may be repeated: their value is an array. */
  collect?: string | readonly string[];
  /** Flags that `--no-<flag>` sets to `false`. */
  negatable?: string | readonly string[];
  /**
   * Called with each operand and each flag that isn't declared; `false` keeps it
   * out of the result.
   */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Values of the flags by name, and the operands under `_`. */
export interface Args {
  // deno-lint-ignore no-explicit-any
  [flag: string]: any;
  /** Operands, in order; those that look like numbers are numbers. */
  _: (string | number)[];
}

/**
 * Reads command-line arguments: `--flag value`, `--flag=value`, `--no-flag`,
 * `-f value`, `-f=value`, `-f5`, `-abc`; a dot in a name nests the value.
 *
 * @param args The arguments, as in `Deno.args`; not changed.
 * @param options What flags there are.
 * @returns Values by flag name; declared boolean flags that aren't given are
 * `false` and collected ones are `[]`.
 */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const booleans = names(options.boolean);
  const strings = names(options.string);
  const collected = names(options.collect);
  const negatable = names(options.negatable);
  const aliases = aliasTable(options.alias ?? {});
  for (const set of [booleans, strings]) {
    for (const name of [...set]) {
      for (const other of aliases.get(name) ?? []) set.add(other);
    }
  }
  const allBoolean = options.boolean === true;
  const result: Args = { _: [] };

  const end = args.indexOf("--");
  const rest = end < 0 ? [] : args.slice(end + 1);
  const words = end < 0 ? [...args] : args.slice(0, end);

  const set = (key: string, value: unknown, arg: string, collect = true) => {
    const known = booleans.has(key) || strings.has(key) || aliases.has(key) ||
      (allBoolean && /^--[^=]+$/.test(arg));
    if (!known && options.unknown?.(arg, key, value) === false) return;
    for (const name of [key, ...(aliases.get(key) ?? [])]) {
      const cast = typeof value === "string" && !strings.has(name) &&
          looksNumeric(value)
        ? Number(value)
        : value;
      assign(result, name.split("."), cast, collect && collected.has(name));
    }
  };
  const takesValue = (key: string) => !booleans.has(key);
  const bare = (key: string) => strings.has(key) ? "" : true;

  for (let i = 0; i < words.length; i++) {
    const arg = words[i]!;
    const next = words[i + 1];

    const long = /^--(.+?)(?:=(.+))?$/s.exec(arg);
    if (long) {
      const [, key, value] = long as unknown as [string, string, string?];
      if (value !== undefined) {
        set(key, booleans.has(key) ? value !== "false" : value, arg);
      } else if (key.startsWith("no-") && negatable.has(key.slice(3))) {
        set(key.slice(3), false, arg, false);
      } else if (
        next && !next.startsWith("-") && !allBoolean && takesValue(key)
      ) {
        set(key, next, arg);
        i++;
      } else if (isBoolean(next)) {
        set(key, next === "true", arg);
        i++;
      } else set(key, bare(key), arg);
      continue;
    }

    if (/^-./s.test(arg)) {
      const last = readCluster(arg, (key, value) => {
        set(key, value ?? bare(key), arg);
      });
      if (last === undefined) continue;
      if (next && !/^--?[^-]/.test(next) && takesValue(last)) {
        set(last, next, arg);
        i++;
      } else if (isBoolean(next)) {
        set(last, next === "true", arg);
        i++;
      } else set(last, bare(last), arg);
      continue;
    }

    if (options.unknown?.(arg) !== false) result._.push(operand(arg, strings));
    if (options.stopEarly) {
      result._.push(...words.slice(i + 1));
      break;
    }
  }

  for (const [key, value] of Object.entries(options.default ?? {})) {
    for (const name of [key, ...(aliases.get(key) ?? [])]) {
      fill(result, name.split("."), value);
    }
  }
  for (const key of booleans) {
    fill(result, key.split("."), collected.has(key) ? [] : false);
  }
  for (const key of strings) {
    if (collected.has(key)) fill(result, key.split("."), []);
  }

  if (options["--"]) result["--"] = rest;
  else result._.push(...rest.map((arg) => operand(arg, strings)));
  return result;
}

/** Letters of `-abc`, each a flag; the last one is left to the caller. */
function readCluster(
  arg: string,
  set: (key: string, value?: string) => void,
): string | undefined {
  for (let at = 1; at < arg.length - 1; at++) {
    const letter = arg[at]!;
    const tail = arg.slice(at + 1);
    if (tail === "-") {
      set(letter, tail);
      return undefined;
    }
    if (/[A-Za-z]/.test(letter)) {
      if (/^=./s.test(tail)) {
        set(letter, tail.slice(1));
        return undefined;
      }
      if (/^-?\d+(\.\d*)?(e-?\d+)?$/.test(tail)) {
        set(letter, tail);
        return undefined;
      }
    }
    if (/^\W/.test(tail)) {
      set(letter, tail);
      return undefined;
    }
    set(letter);
  }
  return arg.at(-1) === "-" ? undefined : arg.at(-1);
}

function names(value: boolean | string | readonly string[] = []): Set<string> {
  if (typeof value === "boolean") return new Set();
  return new Set(typeof value === "string" ? [value] : value);
}

function aliasTable(
  alias: Record<string, string | readonly string[]>,
): Map<string, string[]> {
  const table = new Map<string, string[]>();
  for (const [key, other] of Object.entries(alias)) {
    const family = [key, ...(typeof other === "string" ? [other] : other)];
    for (const name of family) {
      table.set(name, family.filter((member) => member !== name));
    }
  }
  return table;
}

function looksNumeric(text: string): boolean {
  return /\S/.test(text) && Number.isFinite(Number(text));
}

function isBoolean(text: string | undefined): boolean {
  return text === "true" || text === "false";
}

function operand(arg: string, strings: Set<string>): string | number {
  return strings.has("_") || !looksNumeric(arg) ? arg : Number(arg);
}

type Tree = Record<string, unknown>;

/** The object that holds the last part of a dotted name. */
function holder(tree: Tree, path: string[]): Tree {
  for (const part of path.slice(0, -1)) {
    if (typeof tree[part] !== "object" || tree[part] === null) tree[part] = {};
    tree = tree[part] as Tree;
  }
  return tree;
}

function assign(tree: Tree, path: string[], value: unknown, collect: boolean) {
  const at = holder(tree, path);
  const key = path.at(-1)!;
  if (!collect) at[key] = value;
  else if (Array.isArray(at[key])) at[key].push(value);
  else at[key] = at[key] ? [at[key], value] : [value];
}

function fill(tree: Tree, path: string[], value: unknown) {
  const at = holder(tree, path);
  if (!Object.hasOwn(at, path.at(-1)!)) at[path.at(-1)!] = value;
}
