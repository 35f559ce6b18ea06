import type { WorkModule } from "../_work.ts";
import { setup as encode } from "./encode.ts";

/** As `encode`, in int8; for `backends.ts`. */
export const setup: WorkModule["setup"] = (quick, folder) =>
  encode(quick, folder, "int8");
