import { join } from "node:path";
import { z } from "zod";
import { readIfPresent } from "./read_file.ts";

/** Names of the file that the Transformer module had, the current one first. */
const NAMES = [
  "bert",
  "roberta",
  "distilbert",
  "camembert",
  "albert",
  "xlm-roberta",
  "xlnet",
].map((name) => `sentence_${name}_config.json`);

/** Arguments that change no vector. */
const HARMLESS = [
  "trust_remote_code",
  "use_fast",
  "torch_dtype",
  "dtype",
  "attn_implementation",
  "device_map",
  "low_cpu_mem_usage",
];

/** Arguments of Python functions; what isn't known to change nothing is refused. */
const args = z.record(z.string(), z.unknown()).nullish()
  .superRefine((given, issues) => {
    const other = Object.keys(given ?? {})
      .find((name) => !HARMLESS.includes(name));
    if (other === undefined) return;
    issues.addIssue({
      code: "custom",
      path: [other],
      message: "must be left out: it may change vectors, and isn't done here",
    });
  });

const TransformerFile = z.looseObject({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
  transformer_task: z.literal(
    "feature-extraction",
    'must be "feature-extraction"',
  ).nullish(),
  query_expansion: z.null("must be null: queries are taken as they are")
    .optional(),
  model_args: args,
  model_kwargs: args,
  tokenizer_args: args,
  processor_kwargs: args,
  config_args: args,
  config_kwargs: args,
});

const TokenizerFile = z.looseObject({ model_max_length: z.unknown() });

/** transformers writes 1e30 for "no limit". */
const NO_LIMIT = 1e6;

/** What is said about texts on their way to the model. */
export interface TextSettings {
  /** Most tokens; absent if no file says. */
  maxLength?: number;
  /** Letters are made small before the tokenizer sees them. */
  lowercase?: true;
}

/**
 * Reads `sentence_bert_config.json`, under whichever of its names it lies in a
 * folder, and the tokenizer's limit.
 *
 * @param folder Folder of the Transformer module.
 * @throws {SyntaxError} If it is malformed, or has a setting that changes
 * vectors and isn't known here.
 */
export async function readTextSettings(folder: string): Promise<TextSettings> {
  let file: z.infer<typeof TransformerFile> | undefined;
  for (const name of NAMES) {
    file ??= await readIfPresent(join(folder, name), TransformerFile);
  }
  const tokenizer = await readIfPresent(
    join(folder, "tokenizer_config.json"),
    TokenizerFile,
  );
  const length = file?.max_seq_length ?? tokenizer?.model_max_length;
  const limit = Number(length);
  return {
    ...Number.isInteger(length) && limit > 0 && limit < NO_LIMIT &&
      { maxLength: limit },
    ...file?.do_lower_case && { lowercase: true as const },
  };
}
