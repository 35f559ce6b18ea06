import { join } from "node:path";
import { writeChecksums } from "../../base/checksums.ts";
import { exists } from "../../base/exists.ts";
import { readJsonIfThere, writeJson } from "../../base/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { writeFolder } from "../../base/write_folder.ts";
import { type Encoder, loadEncoder, saveEncoder } from "../../model/mod.ts";
import { infoNce, train } from "../../train/mod.ts";
import { resumableStage } from "./resumable_stage.ts";
import { refuseDamage } from "./refuse_damage.ts";
import type { StageInput } from "./stage_input.ts";
import { drawnSchema } from "./result_schemas.ts";

/** File of a model's folder that tells how many rows of each task were drawn. */
const DRAWN = "drawn.json";

/** One arm of the comparison. */
export interface Arm {
  /** Its name, also that of its folder under `models/`. */
  name: string;
  /** Sampling weight of each task, shape `[K]`. */
  weights: readonly number[];
}

/** A trained arm. */
export interface TrainedArm {
  /** The model; the caller frees it. */
  encoder: Encoder;
  /** Folder it was saved in. */
  folder: string;
  /** Rows drawn from each task, shape `[K]`. */
  drawn: number[];
}

/**
 * Trains one retriever (stage 0, or 2): homogeneous batches drawn by the arm's
 * weights, InfoNCE with in-batch and hard negatives. Seeds, steps and the rest
 * are the same for every arm; the last step's model counts. Goes on from a
 * checkpoint if an earlier try left one.
 */
export async function* trainArm(
  input: StageInput,
  { name, weights }: Arm,
): AsyncGenerator<ProgressEvent, TrainedArm> {
  const { options } = input;
  const folder = join(options.out, "models", name);
  const drawnFile = join(folder, DRAWN);
  if (await exists(drawnFile)) await refuseDamage(folder);
  const drawnBefore = await readJsonIfThere(drawnFile, drawnSchema);
  if (drawnBefore) {
    yield { stage: name, label: `${name}: trained before`, done: 1, total: 1 };
    return { encoder: await loadEncoder(folder), folder, drawn: drawnBefore };
  }
  return yield* resumableStage(input, {
    name,
    label: `training ${name}`,
    steps: options.steps,
    weights,
    updates: ({ encoder, optimizer, drawn, training }) =>
      train(encoder, drawn, {
        ...training,
        loss: infoNce({ temperature: options.temperature }),
        optimizer,
      }),
    note: ({ loss }) => `loss ${loss.toFixed(3)}`,
    async save({ encoder, cursor: { drawn } }) {
      await writeFolder(folder, {
        overwrite: true,
        what: `the model ${folder}`,
        async fill(partial) {
          await saveEncoder(encoder, partial);
          await writeJson(join(partial, DRAWN), drawn, 0);
          await writeChecksums(partial);
        },
      });
      return { encoder, folder, drawn };
    },
    keepsEncoder: true,
  });
}
