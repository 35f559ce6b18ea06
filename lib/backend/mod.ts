/**
 * Where tensors are computed: choosing and setting up a tfjs backend, and the
 * few kernels whose gradients tfjs lacks or computes wastefully.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * const backend = await useBackend("cpu");
 * assert.equal(backend.device, "cpu");
 * ```
 *
 * @module
 */
export { cacheFolder } from "../base/files/cache_folder.ts";
export { type BackendRow, doctor, type DoctorReport } from "./setup/doctor.ts";
export {
  type NearestRows,
  nearestRows,
  type NearestRowsOptions,
  type RowMatrix,
} from "./nearest/nearest_rows.ts";
export { nearestSteps, type StepMatrix } from "./nearest/nearest_steps.ts";
export { type CountBits, nativeHamming } from "./nearest/native_hamming.ts";
export { type DataVersion, dataVersion } from "./autograd/changed_data.ts";
export { readValues } from "./tensors/read_values.ts";
export type {
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Variable,
} from "./tensors/tensor_types.ts";
export type { Installation, TensorflowFlavour } from "./setup/tensorflow.ts";
export {
  setupTensorflow,
  type SetupTensorflowOptions,
} from "./setup/setup_tensorflow.ts";
export {
  type Backend,
  type BackendName,
  useBackend,
  type UseBackendOptions,
} from "./use_backend.ts";
export type { Progress, ProgressEvent } from "../base/progress_event.ts";
