import type { Variable } from "../../backend/mod.ts";
import {
  type AllReduceOptions,
  bytesOf,
  integersOf,
  type Workers,
} from "../../workers/mod.ts";
import { disposeAll, type Gradients } from "../gradients.ts";
import { GradientLayout, outlineOf } from "./gradient_layout.ts";

/** What {@linkcode sumGradients} needs to know. */
export interface SumGradientsOptions extends AllReduceOptions {
  /** The workers. */
  workers: Workers;
  /** What is trained, in one order everywhere. */
  parameters: ReadonlyMap<string, Variable>;
}

/**
 * Sums gradients over the workers, in one exchange; to be called by all of them.
 *
 * @param gradients This worker's; they are freed.
 * @param options The workers.
 * @returns The sums, the same bits everywhere; the caller disposes of them.
 */
export async function sumGradients(
  gradients: Gradients,
  { workers, parameters, precision }: SumGradientsOptions,
): Promise<Gradients> {
  const outline = outlineOf(parameters, gradients);
  const outlines = await workers.allGather(bytesOf(outline));
  const layout = new GradientLayout(parameters, outlines.map(integersOf));
  const numbers = new Float32Array(layout.length);
  await layout.put(gradients, numbers);
  disposeAll(gradients);
  await workers.allReduce(numbers, { precision });
  return layout.take(numbers);
}
