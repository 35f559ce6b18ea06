import {
  floatField,
  intField,
  messageField,
  type Piece,
  textField,
} from "./protobuf.ts";

/** Types of tensors' elements, by ONNX's numbers for them. */
const ELEMENT_TYPES = { float: 1, int64: 7 } as const;

/** Type of a tensor's elements. */
export type ElementType = keyof typeof ELEMENT_TYPES;

/** Bytes of an element. */
const ELEMENT_BYTES = { float: 4, int64: 8 } as const;

/** An attribute of an operation: its type follows from its value. */
export type Attribute =
  | { int: number }
  | { float: number }
  | { text: string }
  | { ints: readonly number[] };

/** An operation of a graph. */
export interface OnnxNode {
  /** Name, unlike any other's. */
  name: string;
  /** Operator of the standard set. */
  type: string;
  /** Values that it takes; "" where an optional one is left out. */
  inputs: readonly string[];
  /** Values that it gives. */
  outputs: readonly string[];
  /** Attributes. */
  attributes: Readonly<Record<string, Attribute>>;
}

/** A tensor that is part of the model. */
export interface OnnxTensor {
  /** Name of the value. */
  name: string;
  /** Type of its elements. */
  type: ElementType;
  /** Shape. */
  shape: readonly number[];
  /** Its elements, as they lie in memory; read when they are written. */
  read(): Uint8Array | Promise<Uint8Array>;
}

/** An input or output; a name in the shape stands for any size. */
export interface OnnxValue {
  /** Name. */
  name: string;
  /** Type of its elements. */
  type: ElementType;
  /** Sizes, and names of those that may vary. */
  shape: readonly (number | string)[];
}

/** A graph of operations. */
export interface OnnxGraph {
  /** Name. */
  name: string;
  /** In an order in which they can be computed. */
  nodes: readonly OnnxNode[];
  /** Weights and constants. */
  tensors: readonly OnnxTensor[];
  /** What it is given. */
  inputs: readonly OnnxValue[];
  /** What it gives. */
  outputs: readonly OnnxValue[];
}

/** How {@linkcode modelProto} writes a model. */
export interface ModelProtoOptions {
  /** Version of the set of operators. */
  opset: number;
  /** Version of the format. */
  irVersion: number;
  /** Where a tensor's data lies in another file, if it does. */
  external(tensor: OnnxTensor): { file: string; offset: number } | undefined;
}

/** Bytes of a tensor's data. */
export function tensorBytes({ shape, type }: OnnxTensor): number {
  return shape.reduce((a, b) => a * b, 1) * ELEMENT_BYTES[type];
}

/**
 * An ONNX file: the message ModelProto of onnx.proto. Field numbers are that
 * file's.
 */
export function modelProto(
  graph: OnnxGraph,
  { opset, irVersion, external }: ModelProtoOptions,
): Piece[] {
  return [
    ...intField(1, irVersion),
    ...textField(2, "tdro"),
    ...messageField(7, graphProto(graph, external)),
    ...messageField(8, [...textField(1, ""), ...intField(2, opset)]),
  ];
}

function graphProto(
  { name, nodes, tensors, inputs, outputs }: OnnxGraph,
  external: ModelProtoOptions["external"],
): Piece[] {
  return [
    ...nodes.flatMap((node) => messageField(1, nodeProto(node))),
    ...textField(2, name),
    ...tensors.flatMap((tensor) =>
      messageField(5, tensorProto(tensor, external(tensor)))
    ),
    ...inputs.flatMap((value) => messageField(11, valueProto(value))),
    ...outputs.flatMap((value) => messageField(12, valueProto(value))),
  ];
}

function nodeProto(
  { name, type, inputs, outputs, attributes }: OnnxNode,
): Piece[] {
  return [
    ...inputs.flatMap((input) => textField(1, input)),
    ...outputs.flatMap((output) => textField(2, output)),
    ...textField(3, name),
    ...textField(4, type),
    ...Object.entries(attributes).flatMap(([name, attribute]) =>
      messageField(5, [...textField(1, name), ...attributeProto(attribute)])
    ),
  ];
}

function attributeProto(attribute: Attribute): Piece[] {
  if ("float" in attribute) {
    return [...floatField(2, attribute.float), ...intField(20, 1)];
  }
  if ("int" in attribute) {
    return [...intField(3, attribute.int), ...intField(20, 2)];
  }
  if ("text" in attribute) {
    return [...textField(4, attribute.text), ...intField(20, 3)];
  }
  return [
    ...attribute.ints.flatMap((value) => intField(8, value)),
    ...intField(20, 7),
  ];
}

function tensorProto(
  tensor: OnnxTensor,
  place: { file: string; offset: number } | undefined,
): Piece[] {
  const { name, type, shape, read } = tensor;
  const length = tensorBytes(tensor);
  return [
    ...shape.flatMap((size) => intField(1, size)),
    ...intField(2, ELEMENT_TYPES[type]),
    ...textField(8, name),
    ...place
      ? [
        ...entries(13, {
          location: place.file,
          offset: `${place.offset}`,
          length: `${length}`,
        }),
        ...intField(14, 1),
      ]
      : messageField(9, [{ length, read }]),
  ];
}

function valueProto({ name, type, shape }: OnnxValue): Piece[] {
  const sizes = shape.flatMap((size) =>
    messageField(
      1,
      typeof size === "number" ? intField(1, size) : textField(2, size),
    )
  );
  const tensor = [
    ...intField(1, ELEMENT_TYPES[type]),
    ...messageField(2, sizes),
  ];
  return [...textField(1, name), ...messageField(2, messageField(1, tensor))];
}

/** Repeated messages of a key and a value. */
function entries(
  field: number,
  record: Readonly<Record<string, string>>,
): Piece[] {
  return Object.entries(record).flatMap(([key, value]) =>
    messageField(field, [...textField(1, key), ...textField(2, value)])
  );
}
