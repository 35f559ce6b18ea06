import { type ModulesConfig, type Pooling, poolings } from "../../model/mod.ts";

/** What stands for the model's folder, or its name on a hub. */
const MODEL = "MODEL";

/** What the examples say of a model. */
export interface LoadCodeInput {
  /** What its files say. */
  modules: ModulesConfig;
  /** Name of the prompt that the examples take. */
  prompt: string;
  /** Most tokens of a text. */
  maxLength: number;
}

/** How sentence-transformers loads a model and encodes with it. */
export function sentenceTransformersCode({ prompt }: LoadCodeInput): string {
  return python(`
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("${MODEL}")
queries = model.encode(["a query"], prompt_name=${JSON.stringify(prompt)})
passages = model.encode(["a passage", "another passage"])
print(model.similarity(queries, passages))`);
}

/**
 * The same in transformers alone.
 *
 * @returns Undefined where layers follow that it doesn't load.
 */
export function transformersCode(
  { modules, prompt, maxLength }: LoadCodeInput,
): string | undefined {
  const { maps = [], layerMix, dim } = modules;
  const [rule, another] = poolings(modules);
  if (maps.length > 0 || layerMix || dim || another) return;
  const { side, pool } = POOLING[rule!];
  const normal = modules.normalize
    ? "torch.nn.functional.normalize(vectors, dim=-1)"
    : "vectors";
  return python(`
import torch
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("${MODEL}", padding_side="${side}")
model = AutoModel.from_pretrained("${MODEL}")

def encode(texts):
    tokens = tokenizer(texts, padding=True, truncation=True,
                       max_length=${maxLength}, return_tensors="pt")
    with torch.no_grad():
        states = model(**tokens).last_hidden_state
    mask = tokens["attention_mask"].unsqueeze(-1)
    vectors = ${pool}
    return ${normal}

prompt = ${JSON.stringify(modules.prompts?.[prompt] ?? "")}
queries = encode([prompt + "a query"])
passages = encode(["a passage", "another passage"])
print(queries @ passages.T)`);
}

/** How each pooling is written in PyTorch, and the side of the padding it takes. */
const POOLING: Record<Pooling, { side: "left" | "right"; pool: string }> = {
  mean: { side: "right", pool: "(states * mask).sum(1) / mask.sum(1)" },
  cls: { side: "right", pool: "states[:, 0]" },
  max: {
    side: "right",
    pool: "states.masked_fill(mask == 0, -torch.inf).amax(1)",
  },
  meanSqrtLength: {
    side: "right",
    pool: "(states * mask).sum(1) / mask.sum(1).sqrt()",
  },
  lastToken: { side: "left", pool: "states[:, -1]" },
  weightedMean: {
    side: "right",
    pool:
      "(states * mask.cumsum(1) * mask).sum(1) / (mask.cumsum(1) * mask).sum(1)",
  },
};

/** The same in tdro. */
export function tdroCode({ prompt }: LoadCodeInput): string {
  // Line by line: what reads sources by patterns takes these imports for ours.
  return [
    "```ts",
    'import { useBackend } from "@tdro/tdro/backend";',
    'import { encodeTexts, loadEncoder } from "@tdro/tdro/model";',
    "",
    'await useBackend("auto");',
    `const model = await loadEncoder("${MODEL}");`,
    `const prompt = model.modules.prompts![${JSON.stringify(prompt)}]!;`,
    'const queries = await encodeTexts(model, ["a query"], { prompt });',
    'const passages = await encodeTexts(model, ["a passage", "another passage"]);',
    "console.log(queries.data, passages.data); // a row for each text",
    "```",
  ].join("\n");
}

function python(code: string): string {
  return `\`\`\`python${code}\n\`\`\``;
}
