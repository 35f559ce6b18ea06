import { alternatives, type Flag } from "./flags.ts";

/**
 * Turns the text of one value into what its schema wants; whether it's in bounds
 * is left to the schema.
 *
 * @throws {SyntaxError} If the text is none of what the schema takes.
 */
export function readValue(flag: Flag, text: string, name: string): unknown {
  const choices = alternatives(flag.schema);
  const takes = (type: string) =>
    choices.some((choice) => [choice.type ?? []].flat().includes(type));
  const listed = choices.flatMap((choice) =>
    choice.enum ?? (choice.const === undefined ? [] : [choice.const])
  );
  for (const value of listed) {
    if (String(value) === text) return value;
  }
  if (takes("null") && (text === "none" || text === "null")) return null;
  if (takes("boolean") && (text === "true" || text === "false")) {
    return text === "true";
  }
  if (takes("number") || takes("integer")) {
    // Number("") is 0 and Number("0x1f") is 31: neither was meant.
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  }
  if (takes("object") || takes("array") || choices.some(anything)) {
    try {
      return JSON.parse(text);
    } catch {
      if (choices.some(anything)) return text;
    }
  }
  // With listed strings the schema's type is "string" too: not any text then.
  const free = choices.some((choice) =>
    choice.type === "string" && choice.enum === undefined &&
    choice.const === undefined
  );
  if (free) return text;
  const wanted = takes("object") || takes("array") ? "JSON" : flag.type;
  throw new SyntaxError(
    `Cannot read ${name}: expected ${wanted}: got ${JSON.stringify(text)}`,
  );
}

function anything(
  choice: { type?: unknown; enum?: unknown; const?: unknown },
): boolean {
  return choice.type === undefined && choice.enum === undefined &&
    choice.const === undefined;
}
