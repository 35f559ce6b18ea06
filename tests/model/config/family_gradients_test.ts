/**
 * Gradients of whole models by finite differences: of each kind of parameter its
 * steepest coordinate, and one direction that all coordinates are part of. (Those
 * of transformers are compared in `reference/families_test.ts`, where Python is.)
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { Tape, type Variable } from "../../../lib/backend/kernels/mod.ts";
import {
  disposeEncoder,
  embed,
  type Encoder,
  packTexts,
} from "../../../lib/model/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { noise, onBackends } from "../../_backends.ts";
import { familyEncoder } from "../_family_encoders.ts";

const FAMILIES = [
  "distilbert",
  "electra",
  "albert",
  "modernbert",
  "nomic_bert",
  "gte",
  "t5",
  "deberta-v2",
  "jina",
  "eurobert",
  "gemma",
  "olmo2",
  "phi3",
];

/**
 * Float32 rounds the loss, about 1, by some 1e-7 in a pass, so that slopes are off
 * by 1e-4; the fifth derivative adds h⁴/30 of it, 1e-10 of one of 1.
 */
const STEP = 2 ** -8;
const TOLERANCE = 2e-3;

/** Ids of two texts, one longer than the windows. */
const TEXTS = [[1, 6, 7, 8, 9, 10, 6, 5, 2], [1, 8, 2]];

for (const name of FAMILIES) {
  onBackends(
    `${name}: gradients are those of finite differences`,
    () => {
      const encoder = familyEncoder(name);
      const loss = lossOf(encoder);
      const gradients = loss.gradients();
      const rng = createRng(7, name);
      for (const [kind, names] of kindsOf(encoder)) {
        const one = names[Math.floor(rng.next() * names.length)]!;
        const parameter = encoder.parameters.get(one)!;
        const gradient = gradients.get(one)!;
        for (const direction of directions(gradient)) {
          const expected = loss.slope(parameter, direction);
          const found = gradient.reduce((s, g, i) => s + g * direction[i]!, 0);
          assert.ok(
            Math.abs(found - expected) <=
              TOLERANCE * Math.max(1, Math.abs(expected)),
            `${kind} (${one}): ${found}, by differences ${expected}`,
          );
        }
      }
      disposeEncoder(encoder);
    },
    ["wasm"],
  );
}

/** Names of like parameters of all layers, by what they have in common. */
function kindsOf({ parameters }: Encoder): Map<string, string[]> {
  return Map.groupBy(
    parameters.keys(),
    (name) => name.replaceAll(/\d+/g, "*"),
  );
}

/** The coordinate that counts most, and a mixture of all, both of length 1. */
function directions(gradient: Float32Array): Float32Array[] {
  const top = gradient.reduce(
    (best, g, i) => Math.abs(g) > Math.abs(gradient[best]!) ? i : best,
    0,
  );
  const one = gradient.map((_, i) => i === top ? 1 : 0);
  const length = (x: Float32Array) => Math.hypot(...x) || 1;
  const any = noise(gradient.length, 3);
  const mixed = gradient.map((g, i) =>
    g / length(gradient) + any[i]! / length(any)
  );
  const size = length(mixed);
  return [one, mixed.map((x) => x / size)];
}

/** A number that depends on all vectors, its gradients and slopes. */
function lossOf(encoder: Encoder) {
  const batch = packTexts(TEXTS);
  const shares = noise(TEXTS.length * encoder.config.hiddenSize, 5);
  // Summed in float64 here: the float32 sum would lose the difference.
  const value = () =>
    tf.tidy(() =>
      embed(encoder, batch).dataSync<"float32">()
        .reduce((sum, y, i) => sum + y * shares[i]!, 0)
    );
  return {
    gradients(): Map<string, Float32Array> {
      const tape = new Tape();
      const y = embed(encoder, batch, { tape });
      const dy = tf.tensor(shares, y.shape);
      const found = tape.backward([[y, dy]]);
      const values = [...encoder.parameters].map(([name, parameter]) =>
        [name, found.get(parameter)!.dataSync().slice()] as [
          string,
          Float32Array,
        ]
      );
      tf.dispose([y, dy, ...found.values()]);
      return new Map(values);
    },
    slope(parameter: Variable, direction: Float32Array): number {
      const start = parameter.dataSync<"float32">().slice();
      const at = (step: number) => {
        const moved = start.map((x, i) => x + step * direction[i]!);
        tf.tidy(() => parameter.assign(tf.tensor(moved, parameter.shape)));
        return value();
      };
      const near = at(STEP) - at(-STEP);
      const far = at(2 * STEP) - at(-2 * STEP);
      at(0);
      // Of fourth order: what the third derivative adds falls out.
      return (8 * near - far) / (12 * STEP);
    },
  };
}
