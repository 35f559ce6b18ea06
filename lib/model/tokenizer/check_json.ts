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
  if (Array.isArray(vocab)) {
    const pairs = vocab.every((pair) =>
      Array.isArray(pair) && typeof pair[0] === "string" &&
      typeof pair[1] === "number"
    );
    return pairs ? undefined : "model.vocab must be a list of [token, score]";
  }
  if (!isObject(vocab)) return "model.vocab must map tokens to integers >= 0";
  const ids = Object.entries(vocab);
  if (!ids.every(([, id]) => Number.isSafeInteger(id) && (id as number) >= 0)) {
    return "model.vocab must map tokens to integers >= 0";
  }
  // Libraries keep a place for every id below the largest.
  const end = 2 * (ids.length + added.length) + SPARE_IDS;
  for (const { content, id } of added) ids.push([content, id]);
  const stray = ids.find(([, id]) => (id as number) >= end);
  if (stray) {
    return `the ids of ${ids.length} tokens must be below ${end}: got ${
      stray[1]
    } for ${shown(stray[0])}`;
  }
  const unknown = model.unk_token ?? "[UNK]";
  if (
    model.type === "WordPiece" &&
    !(typeof unknown === "string" && Object.hasOwn(vocab, unknown))
  ) return `model.vocab lacks the unknown token ${shown(unknown)}`;
}
