import type { TokenizerJson } from "./tokenizer_json.ts";

type Fields = Record<string, unknown>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a JSON file that must hold an object. */
export function parseObject(bytes: Uint8Array, path: string): Fields {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // Ours names the file; what V8 says quotes half a megabyte of vocabulary.
  }
  if (isObject(json)) return json;
  throw new SyntaxError(`Cannot load ${path}: it must be a JSON object`);
}

/**
 * Checks what the tokenizers package takes on trust; what goes wrong inside
 * its parts it reports itself.
 */
export function checkTokenizerJson(
  json: unknown,
  path: string,
): TokenizerJson {
  const fail = (what: string) => {
    throw new SyntaxError(`Cannot load a tokenizer from ${path}: ${what}`);
  };
  if (!isObject(json)) return fail("it must be a JSON object");
  const parts: Fields = {};
  for (
    const name of ["normalizer", "pre_tokenizer", "post_processor", "decoder"]
  ) {
    const part = json[name] ?? null;
    if (part !== null && (!isObject(part) || typeof part.type !== "string")) {
      fail(`${name} must be null or an object with a type`);
    }
    parts[name] = part;
  }
  const added = json.added_tokens ?? [];
  if (
    !Array.isArray(added) ||
    !added.every((t) =>
      isObject(t) && Number.isSafeInteger(t.id) && (t.id as number) >= 0 &&
      typeof t.content === "string"
    )
  ) fail("added_tokens must be a list of {id, content}");
  const model = json.model;
  if (!isObject(model) || model.vocab === undefined) {
    return fail("model must be an object with a vocab");
  }
  if (model.type === "WordPiece") {
    const unknown = model.unk_token ?? "[UNK]";
    if (
      !isObject(model.vocab) ||
      !Object.values(model.vocab).every((id) =>
        Number.isSafeInteger(id) && (id as number) >= 0
      )
    ) fail("model.vocab must map tokens to integers >= 0");
    if (!Object.hasOwn(model.vocab as Fields, unknown as string)) {
      fail(`model.vocab lacks the unknown token ${JSON.stringify(unknown)}`);
    }
  }
  return { ...json, ...parts, added_tokens: added } as TokenizerJson;
}
