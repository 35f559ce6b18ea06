import assert from "node:assert/strict";
import fc from "fast-check";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  cloneEncoder,
  disposeEncoder,
  type Encoder,
  mergeEncoders,
} from "../../lib/model/mod.ts";
import { sphericalMean } from "../../lib/model/merge_encoders.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";

const vector = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), {
  minLength: 3,
  maxLength: 3,
}).filter((v) => Math.hypot(...v) > 0.1);

function near(actual: ArrayLike<number>, wanted: number[], by = 1e-5): void {
  wanted.forEach((value, i) =>
    assert.ok(
      Math.abs(actual[i]! - value) <= by * (1 + Math.abs(value)),
      `${[...Array.from(actual)]} ${wanted}`,
    )
  );
}

/** Shoemake's formula for two, with the norms between. */
function slerp(a: number[], b: number[], t: number): number[] {
  const [na, nb] = [Math.hypot(...a), Math.hypot(...b)];
  const cosine = a.reduce((sum, x, i) => sum + x * b[i]!, 0) / (na * nb);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const norm = (1 - t) * na + t * nb;
  return a.map((x, i) =>
    norm / Math.sin(angle) *
    (Math.sin((1 - t) * angle) * x / na + Math.sin(t * angle) * b[i]! / nb)
  );
}

Deno.test("the spherical mean of two is slerp", () => {
  fc.assert(fc.property(
    vector,
    vector,
    fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    (a, b, t) => {
      const cosine = a.reduce((sum, x, i) => sum + x * b[i]!, 0) /
        (Math.hypot(...a) * Math.hypot(...b));
      fc.pre(Math.abs(cosine) < 0.99);
      near(sphericalMean([a, b], [1 - t, t]), slerp(a, b, t));
    },
  ));
});

Deno.test("means of one model, of any order, of any scale, and of opposites", () => {
  fc.assert(fc.property(vector, vector, vector, (a, b, c) => {
    near(sphericalMean([a, a, a], [0.2, 0.3, 0.5]), a);
    const mean = sphericalMean([a, b, c], [0.2, 0.3, 0.5]);
    near(sphericalMean([c, a, b], [0.5, 0.2, 0.3]), [...mean]);
    const doubled = [a, b, c].map((v) => v.map((x) => 2 * x));
    near(sphericalMean(doubled, [0.2, 0.3, 0.5]), [...mean].map((x) => 2 * x));
  }));
  near(sphericalMean([[1, 0], [-1, 0]], [0.5, 0.5]), [0, 0]);
  near(sphericalMean([[0, 0], [2, 0]], [0.5, 0.5]), [1, 0]);
});

/** The encoder with noise on its parameters. */
function shaken(encoder: Encoder, seed: number): Encoder {
  const copy = cloneEncoder(encoder);
  for (const parameter of copy.parameters.values()) {
    tf.tidy(() =>
      (parameter as tf.Variable).assign(
        parameter.add(
          tf.randomNormal(parameter.shape, 0, 0.1, "float32", seed),
        ),
      )
    );
  }
  return copy;
}

onBackends(
  "mergeEncoders() averages parameters and frees nothing of others",
  async (name) => {
    await useBackend(name);
    const base = smallEncoder();
    const models = [shaken(base, 1), shaken(base, 2), shaken(base, 3)];
    const before = tf.memory().numTensors;
    const weights = [1, 2, 1];
    const merged = await mergeEncoders(models, { weights });
    for (const [key, parameter] of merged.parameters) {
      const values = models.map((m) => m.parameters.get(key)!.dataSync());
      near(
        parameter.dataSync(),
        Array.from(
          values[0]!,
          (_, i) =>
            weights.reduce((sum, w, m) => sum + w / 4 * values[m]![i]!, 0),
        ),
        1e-6,
      );
    }
    disposeEncoder(merged);
    assert.equal(tf.memory().numTensors, before);
    const round = await mergeEncoders(models, { by: "slerp" });
    const [key] = round.parameters.keys();
    near(
      round.parameters.get(key!)!.dataSync(),
      [...sphericalMean(
        models.map((m) => m.parameters.get(key!)!.dataSync()),
        [1 / 3, 1 / 3, 1 / 3],
      )],
      1e-6,
    );

    const cases: [() => Promise<Encoder>, RegExp][] = [
      [() => mergeEncoders([base]), /two or more: got 1/],
      [() => mergeEncoders(models, { weights: [1] }), /each of the 3 models/],
      [() => mergeEncoders(models, { weights: [0, 0, 0] }), /not all 0/],
      [
        () => {
          const parameters = new Map(base.parameters);
          parameters.delete(key!);
          return mergeEncoders([base, { ...base, parameters }]);
        },
        /model 1 must have .* got none/,
      ],
    ];
    for (const [merge, message] of cases) {
      await assert.rejects(
        merge(),
        message,
      );
    }
    [base, round, ...models].forEach(disposeEncoder);
  },
);
