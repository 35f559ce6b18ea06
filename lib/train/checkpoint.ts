import { join } from "node:path";
import { z } from "zod";
import { checkFinite } from "../base/check_finite.ts";
import {
  type Encoder,
  loadEncoder,
  openSafetensors,
  saveEncoder,
  writeSafetensors,
} from "../model/mod.ts";
import type { SamplerCursor } from "../sampling/mod.ts";
import { AdamW, type AdamWOptions } from "./adamw.ts";
import { trainable } from "./trainable.ts";
import {
  DamageError,
  findDamage,
  writeChecksums,
} from "../base/files/checksums.ts";
import { writeJson } from "../base/files/json_file.ts";
import { writeFolder } from "../base/files/write_folder.ts";
import { jsonValue } from "../base/json_value.ts";
import { readText } from "../base/files/read_text.ts";

/** What a training run must remember beside its parameters and moments. */
export interface CheckpointState {
  /** Where sampling stands. */
  cursor: SamplerCursor;
  /** Anything else the run needs, JSON-serialisable. */
  extra?: unknown;
}

const integer = z.int().min(0);
const generator = z.tuple([integer, integer, integer, integer]);

/** Whether there are as many as tasks, and rows, sampling checks when it goes on. */
const stateSchema = z.looseObject({
  step: integer,
  cursor: z.looseObject({
    batches: integer,
    taskRng: generator,
    passageRng: generator,
    next: z.array(integer),
    done: z.array(z.boolean()),
    drawn: z.array(integer),
  }),
});

/** A training run as a checkpoint brings it back. */
export interface Checkpoint {
  /** The model. */
  encoder: Encoder;
  /** The optimiser, its moments and count of updates restored. */
  optimizer: AdamW;
  /** Sampling and the rest. */
  state: CheckpointState;
}

/**
 * Saves a training run so that it can go on bit for bit: the model as a
 * Hugging Face folder, the optimiser's moments, and the state of sampling. The
 * folder appears under its name only when whole; one of that name is replaced.
 *
 * @param folder Folder to write.
 * @param run What to save.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import {
 *   AdamW, loadCheckpoint, saveCheckpoint, trainable,
 * } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const optimizer = new AdamW(trainable(encoder));
 * const rng = createRng(1, "sampling").state();
 * const cursor = { batches: 5, taskRng: rng, passageRng: rng, next: [3], done: [false], drawn: [3] };
 * const folder = `${await Deno.makeTempDir()}/step-000005`;
 * await saveCheckpoint(folder, { encoder, optimizer, state: { cursor } });
 * assert.deepEqual((await loadCheckpoint(folder)).state.cursor, cursor);
 * ```
 */
export async function saveCheckpoint(
  folder: string,
  { encoder, optimizer, state }: Checkpoint,
): Promise<void> {
  await writeFolder(folder, {
    overwrite: true,
    what: `the checkpoint ${folder}`,
    async fill(partial) {
      await saveEncoder(encoder, partial);
      await writeSafetensors(
        join(partial, "optimizer.safetensors"),
        optimizer.tensors().map(({ data, ...tensor }) => ({
          ...tensor,
          data: async () => checkFinite(tensor.name, await data()),
        })),
      );
      await writeJson(join(partial, "state.json"), {
        ...state,
        step: optimizer.step,
      });
      await writeChecksums(partial);
    },
  });
}

/**
 * Loads what {@linkcode saveCheckpoint} wrote. Training that goes on from it
 * gives the same bits as training that never stopped, on the same backend.
 *
 * @param folder Folder of a checkpoint.
 * @param options Decay and moments of the optimiser, as they were.
 * @throws {Deno.errors.NotFound} If there is no checkpoint.
 * @throws {SyntaxError} If a file of it is damaged.
 *
 * @example Usage
 * ```ts
 * import { loadCheckpoint } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(loadCheckpoint("no/such/folder"), /Cannot load/);
 * ```
 */
export async function loadCheckpoint(
  folder: string,
  options: AdamWOptions = {},
): Promise<Checkpoint> {
  const damage = await findDamage(folder);
  if (damage) {
    throw new DamageError(
      damage,
      `Cannot load a checkpoint: ${damage}; go back to an earlier checkpoint`,
    );
  }
  const path = join(folder, "state.json");
  const text = await readText(
    path,
    `Cannot load a checkpoint from ${folder}: it has no state.json; name a folder that a run saved`,
  );
  let state: CheckpointState & { step: number };
  try {
    state = stateSchema.parse(jsonValue(text));
  } catch {
    throw new SyntaxError(
      `${path}:1: Cannot load a checkpoint: the state is not JSON, or not that of a run; go back to an earlier checkpoint`,
    );
  }
  const encoder = await loadEncoder(folder);
  using moments = await openSafetensors(join(folder, "optimizer.safetensors"));
  // What was frozen has no moments.
  const trained = [...trainable(encoder)].filter(([name]) =>
    moments.tensors.has(`${name}.m`)
  );
  const optimizer = new AdamW(new Map(trained), options);
  await optimizer.restore((name) => moments.read(name), state.step);
  const { step: _, ...rest } = state;
  return { encoder, optimizer, state: rest };
}
