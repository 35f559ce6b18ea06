import type { Variable } from "../../backend/mod.ts";
import { embeddingSize, type Encoder } from "../../model/mod.ts";
import { trainable, type TrainableOptions } from "../../train/mod.ts";
import type { PlannedModel } from "./run_plan.ts";

/** Sizes of a model in memory and, as it is saved, on disk. */
export function plannedModel(
  base: Encoder,
  options: TrainableOptions = {},
): PlannedModel {
  const bytes = (parameters: Iterable<[string, Variable]>) =>
    4 * [...parameters].reduce((total, [, { size }]) => total + size, 0);
  return {
    bytes: bytes(base.parameters),
    trained: bytes(trainable(base, options)),
    dimension: embeddingSize(base),
  };
}
