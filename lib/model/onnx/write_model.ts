import { basename } from "node:path";
import { writeWhole } from "../../base/files/write_whole.ts";
import {
  modelProto,
  type OnnxGraph,
  type OnnxTensor,
  tensorBytes,
} from "./model_proto.ts";
import { type Piece, totalLength } from "./protobuf.ts";

/**
 * Version of the set of operators: the newest that every runtime of the last two
 * years has, onnxruntime 1.18 (May 2024) and later, so transformers.js 3 and 4.
 */
export const OPSET = 21;

/** Version of the format that came with it. */
const IR_VERSION = 10;

/** Most bytes of a file, by Protocol Buffers' own rule. */
const MOST_BYTES = 2 ** 31 - 1;

/** Tensors below this stay in the model's own file, as ONNX's tools do it. */
const SMALL_BYTES = 1024;

/** A model that was written. */
export interface WrittenModel {
  /** Name of its file. */
  name: string;
  /** Its bytes, with those of the files of weights. */
  bytes: number;
  /** How many files of weights it has. */
  dataFiles: number;
}

/** Where a tensor's data lies, if not in the model's own file. */
interface Place {
  file: string;
  offset: number;
}

/** Whether a model can have its weights in its own file. */
export function fitsInOneFile(graph: OnnxGraph): boolean {
  return totalLength(modelFile(graph, new Map())) <= MOST_BYTES;
}

/** The name of the i-th file of weights, as transformers.js looks for it. */
function dataName(model: string, i: number): string {
  return `${model}_data${i === 0 ? "" : `_${i}`}`;
}

/**
 * Writes a model's file, and those of its weights if they lie apart.
 *
 * @param path The model's file.
 * @param graph The model.
 * @param options Most bytes of a file of weights, where these lie apart.
 */
export async function writeModel(
  path: string,
  graph: OnnxGraph,
  { maxDataBytes }: { maxDataBytes?: number },
): Promise<WrittenModel> {
  const groups = maxDataBytes === undefined
    ? []
    : grouped(graph.tensors, maxDataBytes);
  const places = new Map<OnnxTensor, Place>();
  let bytes = 0;
  for (const [i, tensors] of groups.entries()) {
    let offset = 0;
    for (const tensor of tensors) {
      places.set(tensor, { file: dataName(basename(path), i), offset });
      offset += tensorBytes(tensor);
    }
    await writeWhole(dataName(path, i), contentOf(tensors));
    bytes += offset;
  }
  const pieces = modelFile(graph, places);
  await writeWhole(path, contentOf(pieces));
  return {
    name: basename(path),
    bytes: bytes + totalLength(pieces),
    dataFiles: groups.length,
  };
}

function modelFile(
  graph: OnnxGraph,
  places: ReadonlyMap<OnnxTensor, Place>,
): Piece[] {
  return modelProto(graph, {
    opset: OPSET,
    irVersion: IR_VERSION,
    external: (tensor) => places.get(tensor),
  });
}

/** The large tensors, by the file that they go to. */
function grouped(
  tensors: readonly OnnxTensor[],
  maxBytes: number,
): OnnxTensor[][] {
  const groups: OnnxTensor[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const bytes = tensorBytes(tensor);
    if (bytes < SMALL_BYTES) continue;
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = maxBytes;
    }
    groups.at(-1)!.push(tensor);
    room -= bytes;
  }
  return groups;
}

async function* contentOf(
  pieces: readonly Pick<Piece, "read">[],
): AsyncGenerator<Uint8Array> {
  for (const { read } of pieces) yield await read();
}
