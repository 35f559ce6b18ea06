import { z } from "zod";
import type { Command } from "../command.ts";

/** The parts of a JSON schema that flags are made from. */
export interface JsonSchema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  placeholder?: string;
  /** Whether a boolean without default is off with `--no-…`. */
  negatable?: boolean;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

/** One option of a command, as a flag or an operand. */
export interface Flag {
  /** Keys that lead to the value, e.g. `["train", "learningRate"]`. */
  path: string[];
  /** The flag without dashes, e.g. `"train.learning-rate"`. */
  name: string;
  /** How it's written: without a value, once, or again and again. */
  kind: "boolean" | "value" | "array";
  /** Word for its value in help texts. */
  placeholder: string;
  /** What values it takes, in words. */
  type: string;
  /** What it does. */
  description: string;
  /** Value if it isn't given; `undefined` if there is none. */
  default: unknown;
  /** Whether it must be given. */
  required: boolean;
  /** Schema of the value (of one element, if an array). */
  schema: JsonSchema;
}

/** What a command can be told, from its schema. */
export interface CommandFlags {
  /** Options with a flag, in the order of the schema. */
  flags: Flag[];
  /** Options given without a flag, in order. */
  operands: Flag[];
}

/** Flags and operands of a command. */
export function commandFlags(
  { options, operands = [] }: Pick<Command, "options" | "operands">,
): CommandFlags {
  const schema = z.toJSONSchema(options, {
    io: "input",
    unrepresentable: "any",
  }) as JsonSchema;
  const all = walk(schema, schema.$defs ?? {}, []);
  return {
    flags: all.filter((flag) => !operands.includes(flag.path.join("."))),
    operands: operands.map((key) => {
      const flag = all.find((other) => other.path.join(".") === key);
      if (flag === undefined) throw new Error(`No option for operand ${key}`);
      return flag;
    }),
  };
}

/** `learningRate` → `learning-rate`. */
export function kebab(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
}

function walk(
  schema: JsonSchema,
  defs: Record<string, JsonSchema>,
  path: string[],
  optional = false,
): Flag[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const here = [...path, key];
    const node = resolve(property, defs);
    const required = !optional && (schema.required ?? []).includes(key) &&
      node.default === undefined;
    // An object of named options is options within; any other is one value.
    if (node.properties) {
      return walk(node, defs, here, optional || !required).map((flag) => ({
        ...flag,
        default: flag.default ?? (node.default as Record<string, unknown>)
          ?.[flag.path[here.length]!],
      }));
    }
    const array = node.type === "array" && node.items !== undefined;
    const value = array ? resolve(node.items!, defs) : node;
    return [{
      path: here,
      name: here.map(kebab).join("."),
      kind: array ? "array" : node.type === "boolean" ? "boolean" : "value",
      placeholder: node.placeholder ?? value.placeholder ?? placeholder(value),
      type: describe(value),
      description: node.description ?? "",
      default: node.default,
      required,
      schema: value,
    } as Flag];
  });
}

function resolve(
  node: JsonSchema,
  defs: Record<string, JsonSchema>,
): JsonSchema {
  const name = node.$ref?.replace("#/$defs/", "");
  return name !== undefined && defs[name]
    ? { ...resolve(defs[name], defs), ...node, $ref: undefined }
    : node;
}

/** The schemas that a value may follow. */
export function alternatives(schema: JsonSchema): JsonSchema[] {
  const choices = schema.anyOf ?? schema.oneOf;
  return choices ? choices.flatMap(alternatives) : [schema];
}

function placeholder(schema: JsonSchema): string {
  if (alternatives(schema).some((choice) => choice.enum)) return "NAME";
  const kinds = alternatives(schema).map((choice) => choice.type);
  if (kinds.includes("number") || kinds.includes("integer")) return "N";
  return kinds.includes("object") || kinds.includes("array") ? "JSON" : "TEXT";
}

/** What values a schema takes: `number, > 0, at most 1`; nothing for any text. */
function describe(schema: JsonSchema): string {
  const texts = new Set(
    alternatives(schema).map((choice) => {
      if (choice.enum) return choice.enum.join(" | ");
      if (choice.const !== undefined) return String(choice.const);
      const type = [choice.type ?? []].flat().map((name) =>
        WORDS[name] ?? name
      );
      return [type.join(" | "), ...bounds(choice)].filter((part) => part !== "")
        .join(", ");
    }).filter((text) => text !== ""),
  );
  return texts.size === 1 && texts.has(WORDS.string!)
    ? ""
    : [...texts].join(" | ");
}

/** Types as a reader calls them. */
const WORDS: Readonly<Record<string, string>> = {
  string: "text",
  array: "JSON list",
  null: "none",
};

function bounds(schema: JsonSchema): string[] {
  const texts: string[] = [];
  // Zod bounds integers to the safe ones; that's no news to a reader.
  const safe = Number.MAX_SAFE_INTEGER;
  if (schema.exclusiveMinimum !== undefined) {
    texts.push(`> ${schema.exclusiveMinimum}`);
  } else if (schema.minimum !== undefined && schema.minimum > -safe) {
    texts.push(`≥ ${schema.minimum}`);
  }
  if (schema.exclusiveMaximum !== undefined) {
    texts.push(`< ${schema.exclusiveMaximum}`);
  } else if (schema.maximum !== undefined && schema.maximum < safe) {
    texts.push(`≤ ${schema.maximum}`);
  }
  return texts;
}
