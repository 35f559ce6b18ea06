import type { Graph, Value } from "./graph.ts";
import type { OnnxTensor } from "./model_proto.ts";

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

/** The tensors of a graph: constants and parameters, each of them once. */
export function openTensors(
  source: ParameterSource,
): Pick<Graph, "ints" | "floats" | "parameter" | "has"> & {
  list(): OnnxTensor[];
} {
  const tensors = new Map<string, OnnxTensor>();
  /** Names of the longer lists, by what they hold. */
  const lists = new Map<string, Value>();
  const put = (tensor: OnnxTensor): Value => {
    if (!tensors.has(tensor.name)) tensors.set(tensor.name, tensor);
    return tensor.name;
  };
  /** A list's name, which is its content where that is short. */
  const nameOf = (type: string, values: readonly number[]): string => {
    const whole = `${type} [${values.join()}]`;
    if (values.length <= 8) return whole;
    if (!lists.has(whole)) lists.set(whole, `${type} list ${lists.size}`);
    return lists.get(whole)!;
  };
  return {
    ints(values) {
      const plain = typeof values === "number";
      const list = plain ? [values] : values;
      return put({
        name: plain ? `int64 ${values}` : nameOf("int64", list),
        type: "int64",
        shape: plain ? [] : [list.length],
        read: () =>
          new Uint8Array(BigInt64Array.from(list, (n) => BigInt(n)).buffer),
      });
    },
    floats(values, given) {
      const plain = typeof values === "number";
      const data = Float32Array.from(plain ? [values] : values);
      const shape = given ?? (plain ? [] : [data.length]);
      const name = nameOf("float", [...data]);
      return put({
        name: plain ? `float ${values}` : `${name} of ${shape.join("×")}`,
        type: "float",
        shape,
        read: () => new Uint8Array(data.buffer),
      });
    },
    parameter(name, form = {}) {
      const shape = source.shapeOf(name);
      if (!shape) throw new RangeError(`Cannot export a model: no ${name}`);
      return put(parameterTensor({ name, shape }, form, source));
    },
    has: (name) => source.shapeOf(name) !== undefined,
    list: () => [...tensors.values()],
  };
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
