import { join } from "node:path";
import { relay } from "../../base/relay.ts";
import { shuffled } from "../../base/shuffled.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Merging } from "../../dro/mod.ts";
import { disposeEncoder, loadEncoder, mergeEncoders } from "../../model/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { readArm } from "../stages/arm_record.ts";
import {
  type Arm,
  saveArm,
  trainArm,
  type TrainedArm,
} from "../stages/train_arm.ts";

/**
 * Trains an arm's members one after the other, each on a bag of the rows with draws of
 * its own and for its part of the updates, and merges them. The members are kept until
 * the merged model is there.
 */
export async function* trainMerged(
  input: StageInput,
  arm: Arm,
  { members, by, bag }: Merging,
): AsyncGenerator<ProgressEvent, TrainedArm> {
  const { options, rows } = input;
  const models = join(options.out, "models");
  const part = (m: number) => `${arm.name}-part-${m + 1}`;
  const dropParts = async () => {
    for (let m = 0; m < members; m++) {
      // The folder first: it tells that the part is done.
      await drop(join(models, part(m)));
      await drop(join(models, `${part(m)}.json`));
    }
  };
  if (await readArm(join(models, arm.name))) {
    await dropParts();
    return yield* trainArm(input, arm);
  }
  const drawn = rows.map(() => 0);
  const weights = rows.map(() => 0);
  for (let m = 0; m < members; m++) {
    const steps = Math.floor((m + 1) * options.steps / members) -
      Math.floor(m * options.steps / members);
    if (steps === 0) {
      throw new RangeError(
        `Cannot train ${arm.name}: ${options.steps} updates are too few for ${members} models; raise --steps`,
      );
    }
    const seed = createRng(options.seed, `arena/part/${m}`).int(2 ** 31);
    const member = yield* relay(
      trainArm({
        ...input,
        rows: bagOf(rows, { bag, seed }),
        options: { ...options, seed, steps },
      }, {
        ...arm,
        name: part(m),
        about: `One of ${members} models that are merged. ${arm.about}`,
      }),
      (event) => event,
    );
    member.drawn.forEach((count, k) => drawn[k]! += count);
    member.weights.forEach((w, k) => weights[k]! += w * steps / options.steps);
    disposeEncoder(member.encoder);
  }
  const encoders = [];
  try {
    for (let m = 0; m < members; m++) {
      encoders.push(await loadEncoder(join(models, part(m))));
    }
    const encoder = await mergeEncoders(encoders, { by });
    const trained = await saveArm(input, {
      ...arm,
      // Those that changed, in the mean over all updates.
      weights: arm.online ? weights : arm.weights,
      encoder,
      drawn,
    });
    await dropParts();
    return trained;
  } finally {
    encoders.forEach(disposeEncoder);
  }
}

/** Removes what may be gone already. */
async function drop(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Some of each task's rows by lot, in their order; at least one where there are any. */
function bagOf(
  rows: StageInput["rows"],
  { bag, seed }: { bag: number; seed: number },
): StageInput["rows"] {
  return rows.map((own, k) => {
    const order = shuffled(
      own.map((_, i) => i),
      createRng(seed, `arena/bag/${k}`),
    );
    const kept = new Set(order.slice(0, Math.ceil(bag * own.length)));
    return own.filter((_, i) => kept.has(i));
  });
}
