import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../../base/files/json_file.ts";
import { REFERENCE_SCRIPT } from "./reference_script.ts";

/** What another library makes of some texts, for {@linkcode checkModel}. */
export interface ModelReference {
  /** The texts. */
  texts: string[];
  /** Token ids of each text, special tokens included, cut to `maxLength`. */
  ids?: number[][];
  /** Embeddings, shape `[texts, D]`. */
  embeddings: number[][];
  /** Which libraries made it. */
  madeWith?: Record<string, string>;
}

const Reference: z.ZodType<ModelReference> = z.looseObject({
  texts: z.array(z.string()).nonempty(),
  ids: z.array(z.array(z.int().nonnegative())).optional(),
  embeddings: z.array(z.array(z.number())),
  madeWith: z.record(z.string(), z.string()).optional(),
}).refine(
  ({ texts, embeddings, ids }) =>
    embeddings.length === texts.length &&
    (!ids || ids.length === texts.length),
  { path: ["embeddings"], error: "must have a row for each text" },
);

/**
 * Reads reference values: a JSON file with `texts`, `embeddings` and perhaps
 * `ids`, made by any library.
 *
 * @param path The file.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If it isn't such a file; the message names the field.
 *
 * @example Usage
 * ```ts
 * import { readModelReference } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, '{"texts": ["a"], "embeddings": [[1, 0]]}');
 * assert.equal((await readModelReference(path)).embeddings[0]!.length, 2);
 * ```
 */
export async function readModelReference(
  path: string,
): Promise<ModelReference> {
  const json = await readJson(
    path,
    'make one by "tdro model check --python PYTHON"',
  );
  const { data, error } = Reference.safeParse(json);
  if (!error) return data;
  const { path: at, message } = error.issues[0]!;
  throw new SyntaxError(
    `Cannot read ${path}: ${at.join(".") || "the file"}: ${message}`,
  );
}

/** Options for {@linkcode makeModelReference}. */
export interface MakeModelReferenceOptions {
  /**
   * Python with `torch` and `transformers`; `sentence-transformers` too if the
   * folder has `modules.json`, `peft` if it has an adapter. @default {"python3"}
   */
  python?: string;
  /** Stops the work. */
  signal?: AbortSignal;
}

/**
 * Lets PyTorch compute the embeddings of texts by a model folder, in float32 on
 * the CPU, without network.
 *
 * @param folder A Hugging Face folder.
 * @param texts The texts.
 * @param options Which Python.
 * @throws {RangeError} If Python can't do it; the message has its last line.
 *
 * @example Usage
 * ```ts
 * import { makeModelReference } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(
 *   makeModelReference("a/model", ["a text"], { python: "no-such-python" }),
 *   /Cannot make a reference/,
 * );
 * ```
 */
export async function makeModelReference(
  folder: string,
  texts: readonly string[],
  { python = "python3", signal }: MakeModelReferenceOptions = {},
): Promise<ModelReference> {
  const work = await Deno.makeTempDir({ prefix: "tdro-" });
  try {
    const [script, input, output] = ["reference.py", "texts.json", "out.json"]
      .map((name) => join(work, name)) as [string, string, string];
    await Deno.writeTextFile(script, REFERENCE_SCRIPT);
    await Deno.writeTextFile(input, JSON.stringify(texts));
    let success: boolean, stderr: Uint8Array;
    try {
      ({ success, stderr } = await new Deno.Command(python, {
        args: [script, folder, input, output],
        env: { HF_HUB_OFFLINE: "1", TRANSFORMERS_VERBOSITY: "error" },
        stdout: "null",
        stderr: "piped",
        signal,
      }).output());
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new RangeError(
        `Cannot make a reference for ${folder}: there is no ${python}; name a Python that has torch and transformers`,
      );
    }
    if (!success) {
      const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
      throw new RangeError(
        `Cannot make a reference for ${folder}: ${python} says ${said}`,
      );
    }
    return await readModelReference(output);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
