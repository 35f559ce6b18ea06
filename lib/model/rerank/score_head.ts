import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "../../backend/mod.ts";
import type { Weights } from "../weights/safetensors.ts";
import type { ModelConfig } from "../config/model_config.ts";

/** What follows a map. */
export type HeadActivation = "tanh" | "relu" | "gelu";

/** The maps of a head, by the family's names. */
interface HeadNames {
  /** The map before the last one, and what follows it. */
  inner: { name: string; activation: HeadActivation };
  /** The map to the score. */
  last: string;
}

/** Heads of transformers' `…ForSequenceClassification`. */
const HEADS: Partial<Record<ModelConfig["modelType"], HeadNames>> = {
  bert: {
    inner: { name: "pooler.dense", activation: "tanh" },
    last: "classifier",
  },
  roberta: {
    inner: { name: "classifier.dense", activation: "tanh" },
    last: "classifier.out_proj",
  },
  distilbert: {
    inner: { name: "pre_classifier", activation: "relu" },
    last: "classifier",
  },
  electra: {
    inner: { name: "classifier.dense", activation: "gelu" },
    last: "classifier.out_proj",
  },
};
HEADS["xlm-roberta"] = HEADS.camembert = HEADS.mpnet = HEADS.roberta!;

/** A score head's parameters. */
export interface ScoreHead {
  /** Weight `[D, D]` and bias `[D]` of the inner map. */
  inner: readonly [Tensor2D, Tensor1D];
  /** What follows it. */
  activation: HeadActivation;
  /** Weight `[1, D]` and bias `[1]` of the last map. */
  last: readonly [Tensor2D, Tensor1D];
}

/**
 * Reads the head that gives a score.
 *
 * @param weights The model's files.
 * @param config Its family and width.
 * @param folder For messages.
 * @throws {SyntaxError} If the family's head is unknown here.
 * @throws {RangeError} If it has no head, or one with several scores.
 */
export async function readScoreHead(
  weights: Weights,
  config: ModelConfig,
  folder: string,
): Promise<ScoreHead> {
  const cannot = `Cannot load the cross-encoder ${folder}`;
  const names = HEADS[config.modelType];
  if (!names) {
    throw new SyntaxError(
      `${cannot}: its model_type must be one of ${
        Object.keys(HEADS).join(", ")
      }: got ${config.modelType}`,
    );
  }
  const D = config.hiddenSize;
  const read = async (name: string, shape: number[]) => {
    const stored = [...weights.tensors.keys()].find((key) =>
      key === name || key.endsWith(`.${name}`)
    );
    const found = stored && weights.tensors.get(stored)!.shape;
    if (!stored || !found || found.join() !== shape.join()) {
      throw new RangeError(
        `${cannot}: tensor ${name} must have shape [${shape}]: got ${
          found ? `[${found}]` : "none"
        }; a cross-encoder gives one score for a pair of texts`,
      );
    }
    return tf.tensor(await weights.read(stored), shape, "float32");
  };
  const pair = async (name: string, rows: number) =>
    [
      await read(`${name}.weight`, [rows, D]),
      await read(`${name}.bias`, [rows]),
    ] as unknown as readonly [Tensor2D, Tensor1D];
  const last = await pair(names.last, 1);
  const inner = await pair(names.inner.name, D);
  return { inner, last, activation: names.inner.activation };
}

/**
 * Scores of hidden states.
 *
 * @param hidden States of the first tokens, shape `[B, D]`.
 * @param head The head.
 * @returns Logits, shape `[B]`; the caller owns them.
 */
export function headForward(
  hidden: Tensor2D,
  { inner, last, activation }: ScoreHead,
): Tensor1D {
  return tf.tidy(() => {
    const affine = (x: Tensor2D, [w, b]: readonly [Tensor2D, Tensor1D]) =>
      tf.add(tf.matMul(x, w, false, true), b) as Tensor2D;
    const mapped = affine(hidden, inner);
    const active = activation === "tanh"
      ? tf.tanh(mapped)
      : activation === "relu"
      ? tf.relu(mapped)
      : gelu(mapped);
    return tf.squeeze(affine(active as Tensor2D, last), [1]) as Tensor1D;
  });
}

/** x · Φ(x). */
function gelu(x: Tensor2D): Tensor2D {
  const half = tf.mul(tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1), 0.5);
  return tf.mul(x, half) as Tensor2D;
}

/** All tensors of a head. */
export function tensorsOf({ inner, last }: ScoreHead): Tensor[] {
  return [...inner, ...last];
}
