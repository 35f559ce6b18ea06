import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  disposeEncoder,
  embed,
  type Encoder,
  hiddenStates,
  pool,
  type TokenBatch,
  tokenize,
} from "../../../lib/model/mod.ts";
import { rowSeeds } from "../../../lib/model/encode/dropout.ts";
import { selectTokens } from "../../../lib/model/encode/token_selection.ts";
import { maxDifference, noise, onBackends } from "../../_backends.ts";
import { FAMILY_NAMES, familyEncoder } from "../_family_encoders.ts";
import { l2Normalize, Tape } from "../../../lib/backend/kernels/mod.ts";

const TEXTS = [
  "red",
  "a green bird sings red blue and the sky is blue",
  "blue is",
];
const dropout = { rate: 0.2, seeds: Int32Array.of(3, 5, 8) };

/** Vectors by all hidden states: what `embed()` would do without a short cut. */
function embedAll(
  encoder: Encoder,
  batch: TokenBatch,
  { tape }: { tape: Tape },
): tf.Tensor2D {
  return tf.tidy(() => {
    const seeds = rowSeeds(dropout.seeds, batch);
    const hidden = hiddenStates(encoder, batch, {
      tape,
      dropout: { ...dropout, seeds },
    });
    const { pooling } = encoder.modules;
    return l2Normalize(pool(hidden, batch, { pooling, tape }), { tape });
  });
}

for (const name of FAMILY_NAMES) {
  for (const pooling of ["cls", "lastToken"] as const) {
    onBackends(
      `${name}, ${pooling}: the token that is pooled is computed as if all were`,
      () => {
        const modules = { pooling, normalize: true, prompts: {} };
        const encoder = familyEncoder(name, modules);
        const batch = tokenize(encoder, TEXTS, { maxLength: 20 });
        const results = [embed, embedAll].map((run) => {
          const tape = new Tape();
          const y = run(encoder, batch, { tape, dropout });
          const dy = tf.tensor(noise(y.size, 5), y.shape);
          const found = tape.backward([[y, dy]]);
          const values = new Map([["", y.dataSync<"float32">()]]);
          for (const [key, parameter] of encoder.parameters) {
            const gradient = found.get(parameter);
            if (gradient) values.set(key, gradient.dataSync<"float32">());
          }
          tf.dispose([y, dy, ...found.values()]);
          return values;
        });
        const [short, long] = results as [typeof results[0], typeof results[0]];
        for (const [key, expected] of long) {
          const scale = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
          // A parameter that only unseen tokens reach has no gradient, or 0.
          const got = short.get(key) ?? new Float32Array(expected.length);
          const drift = maxDifference(got, expected) / scale;
          assert.ok(drift < 2e-5, `${key} drifts by ${drift}`);
        }
        disposeEncoder(encoder);
      },
    );
  }
}

Deno.test("selectTokens() names one row of each text that has one", () => {
  const offsets = Int32Array.of(0, 3, 3, 4, 9);
  const first = selectTokens({ offsets }, "first");
  assert.deepEqual([...first.rows], [0, 3, 4]);
  assert.deepEqual([...first.sequences.offsets], [0, 1, 1, 2, 3]);
  assert.deepEqual([...selectTokens({ offsets }, "last").rows], [2, 3, 8]);
});

onBackends(
  "a text without tokens gets a vector of zeros under any pooling",
  () => {
    for (const pooling of ["cls", "lastToken"] as const) {
      const encoder = familyEncoder("llama", {
        pooling,
        normalize: false,
        prompts: {},
      });
      const ids = Int32Array.of(4, 5, 6);
      const rows = tf.tidy(() =>
        embed(encoder, { ids, offsets: Int32Array.of(0, 2, 2, 3) }).arraySync()
      );
      assert.ok(rows[1]!.every((x) => x === 0));
      assert.ok(rows[0]!.some((x) => x !== 0) && rows[2]!.some((x) => x !== 0));
      disposeEncoder(encoder);
    }
  },
);
