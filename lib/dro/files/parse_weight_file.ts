import { z } from "zod";
import { type WeightFile, weightFile } from "./weight_file.ts";
import { named } from "../../base/named.ts";
import { jsonValue } from "../../base/json_value.ts";

/** Options for {@linkcode parseWeightFile}. */
export interface ParseWeightFileOptions {
  /** Name of the file, for error messages. @default {"weight file"} */
  path?: string;
}

const schema = z.strictObject({
  domain_ids: named(z.int().min(0)),
  domain_weights: named(z.number().min(0)),
  size: named(z.int().min(1)),
  epoch: named(z.number()).optional(),
  n_groups: z.int().min(0).optional(),
  category_list: named(z.array(z.string())).optional(),
});

/**
 * Reads the text of a weight file (spec section 11): JSON with the keys
 * `domain_ids`, `domain_weights` and `size`, each an object by task name, and
 * optionally `epoch`, `n_groups` and `category_list`. `epoch` is worked out
 * where it's missing.
 *
 * @param text Text of the file.
 * @param options File name for messages.
 * @returns The tasks in the order of `domain_ids`.
 * @throws {SyntaxError} If it isn't JSON, lacks a key, has an unknown one or a
 * value out of range, or its objects are about different tasks.
 *
 * @example Usage
 * ```ts
 * import { parseWeightFile } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const file = parseWeightFile(`{
 *   "domain_ids": { "nq": 0 },
 *   "domain_weights": { "nq": 1 },
 *   "size": { "nq": 58800 }
 * }`);
 * assert.deepEqual(file.names, ["nq"]);
 * assert.deepEqual(file.epochs, [1]);
 * ```
 */
export function parseWeightFile(
  text: string,
  { path = "weight file" }: ParseWeightFileOptions = {},
): WeightFile {
  const fail = (reason: string, at = path): never => {
    throw new SyntaxError(`${at}: Cannot read weights: ${reason}`);
  };
  let json: unknown;
  try {
    json = jsonValue(text);
  } catch (error) {
    const message = (error as SyntaxError).message;
    const line = /line (\d+)/.exec(message)?.[1];
    fail(`not JSON: ${message}`, line ? `${path}:${line}` : path);
  }
  const result = schema.safeParse(json);
  if (!result.success) return fail(reasonOf(result.error.issues[0]!));
  const content = result.data;
  const names = Object.keys(content.domain_ids);
  const column = (key: "domain_weights" | "size" | "epoch"): number[] => {
    const values = new Map(Object.entries(content[key] ?? {}));
    const stray = [...values.keys()].find((name) =>
      !Object.hasOwn(content.domain_ids, name)
    );
    if (stray !== undefined) {
      fail(`${key} has the task ${JSON.stringify(stray)}, domain_ids doesn't`);
    }
    return names.map((name) =>
      values.get(name) ??
        fail(`domain_ids has the task ${JSON.stringify(name)}, ${key} doesn't`)
    );
  };
  let file: WeightFile;
  try {
    file = weightFile({
      names,
      ids: names.map((name) => content.domain_ids[name]!),
      weights: column("domain_weights"),
      sizes: column("size"),
    });
  } catch (error) {
    if (error instanceof RangeError) {
      return fail(error.message.replace("Cannot make a weight file: ", ""));
    }
    throw error;
  }
  if (content.epoch) file.epochs = column("epoch");
  if (content.n_groups !== undefined) file.groupCount = content.n_groups;
  if (content.category_list) file.categories = content.category_list;
  return file;
}

function reasonOf(issue: z.core.$ZodIssue): string {
  const where = issue.path.map(String).join(".") || "the file";
  if (issue.code === "unrecognized_keys") {
    return `unknown key ${
      JSON.stringify(issue.keys[0])
    }; the keys are domain_ids, domain_weights, size, epoch, n_groups, category_list`;
  }
  return `${where}: ${issue.message}`;
}
