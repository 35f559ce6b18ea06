import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { denseGradient } from "../../../lib/backend/kernels/mod.ts";
import { gradientProducts } from "../../../lib/experiment/arena/gradient_products.ts";
import { disposeEncoder } from "../../../lib/model/mod.ts";
import { batchGradients, trainable } from "../../../lib/train/mod.ts";
import { onBackends } from "../../_backends.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { toyBatches } from "../../train/_collect.ts";
import { tempFolder } from "../../_temp_folder.ts";

onBackends(
  "gradientProducts() gives the products of whole gradients",
  async () => {
    const encoder = smallEncoder();
    const folder = await tempFolder();
    const drawn = [...toyBatches(4)];
    const parameters = trainable(encoder);
    const before = tf.memory().numTensors;

    const whole: Float32Array[] = [];
    for (const batch of drawn) {
      const { gradients } = await batchGradients(encoder, batch);
      whole.push(Float32Array.from(
        [...parameters].flatMap(([name, { size }]) => {
          const gradient = gradients[name];
          if (!gradient) return new Array<number>(size).fill(0);
          const values = tf.tidy(() => [...denseGradient(gradient).dataSync()]);
          assert.equal(values.length, size);
          return values;
        }),
      ));
      for (const gradient of Object.values(gradients)) gradient.dispose();
    }
    const expected = whole.map((a) =>
      whole.map((b) => a.reduce((sum, x, i) => sum + x * b[i]!, 0))
    );
    for (
      const options of [{}, { gradCache: { chunk: 2 } }, {
        checkpointing: true,
      }]
    ) {
      const products = await gradientProducts(
        drawn.length,
        async (k) =>
          (await batchGradients(encoder, drawn[k]!, options)).gradients,
        { parameters, folder },
      );
      products.forEach((row, i) =>
        row.forEach((product, j) => {
          const scale = Math.sqrt(expected[i]![i]! * expected[j]![j]!);
          const off = Math.abs(product - expected[i]![j]!) / scale;
          assert.ok(off < 1e-4, `${i}, ${j}: off by ${off}`);
          assert.equal(product, products[j]![i]);
        })
      );
    }
    assert.deepEqual([...Deno.readDirSync(folder)], [], "it left a file");
    await Deno.remove(folder);
    assert.equal(tf.memory().numTensors, before, "tensors leak");
    disposeEncoder(encoder);
  },
);
