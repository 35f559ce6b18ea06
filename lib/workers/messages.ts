import { joinedBytes } from "../base/joined_bytes.ts";
import type { Workers } from "./workers.ts";

/** An array that a message carries. */
export type Payload =
  | Float32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** What worker 0 tells the others. */
export interface Message {
  /** What to do. */
  op: string;
  /** How; JSON-serialisable. */
  about: unknown;
  /** With what. */
  arrays: Payload[];
}

/** Kinds of arrays, by the name that a message's head has for them. */
const KINDS = {
  f: Float32Array,
  i: Int32Array,
  b: Uint8Array,
} as const;

/** What stands before a message's arrays. */
interface Head {
  op: string;
  about: unknown;
  arrays: [keyof typeof KINDS, number][];
}

/**
 * Tells all other workers something; to be called by worker 0 alone. Nothing is
 * sent if there are none.
 *
 * @param workers The workers.
 * @param message What to tell; the arrays go as they lie in memory.
 */
export async function tell(
  workers: Workers,
  { op, about = null, arrays = [] }:
    & Pick<Message, "op">
    & Partial<Pick<Message, "about" | "arrays">>,
): Promise<void> {
  if (workers.size === 1) return;
  const head: Head = {
    op,
    about,
    arrays: arrays.map((array) => [kindOf(array), array.length]),
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const small = arrays.filter(isSmall).map(bytesOf);
  const first = joinedBytes([text, ...small]);
  const lengths = Float64Array.of(text.length, first.length);
  await workers.broadcast(bytesOf(lengths), { patient: true });
  await workers.broadcast(first);
  for (const array of arrays) {
    if (!isSmall(array)) await workers.broadcast(bytesOf(array));
  }
}

/**
 * What worker 0 tells next; to be called by the others. The processor rests until
 * it comes.
 *
 * @param workers The workers.
 */
export async function hear(workers: Workers): Promise<Message> {
  const lengths = new Float64Array(2);
  await workers.broadcast(bytesOf(lengths), { patient: true });
  const first = new Uint8Array(lengths[1]!);
  await workers.broadcast(first);
  let at = lengths[0]!;
  const { op, about, arrays }: Head = JSON.parse(
    new TextDecoder().decode(first.subarray(0, at)),
  );
  const received: Payload[] = [];
  for (const [kind, count] of arrays) {
    const array = new KINDS[kind](count);
    const bytes = bytesOf(array);
    if (isSmall(array)) {
      bytes.set(first.subarray(at, at + bytes.length));
      at += bytes.length;
    } else await workers.broadcast(bytes);
    received.push(array);
  }
  return { op, about, arrays: received };
}

/** Whether an array travels with the head: each exchange costs a while. */
function isSmall({ byteLength }: Payload): boolean {
  return byteLength <= 2 ** 16;
}

function kindOf(array: Payload): keyof typeof KINDS {
  return array instanceof Float32Array
    ? "f"
    : array instanceof Int32Array
    ? "i"
    : "b";
}

/** The bytes of an array, where they lie. */
export function bytesOf(
  { buffer, byteOffset, byteLength }: ArrayBufferView,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Bytes as the numbers that they are. */
export function floatsOf(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  // A view must begin at a multiple of 4.
  const own = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(
    own.buffer as ArrayBuffer,
    own.byteOffset,
    own.byteLength / 4,
  );
}

/** Bytes as the whole numbers that they are. */
export function integersOf(bytes: Uint8Array): Int32Array<ArrayBuffer> {
  const own = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(
    own.buffer as ArrayBuffer,
    own.byteOffset,
    own.byteLength / 4,
  );
}
