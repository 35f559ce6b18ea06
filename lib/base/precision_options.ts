import { z } from "zod";

const precisions = () => z.enum(["float32", "int8", "binary"]);

/** Options for searching passages in fewer bytes; `checkRescoring()` has defaults. */
export const precisionShape = {
  precision: precisions().optional().describe(
    "How passages' vectors are kept and searched: whole, in 8 bits a component, or in one; default: float32",
  ),
  rescore: z.int().min(0).optional().describe(
    "Passages to find for each one wanted, and to score again by --rescore-by; 0: none; default: 4 for binary, else 0",
  ),
  rescoreBy: precisions().optional().meta({ placeholder: "PRECISION" })
    .describe(
      "Vectors to score again by, at least as fine; default: binary for binary (no more memory), float32 for int8",
    ),
};
