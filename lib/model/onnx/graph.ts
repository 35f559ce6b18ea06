import {
  openTensors,
  type ParameterForm,
  type ParameterSource,
} from "./graph_tensors.ts";
import type {
  Attribute,
  OnnxGraph,
  OnnxNode,
  OnnxValue,
} from "./model_proto.ts";

/** Name of a value in a graph. */
export type Value = string;

/** Attributes of an operation; a plain number is a whole one. */
export type Attributes = Readonly<
  Record<string, number | string | readonly number[] | { float: number }>
>;

/** A graph in the making. */
export interface Graph {
  /** Token ids, `[B, L]`. */
  readonly ids: Value;
  /** 1 where there is a token, 0 where there is padding, `[B, L]`. */
  readonly mask: Value;
  /** Kinds of the tokens, `[B, L]`; asked for, they become an input. */
  types(): Value;
  /** Adds an operation of one output. */
  op(
    type: string,
    inputs: readonly Value[],
    attributes?: Attributes,
  ): Value;
  /** Adds an operation of several outputs. */
  ops(
    type: string,
    inputs: readonly Value[],
    options: { outputs: number; attributes?: Attributes },
  ): Value[];
  /** A constant of whole numbers; a plain one has no shape. */
  ints(values: number | readonly number[]): Value;
  /** A constant of floats; a plain one has no shape. */
  floats(values: number | ArrayLike<number>, shape?: readonly number[]): Value;
  /** A parameter of the model. */
  parameter(name: string, form?: ParameterForm): Value;
  /** Whether the model has it. */
  has(name: string): boolean;
  /** A value that is computed once, however often it is asked for. */
  once(name: string, make: () => Value): Value;
  /** Notes the hidden states after a layer; 0: the embeddings. */
  layer(index: number, hidden: Value): void;
  /** Those that were noted. */
  readonly layers: readonly Value[];
  /** The whole graph, with these outputs; `from` of each is renamed. */
  finish(outputs: readonly (OnnxValue & { from: Value })[]): OnnxGraph;
}

/** Starts a graph of an encoder. */
export function openGraph(source: ParameterSource): Graph {
  const inputs = ["input_ids", "attention_mask"];
  const layers: Value[] = [];
  const made = new Map<string, Value>();
  const nodes: OnnxNode[] = [];
  const tensors = openTensors(source);
  const ops: Graph["ops"] = (type, inputs, { outputs, attributes = {} }) => {
    const node = nodeOf(type, inputs, {
      name: `${type}_${nodes.length}`,
      outputs,
      attributes,
    });
    nodes.push(node);
    return [...node.outputs];
  };
  return {
    ...tensors,
    ids: inputs[0]!,
    mask: inputs[1]!,
    types() {
      if (inputs.length < 3) inputs.push("token_type_ids");
      return inputs[2]!;
    },
    op: (type, inputs, attributes = {}) =>
      ops(type, inputs, { outputs: 1, attributes })[0]!,
    ops,
    once(name, make) {
      if (!made.has(name)) made.set(name, make());
      return made.get(name)!;
    },
    layer: (index, hidden) => layers[index] = hidden,
    layers,
    finish: (outputs) => ({
      name: "encoder",
      nodes: renamed(nodes, outputs),
      tensors: tensors.list(),
      inputs: inputs.map((name) => ({
        name,
        type: "int64",
        shape: ["batch_size", "sequence_length"],
      })),
      outputs: outputs.map(({ name, type, shape }) => ({ name, type, shape })),
    }),
  };
}

function nodeOf(
  type: string,
  inputs: readonly Value[],
  { name, outputs, attributes }: {
    name: string;
    outputs: number;
    attributes: Attributes;
  },
): OnnxNode {
  return {
    name,
    type,
    inputs,
    outputs: Array.from(
      { length: outputs },
      (_, i) => outputs === 1 ? `${name}_out` : `${name}_out_${i}`,
    ),
    attributes: typedAttributes(attributes),
  };
}

/** Operations whose values have the names that the outputs shall have. */
function renamed(
  nodes: readonly OnnxNode[],
  outputs: readonly { from: Value; name: string }[],
): OnnxNode[] {
  const names = new Map(outputs.map(({ from, name }) => [from, name]));
  const nameOf = (value: Value) => names.get(value) ?? value;
  return nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(nameOf),
    outputs: node.outputs.map(nameOf),
  }));
}

function typedAttributes(attributes: Attributes): Record<string, Attribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]): [string, Attribute] => {
      if (typeof value === "number") return [name, { int: value }];
      if (typeof value === "string") return [name, { text: value }];
      if ("float" in value) return [name, value];
      return [name, { ints: value }];
    }),
  );
}
