import { follow, type Workers } from "../../workers/mod.ts";
import {
  disposeEncoder,
  encoderHandlers,
  type EncoderShelf,
} from "../../model/mod.ts";
import { trainingHandlers } from "./follow_training.ts";

/**
 * What every worker but number 0 does: it encodes and trains as worker 0 tells it,
 * which alone reads data and writes files, until that one closes the workers. It
 * needs neither the data nor the model: both come with what it is told.
 *
 * @param workers The workers; this one must not be number 0. A backend must be
 * chosen, the same everywhere.
 *
 * @example Usage
 * ```ts ignore
 * import { useBackend } from "@tdro/tdro/backend";
 * import { followWorker, train } from "@tdro/tdro/train";
 * import { openMpi, teamOf } from "@tdro/tdro/workers";
 *
 * await useBackend();
 * const workers = await openMpi(); // in a program that mpiexec -n 4 started
 * if (workers.rank > 0) await followWorker(workers);
 * else {
 *   for await (const { loss } of train(encoder, drawn, { workers })) console.log(loss);
 *   await teamOf(workers).close();
 * }
 * ```
 */
export async function followWorker(workers: Workers): Promise<void> {
  const shelf: EncoderShelf = new Map();
  try {
    await follow(workers, {
      ...encoderHandlers(workers, shelf),
      ...trainingHandlers(workers, shelf),
    });
  } finally {
    for (const encoder of shelf.values()) disposeEncoder(encoder);
  }
}
