import {
  type CommandFlags,
  commandFlags,
  type Flag,
} from "../options/flags.ts";
import { globalOptions, SHORT } from "../options/global_options.ts";
import { negatable } from "../options/read_arguments.ts";
import { bold, glossary, wrap } from "./style.ts";
import type { Command } from "../command.ts";
import type { Permission, Permissions } from "../table.ts";
import type { Io } from "../io.ts";

type Look = Pick<Io, "color" | "columns">;

/** Help text of one command. */
export function commandHelp(
  command: Command,
  look: Look,
  permissions: Permissions,
): string {
  const { flags, operands } = commandFlags(command);
  const globals = commandFlags({ options: globalOptions }).flags;
  const section = (title: string, rows: [string, string][]) =>
    rows.length === 0
      ? ""
      : `${bold(title, look)}\n${glossary(rows, look.columns)}`;
  const width = Math.min(look.columns, 100);
  const details = (command.details ?? "").split("\n")
    .flatMap((text) => wrap(text, width)).join("\n");
  const examples = command.examples
    .map(({ about, line }) => `  # ${about}\n  ${line}`).join("\n");
  return [
    command.summary,
    `${bold("Usage:", look)} ${usageLine(command.name, { flags, operands })}`,
    details,
    section(
      "Arguments:",
      operands.map((flag) => [flag.placeholder, meaning(flag)]),
    ),
    section("Options:", flags.map((flag) => [written(flag), meaning(flag)])),
    section(
      "Options of every command:",
      globals.map((flag) => [written(flag), flag.description]),
    ),
    section("Permissions:", permissionRows(permissions)),
    `${bold("Examples:", look)}\n${examples}`,
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

/** What Deno must grant, as flags of `deno run`. */
function permissionRows({ needs, uses = [] }: Permissions): [string, string][] {
  const flags = (list: readonly Permission[]) =>
    list.map((permission) => `--allow-${permission}`).join(" ") || "none";
  const rows: [string, string][] = [["needed", flags(needs)]];
  if (uses.length > 0) rows.push(["some options, backends", flags(uses)]);
  return rows;
}

/** `tdro train --suite FOLDER [options] [NAME]` */
function usageLine(name: string, { flags, operands }: CommandFlags): string {
  const required = flags.filter((flag) => flag.required);
  const words = [`tdro ${name}`, ...required.map(written)];
  if (flags.length > required.length) words.push("[options]");
  for (const operand of operands) {
    const word = operand.placeholder + (operand.kind === "array" ? "…" : "");
    words.push(operand.required ? word : `[${word}]`);
  }
  return words.join(" ");
}

/** A flag as one writes it: `-q, --quiet`, `--top N`, `--no-color`. */
function written(flag: Flag): string {
  const short = SHORT[flag.name] ? `-${SHORT[flag.name]}, ` : "";
  if (flag.kind === "boolean") {
    return `${short}--${negatable(flag) ? "[no-]" : ""}${flag.name}`;
  }
  const more = flag.kind === "array" ? ",…" : "";
  return `${short}--${flag.name} ${flag.placeholder}${more}`;
}

/** `What it does (number, > 0; default: 5)`. */
function meaning(flag: Flag): string {
  const facts: string[] = [];
  if (flag.kind !== "boolean" && flag.type !== "") facts.push(flag.type);
  if (flag.required) facts.push("required");
  else if (flag.default === null) facts.push("default: none");
  else if (!silent(flag.default)) facts.push(`default: ${plain(flag.default)}`);
  return `${flag.description}${
    facts.length > 0 ? ` (${facts.join("; ")})` : ""
  }`.trim();
}

/** A default that says nothing: off, empty, or none at all. */
function silent(value: unknown): boolean {
  return value === undefined || value === false || value === "" ||
    (Array.isArray(value) && value.length === 0);
}

function plain(value: unknown): string {
  if (Array.isArray(value) && value.length > 0) {
    return value.map(plain).join(",");
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
