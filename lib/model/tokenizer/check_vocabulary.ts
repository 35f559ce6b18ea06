import type { ModelConfig } from "../config/model_config.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * Refuses a tokenizer that makes ids which the model has no rows for. A padding
 * token beyond the table is let through, as it is in no text.
 */
export function checkVocabulary(
  config: ModelConfig,
  tokenizer: Tokenizer,
  action: string,
): void {
  const { vocabSize, padId } = tokenizer;
  const needed = padId === vocabSize - 1 ? vocabSize - 1 : vocabSize;
  if (needed > config.vocabSize) {
    throw new RangeError(
      `Cannot ${action}: the tokenizer has ${vocabSize} entries, ` +
        `config.json says vocab_size ${config.vocabSize}; take the tokenizer of this model`,
    );
  }
}
