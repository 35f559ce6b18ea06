import * as tf from "@tensorflow/tfjs-core";
import type {
  Tensor,
  Tensor1D,
  Tensor2D,
  Variable,
} from "../../backend/mod.ts";
import { type Dropout, dropRows } from "./dropout.ts";
import {
  gatherTokens,
  type SelectedTokens,
  type TokenPosition,
} from "./token_selection.ts";
import { factorsOf } from "../lora/lora_modules.ts";
import { type LoraConfig, loraScaling } from "../lora/lora_config.ts";
import {
  add,
  type AffineMap,
  feedForward,
  floatPrecision,
  gatedActivation,
  gatedFeedForward,
  gelu,
  layerNorm,
  type LayerNormOptions,
  linear,
  linears,
  rmsNorm,
  type RmsNormOptions,
  scale,
  takeColumns,
  type Tape,
  tfjsDifferentiates,
} from "../../backend/kernels/mod.ts";

/** Parameters of a model, by the name that Hugging Face's files give them. */
export type Parameters = ReadonlyMap<string, Variable>;

/** Options of a family's forward pass. */
export interface ForwardOptions {
  /** Where to record it, to take gradients later. @default {tfjs's own} */
  tape?: Tape;
  /** The adapter whose factors are among the parameters, if there is one. */
  lora?: LoraConfig;
  /** What is dropped in training: share, and a seed for each row `[T]`. */
  dropout?: Dropout | undefined;
  /**
   * The tokens whose hidden states are wanted, if one of each text is enough: the
   * first or the last. Of the last layer only these are computed, where that
   * gives the same, and returned: a row for each text that has a token.
   */
  only?: TokenPosition | undefined;
  /**
   * Called with the hidden states `[T, D]` after the embeddings (0) and after
   * each layer (1, …), for inspection; under `only` the last ones may be fewer.
   */
  onLayer?: (layer: number, hidden: Tensor2D) => void;
}

/** The building blocks of a forward pass, with a model's parameters at hand. */
export interface Layers {
  /** Where kernels record. */
  tape?: Tape;
  /** A parameter. */
  get<T extends Tensor>(name: string): T;
  /**
   * The affine map whose weight and bias (if any) are called `name`, with its
   * adapter, and then the activation, if one is named.
   */
  dense(
    x: Tensor2D,
    name: string,
    activation?: "gelu" | "gelu_tanh" | undefined,
  ): Tensor2D;
  /** The affine maps with these names, of one input, with their adapters. */
  denses(x: Tensor2D, names: readonly string[]): Tensor2D[];
  /** The maps called `inner` and `outer`, and the activation between them. */
  feedForward(
    x: Tensor2D,
    names: { inner: string; outer: string },
    activation: "gelu" | "gelu_tanh",
  ): Tensor2D;
  /** down(f(gate(x)) · up(x)), of the maps with these names. */
  gatedFeedForward(
    x: Tensor2D,
    names: { gate: string; up: string; down: string },
    activation: "silu" | "gelu" | "gelu_tanh",
  ): Tensor2D;
  /** As gatedFeedForward, where one map gives gate and up, side by side. */
  fusedFeedForward(
    x: Tensor2D,
    names: { both: string; down: string },
    options: {
      activation: "silu" | "gelu" | "gelu_tanh";
      first: "gate" | "up";
    },
  ): Tensor2D;
  /**
   * The layer norm called `name`, of x or of its sum with `residual`; one without
   * a bias in the files has none.
   */
  norm(x: Tensor2D, name: string, options: LayerNormOptions): Tensor2D;
  /** The RMS norm called `name`; over each head, where its weight is that long. */
  rmsNorm(x: Tensor2D, name: string, options: RmsNormOptions): Tensor2D;
  /**
   * In training, x with the share of numbers dropped that the run asks for, as
   * the seeds and the name of the place say; otherwise x itself.
   */
  dropout(x: Tensor2D, name: string): Tensor2D;
  /** The same blocks for some of the tokens, and the rows of x that are theirs. */
  at(tokens: SelectedTokens, x: Tensor2D): LayerInput;
  /**
   * One layer: frees what it made on the way, but for its output and what its
   * gradient needs. Its input is freed too, as nothing else looks at it.
   */
  layer(x: Tensor2D, compute: (x: Tensor2D) => Tensor2D): Tensor2D;
}

/** Building blocks, and the rows that they are applied to. */
export interface LayerInput {
  /** Blocks for these rows. */
  layers: Layers;
  /** The rows. */
  x: Tensor2D;
}

/**
 * Queries of some tokens, keys and values of all: by one operation where these
 * are the same tokens.
 */
export function queriesKeysValues(
  asking: LayerInput,
  all: LayerInput,
  [query, ...others]: readonly [query: string, key: string, value: string],
): [q: Tensor2D, k: Tensor2D, v: Tensor2D] {
  const found = asking.x === all.x
    ? all.layers.denses(all.x, [query, ...others])
    : [
      asking.layers.dense(asking.x, query),
      ...all.layers.denses(all.x, others),
    ];
  return found as [Tensor2D, Tensor2D, Tensor2D];
}

/**
 * As {@linkcode queriesKeysValues}, where one map gives all three, side by side.
 */
