import type { z } from "zod";
import type { Tensor2D } from "../../backend/mod.ts";
import type { ForwardOptions, Parameters } from "../encode/layers.ts";
import type { Graph, Value } from "../onnx/graph.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import type { ModelConfig } from "./model_config.ts";

/** Name and shape of a parameter, and how it starts when there is no checkpoint. */
export interface ParameterSpec {
  /** Name in Hugging Face's files, without the family's prefix. */
  name: string;
  /** Shape. */
  shape: number[];
  /** `"normal"`: with the deviation that the configuration says; or a constant. */
  init: "normal" | "zeros" | "ones";
}

/** Where a file has a parameter. */
export interface StoredPart {
  /** Name of the tensor, without the family's prefix. */
  name: string;
  /** Which of how many like parts of its rows; absent: all of it. */
  part?: readonly [index: number, of: number];
}

/** What a forward pass reads: a model's sizes and parameters, and the texts. */
export interface ForwardInput<C> {
  /** Sizes of the model. */
  config: C;
  /** Its parameters. */
  parameters: Parameters;
  /** Token ids, shape `[T]`. */
  batch: TokenBatch;
}

/**
 * Everything that is special about one family of models: one file in
 * `families/`, and one row in `families.ts`.
 */
export interface Family<C extends ModelConfig = ModelConfig> {
  /** Reads the content of `config.json`; zod's error if it's wrong. */
  parse(json: unknown): z.ZodSafeParseResult<C>;
  /** The fields of `config.json` that say what a configuration says. */
  fields(config: C): Record<string, unknown>;
  /**
   * What the names of tensors begin with in files saved from a larger class
   * (with a head), e.g. `["bert."]`. Names without it are taken too.
   */
  readonly prefixes: readonly string[];
  /**
   * Where else files may have a parameter: under another name, or as one of
   * several that lie below each other in a larger one.
   */
  sources?(name: string): readonly StoredPart[];
  /**
   * Parameters that the embedding doesn't depend on and that are kept as they
   * came (a pooler); heads are dropped.
   */
  readonly kept: RegExp | null;
  /** Every parameter that the embedding of a text depends on. */
  parameters(config: C): ParameterSpec[];
  /** Most tokens of a text, special ones included. */
  longest(config: C): number;
  /** Whether a token sees only those before it, so that the last has seen all. */
  readonly causal: boolean;
  /**
   * The forward pass: hidden states of packed texts, those that `AutoModel`
   * returns. Differentiable by the parameters.
   *
   * @param config Sizes of the model.
   * @param parameters Its parameters, all those of `parameters()`.
   * @param batch Token ids, shape `[T]`.
   * @param options Tape; adapter; a look at each layer.
   * @returns Hidden states, shape `[T, D]`; the caller owns them.
   */
  forward(
    config: C,
    parameters: Parameters,
    batch: TokenBatch,
    options?: ForwardOptions,
  ): Tensor2D;
  /**
   * The forward pass as a graph of ONNX, for padded texts.
   *
   * @returns Hidden states, `[B, L, D]`.
   */
  graph(config: C, graph: Graph): Value;
}
