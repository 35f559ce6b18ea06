import { duplicateKey } from "../../base/json_keys.ts";
import { jsonValue } from "../../base/json_value.ts";
import { readText } from "../../base/files/read_text.ts";
import type { Flag } from "./flags.ts";
import { isObject, type Values } from "./read_arguments.ts";
import { otherName } from "./other_names.ts";
import { recordedOptions } from "./recorded_options.ts";
import { suggest } from "../../base/nearest_names.ts";

/** What a config file says to one command. */
export interface Config {
  /** Values of the options that the command has; not yet validated. */
  values: Values;
  /** What it holds beside, each with what was probably meant. */
  unused: string[];
}

/**
 * Reads a file of options: JSON or YAML, or the record of a run. One file may serve
 * several commands, so what this one doesn't know is no error.
 *
 * @param path The file.
 * @param all Options of the command.
 * @throws {SyntaxError} If it is neither JSON nor YAML, or holds no options.
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export async function readConfig(
  path: string,
  all: readonly Flag[],
): Promise<Config> {
  const config = await parse(await textOf(path), path);
  if (!isObject(config)) {
    throw new SyntaxError(
      `${path}: Cannot read the config file: expected an object of options`,
    );
  }
  const recorded = recordedOptions(config, { all, path });
  const { values, unused } = known(recorded ?? config, all);
  // What a run wrote down is no slip of the pen.
  const hint = recorded ? () => "" : (name: string) => meant(name, all);
  return { values, unused: unused.map((name) => name + hint(name)) };
}

async function textOf(path: string): Promise<string> {
  try {
    return (await readText(path, "")).replace(/^\uFEFF/, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    // It says all, with the line.
    if (error instanceof SyntaxError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new Deno.errors.NotFound(`Cannot read the config file: no ${path}`);
    }
    throw new Deno.errors.InvalidData(
      `${path}: Cannot read the config file: ${(error as Error).message}`,
    );
  }
}

/** A file named `.json` must be JSON; any other may be YAML, which JSON is too. */
async function parse(text: string, path: string): Promise<unknown> {
  if (path.endsWith(".json")) {
    let value: unknown;
    try {
      value = jsonValue(text);
    } catch (error) {
      throw unreadable(path, (error as Error).message);
    }
    // YAML's reader says so itself.
    const twice = duplicateKey(text);
    if (twice === undefined) return value;
    throw unreadable(path, `the key ${JSON.stringify(twice)} is there twice`);
  }
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line;
    const reason = error.message.split("\n")[0]!
      .replace(/ at line \d+, column \d+:?$/, "");
    throw unreadable(line === undefined ? path : `${path}:${line}`, reason);
  }
  try {
    return document.toJS();
  } catch (error) { // an alias of nothing, or of far too much
    throw unreadable(path, (error as Error).message);
  }
}

function unreadable(where: string, reason: string): SyntaxError {
  return new SyntaxError(
    `${where}: Cannot read the config file: ${reason.replace(/\s+/g, " ")}`,
  );
}

/** The values that belong to an option, and the names of the others. */
function known(
  config: Values,
  all: readonly Flag[],
  parent: readonly string[] = [],
): Config {
  const values: Values = {};
  const unused: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    const path = [...parent, key];
    const below = all.filter((flag) =>
      path.every((part, i) => flag.path[i] === part)
    );
    if (below.length === 0) unused.push(path.join("."));
    else if (
      below.some((flag) => flag.path.length > path.length) && isObject(value)
    ) {
      const within = known(value, all, path);
      values[key] = within.values;
      unused.push(...within.unused);
    } else values[key] = value;
  }
  return { values, unused };
}

/** ` (did you mean …?)`, or nothing. */
function meant(name: string, all: readonly Flag[]): string {
  const names = all.map((flag) => flag.path.join("."));
  const other = otherName(name, all);
  if (other) return ` (did you mean ${other.flag.path.join(".")}${other.but}?)`;
  const near = suggest(name, names);
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}
