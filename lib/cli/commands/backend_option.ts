import { z } from "zod";

/** The `--backend` flag. */
export const backendOption: z.ZodDefault<
  z.ZodEnum<{
    auto: "auto";
    tensorflow: "tensorflow";
    webgpu: "webgpu";
    wasm: "wasm";
    cpu: "cpu";
  }>
> = z.enum(["auto", "tensorflow", "webgpu", "wasm", "cpu"]).default("auto")
  .describe("Where tensors are computed; auto picks the fastest available");
