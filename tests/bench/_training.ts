import { join } from "node:path";
import { type Encoder, saveEncoder } from "../../lib/model/mod.ts";
import type { Batch } from "../../lib/sampling/mod.ts";
import { infoNce, train, type TrainOptions } from "../../lib/train/mod.ts";
import { useBenchBackend } from "./_device.ts";
import type { Work } from "./_work.ts";

/** Temperature of all training benchmarks. */
const TEMPERATURE = 0.05;

/** A batch of texts: `passages[i]` are those of query i, its positive first. */
export interface TextBatch {
  queries: string[];
  passages: string[][];
}

/**
 * Training steps as work. The model and the batches are saved for the peer,
 * so that both sides begin with the same weights; the loss of the first step is
 * what they must agree on.
 */
export async function trainingWork(
  encoder: Encoder,
  texts: readonly TextBatch[],
  { folder, name, ...options }:
    & { folder: string; name: string }
    & Pick<TrainOptions, "queryLength" | "passageLength">
    & { precision?: "float32" | "bfloat16" },
): Promise<Work> {
  await useBenchBackend();
  const at = join(folder, name);
  await saveEncoder(encoder, at);
  await Deno.writeTextFile(
    join(at, "batches.json"),
    // Ids, not texts: the peer's side doesn't tokenise.
    JSON.stringify({
      temperature: TEMPERATURE,
      pooling: encoder.modules.pooling,
      padId: encoder.tokenizer.padId,
      batches: texts.map(({ queries, passages }) => ({
        queries: encoder.tokenizer.encode(queries, {
          maxLength: options.queryLength!,
        }).ids,
        passages: encoder.tokenizer.encode(passages.flat(), {
          maxLength: options.passageLength!,
        }).ids,
      })),
    }),
  );
  const updates = train(encoder, forever(texts.map(asBatch)), {
    ...options,
    loss: infoNce({ temperature: TEMPERATURE, maskFalseNegatives: false }),
    learningRate: 1e-5,
    weightDecay: 0.01,
  });
  // A round is a step with each batch: they differ in length.
  const check = (await updates.next()).value!.loss;
  let tokens = 0;
  for (const _ of texts) tokens += (await updates.next()).value!.tokens;
  return {
    check,
    tokens,
    flops: 6 * tokens * matrixSize(encoder),
    round: async () => {
      for (const _ of texts) await updates.next();
    },
  };
}

/** Numbers in the matrices that each token is multiplied with. */
function matrixSize({ parameters }: Encoder): number {
  return [...parameters].reduce(
    (sum, [name, p]) =>
      p.rank === 2 && /layers?\.\d/.test(name) ? sum + p.size : sum,
    0,
  );
}

/** Texts as a batch that is trained on. */
export function asBatch({ queries, passages }: TextBatch): Batch {
  return {
    index: 0,
    cursor: {
      batches: 0,
      taskRng: [0, 0, 0, 0],
      passageRng: [0, 0, 0, 0],
      next: [],
      done: [],
      drawn: [],
    },
    examples: queries.map((text, i) => ({
      domain: 0,
      row: i,
      query: { id: `q${i}`, text },
      queryText: text,
      passages: passages[i]!.map((text, j) => ({ id: `p${i}-${j}`, text })),
      passageTexts: passages[i]!,
      positiveIds: new Set([`p${i}-0`]),
    })),
  };
}

/** The same values again and again. */
export function* forever<T>(values: readonly T[]): Generator<T> {
  while (true) yield* values;
}
