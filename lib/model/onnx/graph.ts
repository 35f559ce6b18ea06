import type {
  Attribute,
  OnnxGraph,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
} from "./model_proto.ts";

/** Name of a value in a graph. */
export type Value = string;

/** How a parameter's numbers lie in the graph, where not as in the model. */
export interface ParameterForm {
  /** Rows become columns, as a product from the right wants them. */
  transposed?: boolean;
  /** Each number is larger by one, as in the gains of Gemma. */
  plusOne?: boolean;
}

/** Where a graph's parameters come from. */
export interface ParameterSource {
  /** Shape of a parameter; `undefined` if there is none of that name. */
  shapeOf(name: string): readonly number[] | undefined;
  /** Its numbers; asked for when they are written. */
  read(name: string): Promise<Float32Array>;
}

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
  const nodes: OnnxNode[] = [];
  const tensors = new Map<string, OnnxTensor>();
  const made = new Map<string, Value>();
  const layers: Value[] = [];
  const inputs = ["input_ids", "attention_mask"];
  const ops: Graph["ops"] = (type, inputs, { outputs, attributes = {} }) => {
    const name = `${type}_${nodes.length}`;
    const node: OnnxNode = {
      name,
      type,
      inputs,
      outputs: Array.from(
        { length: outputs },
        (_, i) => outputs === 1 ? `${name}_out` : `${name}_out_${i}`,
      ),
      attributes: typedAttributes(attributes),
    };
    nodes.push(node);
    return [...node.outputs];
  };
  const put = (tensor: OnnxTensor): Value => {
    if (!tensors.has(tensor.name)) tensors.set(tensor.name, tensor);
    return tensor.name;
  };
  return {
    ids: inputs[0]!,
    mask: inputs[1]!,
    types() {
      if (inputs.length < 3) inputs.push("token_type_ids");
      return inputs[2]!;
    },
    op: (type, inputs, attributes = {}) =>
      ops(type, inputs, { outputs: 1, attributes })[0]!,
    ops,
    ints(values) {
      const plain = typeof values === "number";
      const list = plain ? [values] : values;
      const name = `int64 ${plain ? values : `[${list.join()}]`}`;
      return this.once(name, () =>
        put({
          name: list.length > 8 ? `int64 list ${tensors.size}` : name,
          type: "int64",
          shape: plain ? [] : [list.length],
          read: () =>
            new Uint8Array(BigInt64Array.from(list, (n) => BigInt(n)).buffer),
        }));
    },
    floats(values, given) {
      const plain = typeof values === "number";
      const data = Float32Array.from(plain ? [values] : values);
      return put({
        name: plain ? `float ${values}` : `float list ${tensors.size}`,
        type: "float",
        shape: given ?? (plain ? [] : [data.length]),
        read: () => new Uint8Array(data.buffer),
      });
    },
    parameter(name, form = {}) {
      const shape = source.shapeOf(name);
      if (!shape) throw new RangeError(`Cannot export a model: no ${name}`);
      return put(parameterTensor({ name, shape }, form, source));
    },
    has: (name) => source.shapeOf(name) !== undefined,
    once(name, make) {
      if (!made.has(name)) made.set(name, make());
      return made.get(name)!;
    },
    layer: (index, hidden) => layers[index] = hidden,
    layers,
    finish(outputs) {
      const named = new Map(outputs.map(({ from, name }) => [from, name]));
      const nameOf = (value: Value) => named.get(value) ?? value;
      return {
        name: "encoder",
        nodes: nodes.map((node) => ({
          ...node,
          inputs: node.inputs.map(nameOf),
          outputs: node.outputs.map(nameOf),
        })),
        tensors: [...tensors.values()],
        inputs: inputs.map((name) => ({
          name,
          type: "int64",
          shape: ["batch_size", "sequence_length"],
        })),
        outputs: outputs.map(({ name, type, shape }) => ({
          name,
          type,
          shape,
        })),
      };
    },
  };
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

/** A parameter as a tensor of the graph. */
function parameterTensor(
  { name, shape }: { name: string; shape: readonly number[] },
  { transposed = false, plusOne = false }: ParameterForm,
  source: ParameterSource,
): OnnxTensor {
  return {
    name: `${name}${transposed ? ".transposed" : ""}${
      plusOne ? ".plus_one" : ""
    }`,
    type: "float",
    shape: transposed ? [...shape].reverse() : shape,
    async read() {
      let values = await source.read(name);
      if (transposed) values = transpose(values, shape);
      if (plusOne) values = values.map((value) => 1 + value);
      return new Uint8Array(
        values.buffer,
        values.byteOffset,
        values.byteLength,
      );
    },
  };
}

function transpose(
  values: Float32Array,
  shape: readonly number[],
): Float32Array {
  const [rows, columns] = shape as [number, number];
  const turned = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      turned[j * rows + i] = values[i * columns + j]!;
    }
  }
  return turned;
}
