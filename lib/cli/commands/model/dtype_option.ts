import { z } from "zod";

/** The `--dtype` flag: how weights lie on disk. */
export const dtypeOption: z.ZodDefault<
  z.ZodEnum<{ float32: "float32"; bfloat16: "bfloat16"; float16: "float16" }>
> = z.enum(["float32", "bfloat16", "float16"]).default("float32")
  .meta({ placeholder: "TYPE" }).describe("How the weights are stored");
