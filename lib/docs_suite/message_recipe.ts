import { countWords, cutText } from "./prose.ts";
import { PASSAGE_LIMIT, QUERY_LIMIT, type Recipe } from "./recipe.ts";
import type { MessageLanguage } from "./sources.ts";

const NAMES: Record<MessageLanguage, string> = {
  "de": "German",
  "en": "English",
  "es": "Spanish",
  "fr": "French",
  "it": "Italian",
  "ja": "Japanese",
  "ko": "Korean",
  "pt-br": "Portuguese",
  "ru": "Russian",
  "tr": "Turkish",
  "zh-cn": "Chinese",
};

/** How a task of compiler messages is made: one language asks, another one answers. */
export function messageRecipe(
  from: MessageLanguage,
  to: MessageLanguage,
  size: number,
): Recipe {
  return {
    name: `messages-${from}-${to}`,
    prompt: `Given a compiler message in ${NAMES[from]}, retrieve it in ${
      NAMES[to]
    }`,
    language: [from, to].map((tag) =>
      tag.replace(/-(\w+)$/, (_, region) => `-${region.toUpperCase()}`)
    ),
    kind: "cross-lingual",
    license: "Apache-2.0",
    size,
    source: ({ typescript }) =>
      `npm:typescript@${typescript} diagnosticMessages.generated.json`,
    transform: `query = message of the TypeScript compiler in ${
      NAMES[from]
    }, positive = the same in ${NAMES[to]}; untranslated ones are left out`,
    pairs: ({ messages }) =>
      messages.flatMap(({ key, text }) => {
        const query = text[from], passage = text[to];
        if (!query || !passage || !text.en) return [];
        if (countWords(text.en) < 4) return [];
        return [{
          key: `message:${key}`,
          query: cutText(query, QUERY_LIMIT),
          text: cutText(passage, PASSAGE_LIMIT),
        }];
      }),
  };
}