export function fusedQueriesKeysValues(
  asking: LayerInput,
  all: LayerInput,
  { name, widths }: { name: string; widths: readonly number[] },
): [q: Tensor2D, k: Tensor2D, v: Tensor2D] {
  const { tape } = all.layers;
  const together = all.layers.dense(all.x, name);
  const asked = asking.x === all.x
    ? together
    : asking.layers.dense(asking.x, name);
  const [Q, K, V] = widths as [number, number, number];
  return [
    takeColumns(asked, { count: Q, tape }),
    takeColumns(together, { from: Q, count: K, tape }),
    takeColumns(together, { from: Q + K, count: V, tape }),
  ];
}

/** A model's affine maps, each with its adapter if it has one. */
interface Maps {
  get: Layers["get"];
  dense: Layers["dense"];
  /** Weight and bias of the map called `name`. */
  mapOf(name: string): AffineMap;
  /** Whether it has an adapter, so that no fused kernel computes it. */
  isAdapted(name: string): boolean;
}

function openMaps(
  parameters: Parameters,
  { tape, lora, dropout }: ForwardOptions,
): Maps {
  const get = <T extends Tensor>(name: string): T => {
    const parameter = parameters.get(name);
    if (!parameter) throw new RangeError(`Cannot run a model: no ${name}`);
    return parameter as unknown as T;
  };
  const mapOf = (name: string): AffineMap => ({
    weight: get(`${name}.weight`),
    bias: parameters.get(`${name}.bias`) as unknown as Tensor1D | undefined,
  });
  const isAdapted = (name: string) =>
    lora !== undefined && parameters.has(factorsOf(name).a);
  const dense: Layers["dense"] = (x, name, activation) => {
    const { weight, bias } = mapOf(name);
    if (!lora || !isAdapted(name)) {
      return linear(x, weight, { bias, activation, tape });
    }
    const y = linear(x, weight, { bias, tape });
    const { a, b } = factorsOf(name);
    const kept = dropout
      ? dropRows(x, `${name}.lora`, { ...dropout, rate: lora.dropout, tape })
      : x;
    // So few numbers stay what they are, also under int8.
    const exact = {
      tape,
      ...tape && { precision: floatPrecision(tape.precision) },
    };
    const inner = scale(linear(kept, get(a), exact), {
      factor: loraScaling(lora, name),
      tape,
    }); // [T, r]
    const sum = add(y, linear(inner, get(b), exact), { tape });
    return activation ? activate(sum, activation, tape) : sum;
  };
  return { get, dense, mapOf, isAdapted };
}

/** The building blocks over a model's parameters. */
export function openLayers(
  parameters: Parameters,
  options: ForwardOptions = {},
): Layers {
  const { tape, dropout } = options;
  const { get, dense, mapOf, isAdapted } = openMaps(parameters, options);
  return {
    tape,
    get,
    dense,
    denses: (x, names) =>
      names.some(isAdapted)
        ? names.map((name) => dense(x, name))
        : linears(x, names.map(mapOf), { tape }),
    feedForward(x, { inner, outer }, activation) {
      if (isAdapted(inner) || isAdapted(outer)) {
        return dense(dense(x, inner, activation), outer);
      }
      const maps = { inner: mapOf(inner), outer: mapOf(outer) };
      return feedForward(x, { ...maps, activation, tape });
    },
    gatedFeedForward(x, { gate, up, down }, activation) {
      if (isAdapted(gate) || isAdapted(up) || isAdapted(down)) {
        const options = { activation, tape };
        return dense(
          gatedActivation(dense(x, gate), dense(x, up), options),
          down,
        );
      }
      const maps = { gate: mapOf(gate), up: mapOf(up), down: mapOf(down) };
      return gatedFeedForward(x, { ...maps, activation, tape });
    },
    fusedFeedForward(x, { both, down }, { activation, first }) {
      const y = dense(x, both);
      const count = y.shape[1] / 2;
      const halves = [
        takeColumns(y, { count, tape }),
        takeColumns(y, { from: count, count, tape }),
      ] as const;
      const [gate, up] = first === "gate" ? halves : [halves[1], halves[0]];
      return dense(gatedActivation(gate, up, { activation, tape }), down);
    },
    norm(x, name, options) {
      const gain = get<Tensor1D>(`${name}.weight`);
      const bias = parameters.get(`${name}.bias`) as unknown as
        | Tensor1D
        | undefined;
      return layerNorm(x, gain, bias ?? tf.zeros([gain.size]), {
        ...options,
        tape,
      });
    },
    rmsNorm: (x, name, options) =>
      rmsNorm(x, get(`${name}.weight`), { ...options, tape }),
    dropout: (x, name) => dropout ? dropRows(x, name, { ...dropout, tape }) : x,
    at: (tokens, x) => ({
      layers: openLayers(parameters, {
        ...options,
        dropout: dropout && {
          ...dropout,
          seeds: Int32Array.from(tokens.rows, (row) => dropout.seeds[row]!),
        },
      }),
      x: gatherTokens(x, tokens, tape),
    }),
    layer(x, compute) {
      const y = tape ? tape.segment(x, compute) : tf.tidy(() => compute(x));
      if (!tfjsDifferentiates(tape)) x.dispose();
      return y;
    },
  };
}

function activate(
  x: Tensor2D,
  name: "gelu" | "gelu_tanh",
  tape?: Tape,
): Tensor2D {
  return gelu(x, { form: name === "gelu" ? "erf" : "tanh", tape });
}
