import { join } from "node:path";
import { z } from "zod";
import { readSealed, writeSealed } from "../../base/files/sealed_json.ts";
import type { ChanceBand } from "../../dro/mod.ts";
import { chanceSchema } from "../stages/result_schemas.ts";
import { type LossStageRecord, lossStageSchema } from "./loss_stages.ts";

/** What choosing an arm's mixture came to. */
export interface Choice {
  /** Sampling weights, shape `[K]`. */
  weights: number[];
  /** Proxy steps that it took. */
  proxySteps: number;
  /** Updates of the uniform retriever that it compared with, 0 if none. */
  referenceSteps: number;
  /** The strategy whose arm had chosen already. */
  weightsOf?: string | undefined;
  /** What chance alone gives each task; absent where that can't be told. */
  chance?: ChanceBand[] | undefined;
  /** The stages 1 that it learned from; absent if there were none. */
  lossStages?: LossStageRecord[] | undefined;
  /** What a mixture that changes must know beside its first weights. */
  kept?: unknown;
}

const numbers = z.array(z.number());

const schema: z.ZodType<Choice> = z.object({
  weights: numbers,
  proxySteps: z.number(),
  referenceSteps: z.number(),
  weightsOf: z.string().optional(),
  chance: chanceSchema.optional(),
  lossStages: z.array(lossStageSchema).optional(),
  kept: z.unknown().optional(),
});

/** The choice in an arm's folder, if it was made. */
export async function readChoice(arm: string): Promise<Choice | undefined> {
  return await readSealed(join(arm, "learned.json"), {
    schema,
    mend: `remove ${arm} to choose its mixture anew`,
  });
}

/** Keeps a choice in an arm's folder. */
export async function writeChoice(arm: string, choice: Choice): Promise<void> {
  await writeSealed(join(arm, "learned.json"), choice);
}
