import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/backend/mod.ts";
import { native } from "../../lib/backend/native_state.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  disposeEncoder,
  embed,
  tokenize,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { Tape } from "../../lib/backend/kernels/mod.ts";

/**
 * What a pass through one BERT layer and back may cost, whatever the machine.
 * Lower the numbers when it gets cheaper; raise them only with a reason.
 */
const BUDGETS = {
  compiled: { ops: 14, casts: 0, kept: 16 },
  composed: { ops: 139, casts: 0, kept: 15 },
};

/** TensorFlow ops of a pass and back, and the tensors kept in between. */
function cost(layers: number): { ops: number; casts: number; kept: number } {
  const tokenizer = createTokenizer(trainTokenizer(["one two three"]));
  const encoder = createEncoder(
    bertConfig({
      vocabSize: 100,
      hiddenSize: 32,
      layers,
      heads: 2,
      intermediateSize: 64,
    }),
    tokenizer,
    {
      rng: createRng(1, "model"),
      modules: { pooling: "mean", normalize: true, prompts: {} },
    },
  );
  const batch = tokenize(encoder, ["one two", "three"]);
  const names: string[] = [];
  const stop = record(names);
  const before = tf.memory().numTensors;
  const tape = new Tape();
  const y = embed(encoder, batch, { tape });
  const kept = tf.memory().numTensors - before;
  const dy = tf.onesLike(y);
  const gradients = tape.gradients([[y, dy]]);
  stop();
  for (const gradient of gradients.values()) gradient.dispose();
  tf.dispose([y, dy]);
  assert.equal(tf.memory().numTensors, before, "tensors leak");
  disposeEncoder(encoder);
  const casts = names.filter((name) => name === "Cast").length;
  return { ops: names.length, casts, kept };
}

/** Notes the name of each op that TensorFlow runs, until it is stopped. */
function record(names: string[]): () => void {
  const backend = tf.backend() as unknown as {
    binding: { executeOp: (name: string, ...rest: unknown[]) => unknown };
  };
  const { binding } = backend;
  const all = Object.getOwnPropertyNames(binding) as (keyof typeof binding)[];
  const noting = Object.fromEntries(all.map((key) => [key, binding[key]]));
  noting.executeOp = (name, ...rest) => {
    names.push(name);
    return binding.executeOp(name, ...rest);
  };
  backend.binding = noting as typeof binding;
  return () => backend.binding = binding;
}

for (const [form, budget] of Object.entries(BUDGETS)) {
  Deno.test({
    name:
      `a layer's ops, casts and kept tensors stay within the budget, ${form}`,
    ignore: Deno.env.get("TDRO_REQUIRE_TENSORFLOW") !== "1" &&
      !findInstallation(),
    fn: async () => {
      await useBackend("tensorflow", { native: form === "compiled" });
      // Without a compiler there is the other form alone.
      if (form === "compiled" && !native()) return;
      const [one, three] = [cost(1), cost(3)];
      for (const key of ["ops", "casts", "kept"] as const) {
        const each = (three[key] - one[key]) / 2;
        assert.ok(
          each <= budget[key],
          `${key}: ${each} a layer, the budget is ${budget[key]}`,
        );
      }
    },
  });
}
