import * as tf from "@tensorflow/tfjs-core";
import type { Variable } from "../../backend/mod.ts";
import type { Encoder } from "../encode/encoder.ts";
import { adaptedModules, factorsOf } from "./lora_modules.ts";
import { type LoraConfig, loraRank } from "./lora_config.ts";

/**
 * An adapter whose factors started as a part of the weights (OLoRA, arXiv
 * 2406.01775) as a plain one with the same vectors, as peft converts it. OLoRA
 * takes s·B₀A₀ out of the weights, with B₀A₀ the first r parts of their QR
 * decomposition; so the change is s·(B A − B₀ A₀), which factors of twice the
 * rank give.
 *
 * @param encoder An encoder with such an adapter; its parameters go over to the
 * result.
 */
export function withoutStart(encoder: Encoder): Encoder {
  const lora = encoder.lora!;
  const parameters = new Map(encoder.parameters);
  for (const module of adaptedModules(encoder)) {
    const weight = parameters.get(`${module}.weight`);
    if (!weight) continue; // no vector depends on it
    const { a, b } = factorsOf(module);
    const start = firstFactors(weight, loraRank(lora, module));
    for (
      const [name, axis, factor] of [[a, 0, start.a], [b, 1, start.b]] as const
    ) {
      const before = parameters.get(name)!;
      parameters.set(
        name,
        tf.tidy(() => tf.variable(tf.concat([before, factor], axis))),
      );
      tf.dispose([before, factor]);
    }
  }
  return { ...encoder, parameters, lora: ofTwiceTheRank(lora) };
}

/** B₀ and −A₀ of the first `rank` columns of a matrix, by Gram and Schmidt. */
function firstFactors(
  weight: Variable,
  rank: number,
): { a: tf.Tensor2D; b: tf.Tensor2D } {
  const [rows, columns] = weight.shape as [number, number];
  const w = weight.dataSync() as Float32Array;
  const q: Float64Array[] = [];
  for (let k = 0; k < rank; k++) {
    const v = Float64Array.from(
      { length: rows },
      (_, i) => w[i * columns + k]!,
    );
    // Twice, as rounding leaves a rest the first time.
    for (const other of [...q, ...q]) {
      const along = dot(v, other);
      for (let i = 0; i < rows; i++) v[i]! -= along * other[i]!;
    }
    const length = Math.sqrt(dot(v, v));
    q.push(v.map((x) => length === 0 ? 0 : x / length));
  }
  const a = new Float32Array(rank * columns);
  const b = new Float32Array(rows * rank);
  q.forEach((v, k) => {
    const row = new Float64Array(columns);
    for (let i = 0; i < rows; i++) {
      b[i * rank + k] = v[i]!;
      for (let j = 0; j < columns; j++) row[j]! -= v[i]! * w[i * columns + j]!;
    }
    a.set(row, k * columns);
  });
  return {
    a: tf.tensor2d(a, [rank, columns]),
    b: tf.tensor2d(b, [rows, rank]),
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}

/** The same scaling at twice the rank. */
function ofTwiceTheRank(lora: LoraConfig): LoraConfig {
  const times = (map: Readonly<Record<string, number>>, factor: number) =>
    Object.fromEntries(Object.entries(map).map(([k, v]) => [k, v * factor]));
  const grown = lora.rsLora ? Math.SQRT2 : 2;
  return {
    ...lora,
    rank: 2 * lora.rank,
    alpha: grown * lora.alpha,
    ...lora.rankPattern && { rankPattern: times(lora.rankPattern, 2) },
    ...lora.alphaPattern && { alphaPattern: times(lora.alphaPattern, grown) },
  };
}
