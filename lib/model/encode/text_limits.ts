import {
  DEFAULT_PASSAGE_LENGTH,
  DEFAULT_QUERY_LENGTH,
} from "../../base/defaults.ts";
import type { Side } from "../config/router.ts";

/** Maximum tokens of the two sides, special tokens included. */
export interface TextLimits {
  /** Of a query, its prompt included. */
  queryLength: number;
  /** Of a passage. */
  passageLength: number;
}

/** What a model says of lengths: an encoder, or `modelInfo()` of its folder. */
export interface ModelLengths {
  /** Maximum tokens of any text. */
  maxLength: number;
  /** Lengths that tdro trained it with; absent for other models. */
  modules?: { lengths?: { query: number; passage: number } | undefined };
  /** The same, as `modelInfo()` has it. */
  lengths?: { query: number; passage: number } | undefined;
  /** What encodes passages, where it is another model. */
  passages?: Pick<ModelLengths, "maxLength"> | undefined;
}

/**
 * The lengths that hold for a model's texts, for training, evaluation, mining and
 * search alike: those that are asked for, else those that tdro trained the model
 * with, else 128 for a query and 256 for a passage; and never more than the model
 * takes.
 *
 * @param model The model, or one for each side; one that is yet to be made takes any
 * length.
 * @param given What is asked for.
 *
 * @example Usage
 * ```ts
 * import { textLimits } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const long = { maxLength: 512 };
 * assert.deepEqual(textLimits(long), { queryLength: 128, passageLength: 256 });
 * assert.equal(textLimits(long, { passageLength: 400 }).passageLength, 400);
 * const short = { maxLength: 64 };
 * assert.equal(textLimits(short, { passageLength: 400 }).passageLength, 64);
 * ```
 */
export function textLimits(
  model: ModelLengths | Readonly<Record<Side, ModelLengths>> = {
    maxLength: Infinity,
  },
  given: Partial<{ [Side in keyof TextLimits]: number | undefined }> = {},
): TextLimits {
  const { maxLength, modules, lengths = modules?.lengths, passages } =
    "query" in model ? { ...model.query, passages: model.passage } : model;
  const {
    queryLength = lengths?.query ?? DEFAULT_QUERY_LENGTH,
    passageLength = lengths?.passage ?? DEFAULT_PASSAGE_LENGTH,
  } = given;
  return {
    queryLength: Math.min(queryLength, maxLength),
    passageLength: Math.min(passageLength, passages?.maxLength ?? maxLength),
  };
}
