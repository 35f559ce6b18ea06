import { setupOnnx } from "../_onnx_work.ts";
import type { WorkModule } from "../_work.ts";

export const setup: WorkModule["setup"] = (quick, folder) =>
  setupOnnx(quick, folder, "int8");
