import type { z } from "zod";
import type { Command } from "../command.ts";
import { commandFlags, type Flag } from "./flags.ts";
import { type GlobalOptions, globalOptions } from "./global_options.ts";
import {
  isObject,
  readArguments,
  valueAt,
  type Values,
} from "./read_arguments.ts";
import { readConfig } from "./read_config.ts";
import { withPreset } from "../../base/with_preset.ts";

/** What a command is to do, from its arguments and its config file. */
export interface ReadOptions {
  /** Options that every command has. */
  global: GlobalOptions;
  /** Validated options of the command; not read if help was asked for. */
  options: unknown;
  /** What the user should know of them. */
  notes: string[];
}

/**
 * Options of a command: flags before the config file before a preset before defaults.
 *
 * @throws {SyntaxError} If a flag or the file can't be read.
 * @throws {RangeError} If a value is out of range or missing.
 * @throws {Deno.errors.NotFound} If the config file is missing.
 */
export async function readOptions(
  command: Command,
  args: readonly string[],
): Promise<ReadOptions> {
  const { flags, operands } = commandFlags(command);
  const globals = commandFlags({ options: globalOptions }).flags;
  // Asking for help must work whatever else stands there.
  const end = args.indexOf("--");
  const words = end < 0 ? args : args.slice(0, end);
  if (words.includes("--help") || words.includes("-h")) {
    const global = globalOptions.parse({ help: true });
    return { global, options: undefined, notes: [] };
  }
  const given = readArguments(args, { flags, operands }, globals);
  const global = globalOptions.parse(given.global);
  const all = [...flags, ...operands];
  const file = global.config;
  const { values: base, unused } = file === undefined
    ? { values: {}, unused: [] }
    : await readConfig(file, all);
  const preset = withPreset(
    merge(base, given.values),
    all.map((flag) => flag.path.join(".")),
  );
  const result = command.options.safeParse(preset.values);
  if (result.success) {
    const notes = unused.length === 0
      ? []
      : [`${file}: not used: ${unused.join(", ")}`];
    return {
      global,
      options: result.data,
      notes: [...notes, ...preset.notes],
    };
  }
  throw explain(result.error.issues[0]!, {
    command,
    all,
    operands,
    origin: (path) =>
      file !== undefined && valueAt(given.values, path) === undefined &&
        valueAt(base, path) !== undefined
        ? file
        : undefined,
    value: (path) => valueAt(merge(base, given.values), path),
  });
}

function merge(base: Values, over: Values): Values {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(below) && isObject(value)
      ? merge(below, value)
      : value;
  }
  return merged;
}

interface Context {
  command: Command;
  all: readonly Flag[];
  operands: readonly Flag[];
  origin(path: readonly string[]): string | undefined;
  value(path: readonly string[]): unknown;
}

/** One line for the first thing that the schema found wrong. */
function explain(issue: z.core.$ZodIssue, context: Context): Error {
  const path = issue.path.map(String);
  const flag = context.all.find((other) =>
    other.path.every((part, i) => path[i] === part)
  );
  const operand = flag !== undefined && context.operands.includes(flag);
  const name = flag === undefined
    ? path.join(".")
    : operand
    ? flag.placeholder
    : `--${flag.name}`;
  const help = `see tdro ${context.command.name} --help`;
  const value = context.value(path);
  if (issue.code === "invalid_type" && value === undefined && flag) {
    const what = operand ? name : `${name} ${flag.placeholder}`;
    return new SyntaxError(
      `Cannot run tdro ${context.command.name}: ${what} is missing (${help})`,
    );
  }
  // Zod's messages read "Too big: expected number to be <=100".
  const wanted = issue.message.replace(/^[^:]*: (?=expected)/, "");
  if (name === "") {
    return new RangeError(
      `Cannot run tdro ${context.command.name}: ${lower(wanted)} (${help})`,
    );
  }
  const file = context.origin(path);
  return new RangeError(
    `${file === undefined ? "" : `${file}: `}Cannot use ${
      file === undefined ? name : path.join(".")
    }: ${lower(wanted)}: got ${JSON.stringify(value)}`,
  );
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
