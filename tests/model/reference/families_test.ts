import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Tape } from "../../../lib/backend/kernels/mod.ts";
import {
  disposeEncoder,
  embed,
  type Encoder,
  encodeTexts,
  loadEncoder,
  openSafetensors,
  saveEncoder,
  tokenize,
} from "../../../lib/model/mod.ts";
import { maxDifference } from "../../_backends.ts";
import { checkVectors, type PythonCase, pythonCases } from "./_python_cases.ts";

pythonCases({
  name: "every family gives transformers' vectors, gradients and training",
  script: "family_cases.py",
  async test(one, texts) {
    const { folder } = one;
    await checkVectors(one, texts);
    const encoder = await loadEncoder(folder);
    await checkCompany(encoder, texts);
    await saveEncoder(encoder, `${folder}/again`);
    await checkVectors({ ...one, folder: `${folder}/again` }, texts);
    if (one.losses) await checkTraining(encoder, one, texts);
    disposeEncoder(encoder);
  },
});

/** The first token's vector is the same whether all of the last layer is computed. */
async function checkCompany(encoder: Encoder, texts: string[]): Promise<void> {
  for (const pooling of ["cls", "lastToken"] as const) {
    const normalize = true;
    const one = { ...encoder, modules: { pooling, normalize } };
    // Twice the same: nothing is computed for one token alone then.
    const two = {
      ...encoder,
      modules: { pooling: [pooling, pooling], normalize },
    };
    const [a, b] = await Promise.all(
      [one, two].map((e) => encodeTexts(e, texts)),
    );
    const { dimension: D } = a!;
    const half = Float32Array.from(
      a!.data,
      (_, at) => b!.data[Math.floor(at / D) * 2 * D + at % D]! * Math.SQRT2,
    );
    assert.ok(maxDifference(a!.data, half) < 1e-5, pooling);
  }
}

/** Gradients and ten steps of plain descent are PyTorch's. */
async function checkTraining(
  encoder: Encoder,
  { folder, losses, targets, rate }: PythonCase,
  texts: string[],
): Promise<void> {
  const batch = tokenize(encoder, texts);
  const dy = tf.tensor2d(targets as number[][]);
  using expected = await openSafetensors(`${folder}/gradients.safetensors`);
  const kept = tf.memory().numTensors;
  for (const [step, loss] of (losses as number[]).entries()) {
    const tape = new Tape([], { checkpointing: step % 2 === 1 });
    const y = embed(encoder, batch, { tape });
    const found = tf.tidy(() => tf.sum(tf.mul(y, dy)).dataSync()[0]!);
    // Rounding of the steps before adds up; a wrong gradient is off by far more.
    assert.ok(
      Math.abs(found - loss) < 1e-4 * Math.max(1, Math.abs(loss)),
      `step ${step}: ${found} for ${loss}`,
    );
    const gradients = tape.backward([[y, dy]]);
    for (const [name, parameter] of encoder.parameters) {
      const gradient = gradients.get(parameter);
      if (step === 0 && expected.tensors.has(name)) {
        assert.ok(gradient, `${name} has no gradient`);
        const theirs = await expected.read(name);
        const size = Math.max(1, ...theirs.map(Math.abs));
        const off = maxDifference(gradient.dataSync(), theirs);
        assert.ok(off < 2e-5 * size, `${name}: its gradient is off by ${off}`);
      }
      if (!gradient) continue;
      tf.tidy(() =>
        parameter.assign(tf.sub(parameter, tf.mul(gradient, rate as number)))
      );
    }
    tf.dispose([y, ...gradients.values()]);
  }
  assert.equal(tf.memory().numTensors, kept, "tensors leak");
  dy.dispose();
}
