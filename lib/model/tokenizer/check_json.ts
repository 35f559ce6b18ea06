import { z } from "zod";
import { describeIssue } from "../../base/describe_issue.ts";
import { shown } from "../../base/shown.ts";
import type { AddedTokenJson, TokenizerJson } from "./tokenizer_json.ts";
import { jsonValue } from "../../base/json_value.ts";

type Fields = Record<string, unknown>;

const Place = z.looseObject({ id: z.string(), type_id: z.number() });
const Template = z.array(z.union([
  z.looseObject({ Sequence: Place }),
  z.looseObject({ SpecialToken: Place }),
], { error: "must be a Sequence or a SpecialToken" }));

/** A text that a part puts in, perhaps at every word. */
const inserted = z.string().max(1000).nullish();

/** A part, which may be a list of others. */
const Part: z.ZodType = z.looseObject(
  {
    type: z.string(),
    prepend: inserted,
    content: inserted,
    replacement: inserted,
    get normalizers() {
      return z.array(Part).optional();
    },
    get pretokenizers() {
      return z.array(Part).optional();
    },
    get processors() {
      return z.array(Part).optional();
    },
    get decoders() {
      return z.array(Part).optional();
    },
  },
  { error: "must be null or an object with a type" },
).superRefine((part, issues) => {
  if (part.type !== "TemplateProcessing") return;
  for (const name of ["single", "pair"]) {
    const { error } = Template.safeParse(part[name]);
    if (!error) continue;
    const { path, message } = error.issues[0]!;
    issues.addIssue({ code: "custom", path: [name, ...path], message });
  }
});

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a JSON file that must hold an object. */
export function parseObject(bytes: Uint8Array, path: string): Fields {
  let json: unknown;
  try {
    json = jsonValue(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
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
    const { error } = Part.nullable().safeParse(part);
    if (error) {
      const [issue] = error.issues as [z.core.$ZodIssue];
      fail(describeIssue({ ...issue, path: [name, ...issue.path] }, json));
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
  const problem = vocabularyProblem(model, added as AddedTokenJson[]);
  if (problem) fail(problem);
  return { ...json, ...parts, added_tokens: added } as TokenizerJson;
}

/** Ids that a vocabulary may leave out, for a model's table of a round size. */
const SPARE_IDS = 1000;

/** What is wrong with the tokens and their ids, if anything. */
function vocabularyProblem(
  model: Fields,
  added: readonly AddedTokenJson[],
): string | undefined {
  const { vocab } = model;
  const ids: [string, number][] = added.map(({ content, id }) => [content, id]);
  if (Array.isArray(vocab)) {
    const pairs = vocab.every((pair) =>
      Array.isArray(pair) && typeof pair[0] === "string" &&
      typeof pair[1] === "number"
    );
    if (!pairs) return "model.vocab must be a list of [token, score]";
    return strayId(ids, vocab.length + added.length);
  }
  const isId = (id: unknown) => Number.isSafeInteger(id) && (id as number) >= 0;
  if (!isObject(vocab) || !Object.values(vocab).every(isId)) {
    return "model.vocab must map tokens to integers >= 0";
  }
  for (const [token, id] of Object.entries(vocab)) {
    ids.push([token, id as number]);
  }
  const unknown = model.unk_token ?? "[UNK]";
  const lacks = model.type === "WordPiece" &&
    !(typeof unknown === "string" && Object.hasOwn(vocab, unknown));
  return lacks
    ? `model.vocab lacks the unknown token ${shown(unknown)}`
    : strayId(ids, ids.length);
}

/** Says which id is too large, if one is: libraries keep a place for each below. */
function strayId(
  ids: readonly (readonly [string, number])[],
  tokens: number,
): string | undefined {
  const end = 2 * tokens + SPARE_IDS;
  const stray = ids.find(([, id]) => id >= end);
  return stray &&
    `the ids of ${tokens} tokens must be below ${end}: got ${stray[1]} for ${
      shown(stray[0])
    }`;
}
