import type { TokenizerJson } from "./tokenizer_json.ts";

/** Conventional names of the tokens that have a role in transformers. */
const ROLES: Readonly<Record<string, string>> = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};

/**
 * Text of a special token in a config: a string, or an object with `content`.
 */
export function specialToken(value: unknown): string | undefined {
  const text = (value as { content?: unknown } | null | undefined)?.content ??
    value;
  return typeof text === "string" ? text : undefined;
}

/**
 * The files beside `tokenizer.json` for a tokenizer that was made here. The
 * class is the one that takes `tokenizer.json` as it is; `BertTokenizer` would
 * put its own normalizer in the place of ours.
 */
export function defaultFiles(
  json: TokenizerJson,
): { config: Record<string, unknown>; bytes: Map<string, Uint8Array> } {
  const known = new Set(json.added_tokens.map((token) => token.content));
  const roles = Object.fromEntries(
    Object.entries(ROLES).filter(([, token]) => known.has(token)),
  );
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: true,
    ...roles,
  };
  const encoder = new TextEncoder();
  const bytes = new Map(
    Object.entries({
      "tokenizer.json": json,
      "tokenizer_config.json": config,
      "special_tokens_map.json": roles,
    }).map(([name, content]) => [
      name,
      encoder.encode(`${JSON.stringify(content, null, 2)}\n`),
    ]),
  );
  return { config, bytes };
}
