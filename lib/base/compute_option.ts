import { z } from "zod";

/**
 * What a model multiplies while it encodes, as CTranslate2 calls it;
 * `InferencePrecision` says what each stands for.
 */
const computeType = (when: string) => ({
  computeType: z.enum(["float32", "bfloat16", "int8"]).optional()
    .meta({ placeholder: "TYPE" }).describe(
      `What the model multiplies while it ${when}: float32, bfloat16 (tensorflow alone) or int8, the fastest on processors; default: float32`,
    ),
});

/** The option of every command that encodes texts and trains nothing. */
export const computeShape = computeType("encodes");

/** The same of those that train first. */
export const computeAfterTrainingShape = computeType(
  "is evaluated on the test splits",
);
