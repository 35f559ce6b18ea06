import * as tf from "@tensorflow/tfjs-core";
import type { RopeConfig } from "../config/model_config.ts";

import { positionsInText } from "./positions.ts";
import { yarnScale } from "./rope_config.ts";
import type { RotaryTable, Sequences } from "../../backend/kernels/mod.ts";

/** How fast each pair of components turns, and how long the result is. */
export interface Frequencies {
  /** Radians per position, shape `[D / 2]`, float32 values. */
  inverse: Float32Array;
  /** Factor on cosines and sines. */
  factor: number;
}

/**
 * Frequencies of rotary position embeddings (arXiv 2104.09864) for a text of
 * `length` tokens, which matters to `longrope` alone.
 */
export function ropeFrequencies(
  rope: RopeConfig,
  D: number,
  length = 0,
): Frequencies {
  const plain = Float64Array.from(
    { length: D / 2 },
    (_, i) => rope.theta ** (-2 * i / D),
  );
  const { factor = 1 } = rope;
  switch (rope.type) {
    case "default":
    // The base grows beyond the model's positions, where no text goes.
    case "dynamic":
      return { inverse: Float32Array.from(plain), factor: 1 };
    case "linear":
      return {
        inverse: Float32Array.from(plain, (f) => f / factor),
        factor: 1,
      };
    case "llama3":
      return { inverse: Float32Array.from(plain, llama3(rope)), factor: 1 };
    case "longrope": {
      const { originalMaxPositions: original = 0 } = rope;
      const by = length > original ? rope.longFactors! : rope.shortFactors!;
      return {
        inverse: Float32Array.from(plain, (f, i) => f / by[i]!),
        factor: rope.attentionFactor ?? 1,
      };
    }
    case "yarn": {
      const ramp = yarnRamp(rope, D);
      return {
        inverse: Float32Array.from(
          plain,
          (f, i) => f / factor * ramp(i) + f * (1 - ramp(i)),
        ),
        factor: rope.attentionFactor ?? yarnScale(factor),
      };
    }
  }
}

/**
 * Cosines and sines for the rows of packed texts, or some of them. Those of all
 * rows belong to the scope it's called in; whoever asks after that scope has
 * ended, to compute a layer again, gets new ones.
 */
export function ropeTable(
  sequences: Sequences,
  rope: RopeConfig,
  D: number,
): (rows?: Int32Array) => RotaryTable {
  const places = positionsInText(sequences);
  const [T, R] = [places.length, D / 2];
  const cos = new Float32Array(T * R);
  const sin = new Float32Array(T * R);
  const turn = placeTurner(cos, sin, R);
  const { offsets } = sequences;
  const { originalMaxPositions = 0 } = rope;
  const [short, long] = [0, Infinity].map((n) => ropeFrequencies(rope, D, n));
  for (let i = 1; i < offsets.length; i++) {
    const [start, end] = [offsets[i - 1]!, offsets[i]!];
    const speed = end - start > originalMaxPositions ? long! : short!;
    for (let t = start; t < end; t++) turn(t, places[t]!, speed);
  }
  const tensors = (cos: Float32Array, sin: Float32Array): RotaryTable => ({
    cos: tf.tensor2d(cos, [cos.length / R, R]),
    sin: tf.tensor2d(sin, [sin.length / R, R]),
  });
  let whole = tensors(cos, sin);
  return (rows) => {
    if (rows) return tensors(rowsOf(cos, rows, R), rowsOf(sin, rows, R));
    if (whole.cos.isDisposed) whole = tensors(cos, sin);
    return whole;
  };
}

/**
 * Fills rows of the cosines and sines; each place is turned once, as most of them
 * occur in every text.
 */
function placeTurner(
  cos: Float32Array,
  sin: Float32Array,
  R: number,
): (row: number, place: number, speed: Frequencies) => void {
  const known = new Map<Frequencies, Map<number, number>>();
  return (t, place, speed) => {
    const first = known.get(speed) ?? new Map<number, number>();
    known.set(speed, first);
    const row = first.get(place);
    if (row !== undefined) {
      cos.copyWithin(t * R, row * R, (row + 1) * R);
      sin.copyWithin(t * R, row * R, (row + 1) * R);
      return;
    }
    first.set(place, t);
    const { inverse, factor } = speed;
    for (let r = 0; r < R; r++) {
      // In float32, as the reference multiplies them.
      const angle = Math.fround(place * inverse[r]!);
      cos[t * R + r] = factor * Math.cos(angle);
      sin[t * R + r] = factor * Math.sin(angle);
    }
  };
}

function rowsOf(
  table: Float32Array,
  rows: Int32Array,
  width: number,
): Float32Array {
  const taken = new Float32Array(rows.length * width);
  rows.forEach((row, i) =>
    taken.set(table.subarray(row * width, (row + 1) * width), i * width)
  );
  return taken;
}

/**
 * Llama 3.1: long waves are stretched, short ones left alone, and those between
 * are blended by how often they fit in the original length.
 */
function llama3(rope: RopeConfig): (frequency: number) => number {
  const {
    factor = 1,
    lowFrequencyFactor: low = 1,
    highFrequencyFactor: high = 4,
    originalMaxPositions: original = 8192,
  } = rope;
  return (f) => {
    const turns = original * f / (2 * Math.PI);
    if (turns < low) return f / factor;
    if (turns > high) return f;
    const share = (turns - low) / (high - low);
    return (1 - share) * f / factor + share * f;
  };
}

/**
 * YaRN (arXiv 2309.00071): how much of the stretching dimension i gets, rising
 * from 0 where a wave turns `betaFast` times in the original length to 1 where
 * it turns `betaSlow` times.
 */
function yarnRamp(rope: RopeConfig, D: number): (i: number) => number {
  const {
    theta,
    betaFast = 32,
    betaSlow = 1,
    originalMaxPositions: original = 4096,
    truncate = true,
  } = rope;
  const dimension = (turns: number) =>
    D * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
  let low = dimension(betaFast);
  let high = dimension(betaSlow);
  if (truncate) [low, high] = [Math.floor(low), Math.ceil(high)];
  low = Math.max(low, 0);
  high = Math.min(high, D - 1);
  // Never a division by zero, as in the reference.
  if (low === high) high += 0.001;
  return (i) => Math.min(1, Math.max(0, (i - low) / (high - low)));
}
