import { z } from "zod";

/**
 * The option of every command that encodes texts and trains nothing, as
 * CTranslate2 calls it; `InferencePrecision` says what each stands for.
 */
export const computeShape = {
  computeType: z.enum(["float32", "bfloat16", "int8"]).optional()
    .meta({ placeholder: "TYPE" }).describe(
      "What the model multiplies while it encodes: float32, bfloat16 (tensorflow alone) or int8, the fastest on processors; default: float32",
    ),
};
