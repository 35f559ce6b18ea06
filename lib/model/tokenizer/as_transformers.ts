import { shown } from "../../base/shown.ts";
import { classParts, fitsClass } from "./class_parts.ts";
import { specialToken } from "./files.ts";
import { type TokenizerKind, tokenizerKind } from "./tokenizer_class.ts";
import type { AddedTokenJson, TokenizerJson } from "./tokenizer_json.ts";

/** The files beside `tokenizer.json` that have a say. */
export interface BesideTokenizer {
  /** `tokenizer_config.json`, with `special_tokens_map.json`. */
  config: Record<string, unknown>;
  /** The model's `config.json`. */
  model?: Record<string, unknown>;
}

/** Names of the special tokens that have one. */
const ROLES = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

/**
 * A `tokenizer.json` as transformers 5 makes it when it loads the folder:
 * classes such as `BertTokenizer` put their own parts in the place of the
 * file's, by what `tokenizer_config.json` says.
 *
 * @throws {Error} If a setting isn't known to do the same here.
 */
export function asTransformers(
  json: TokenizerJson,
  { config, model }: BesideTokenizer,
): TokenizerJson {
  if (config.split_special_tokens) {
    throw new Error(
      `split_special_tokens must be false: got ${
        shown(config.split_special_tokens)
      }; special tokens in a text are always taken as such`,
    );
  }
  const kind = kindOf(json, { config, model });
  const parts = kind ? classParts(kind, json, config) : {};
  return {
    ...json,
    ...parts,
    added_tokens: addedTokens(json, config, kind),
  };
}

function kindOf(
  json: TokenizerJson,
  { config, model }: BesideTokenizer,
): TokenizerKind | undefined {
  const declared = config.tokenizer_class ?? model?.tokenizer_class;
  const byteLevel = JSON.stringify({ ...json, model: null })
    .includes('"ByteLevel"');
  const modelType = model?.model_type;
  const kind = tokenizerKind({ declared, modelType, byteLevel });
  // A Qwen's folder that names no class of its own has Qwen's there, whatever
  // the vocabulary: with one made here that is nonsense.
  const misnamed = typeof declared === "string" &&
    tokenizerKind({ declared, byteLevel }) !== kind;
  return kind && misnamed && !fitsClass(kind, json) ? undefined : kind;
}

/** The file's added tokens, and those that only the configuration names. */
function addedTokens(
  json: TokenizerJson,
  config: Record<string, unknown>,
  kind: TokenizerKind | undefined,
): AddedTokenJson[] {
  const listed = Object.entries(
    (config.added_tokens_decoder ?? {}) as Record<string, unknown>,
  ).map(([id, token]) => ({
    normalized: true,
    special: false,
    ...token as Record<string, unknown>,
    id: Number(id),
  } as AddedTokenJson))
    .filter(({ content }) => typeof content === "string")
    .sort((a, b) => a.id - b.id);
  const own = kind && listed.length > 0 ? [] : json.added_tokens;
  const tokens = new Map(own.map((token) => [token.content, token]));
  for (const token of listed) tokens.set(token.content, token);
  for (const content of specialTexts(config)) {
    // Qwen2's class alone adds its special tokens anew, as plain ones.
    if (tokens.has(content) && kind !== "qwen2") continue;
    tokens.set(content, { id: 0, content, normalized: false, special: true });
  }
  return [...tokens.values()];
}

function specialTexts(config: Record<string, unknown>): string[] {
  const more = config.extra_special_tokens ?? config.additional_special_tokens;
  const values = [
    ...ROLES.map((role) => config[`${role}_token`]),
    ...Array.isArray(more) ? more : [],
  ];
  return values.map(specialToken).filter((text) => text !== undefined);
}
