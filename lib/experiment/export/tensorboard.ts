import { joinedBytes } from "../../base/joined_bytes.ts";
import { crc32c } from "./crc32c.ts";
import type { Scalar } from "./tracked_run.ts";

/**
 * A TensorBoard event file with these values: TFRecords of `Event` messages, of which
 * this writes the few fields that scalars need.
 */
export function eventFile(scalars: readonly Scalar[]): Uint8Array {
  const time = scalars[0]?.time ?? 0;
  const head = [double(1, time), text(3, "brain.Event:2")];
  const events = [
    ...Map.groupBy(scalars, ({ time, step }) => `${time} ${step}`)
      .values(),
  ].map((values) => {
    const { time, step } = values[0]!;
    const summary = values.map(({ name, value }) =>
      message(1, [text(1, name), float(2, value)])
    );
    return [double(1, time), integer(2, step), message(5, summary)];
  });
  return joinedBytes(
    [head, ...events].map((fields) => record(joinedBytes(fields))),
  );
}

/** Length, its checksum, the bytes, their checksum. */
function record(bytes: Uint8Array): Uint8Array {
  const length = fixed(
    8,
    (view) => view.setBigUint64(0, BigInt(bytes.length), true),
  );
  return joinedBytes([length, checksum(length), bytes, checksum(bytes)]);
}

/** The checksum, masked: rotated by 15 bits, plus a constant. */
function checksum(bytes: Uint8Array): Uint8Array {
  const crc = crc32c(bytes);
  const masked = ((crc >>> 15 | crc << 17) + 0xa282ead8) >>> 0;
  return fixed(4, (view) => view.setUint32(0, masked, true));
}

/** Wire types of protocol buffers. */
const WIRE = { varint: 0, eightBytes: 1, bytes: 2, fourBytes: 5 };

function double(field: number, value: number): Uint8Array {
  const bytes = fixed(8, (view) => view.setFloat64(0, value, true));
  return joinedBytes([tag(field, WIRE.eightBytes), bytes]);
}

function float(field: number, value: number): Uint8Array {
  const bytes = fixed(4, (view) => view.setFloat32(0, value, true));
  return joinedBytes([tag(field, WIRE.fourBytes), bytes]);
}

function integer(field: number, value: number): Uint8Array {
  return joinedBytes([tag(field, WIRE.varint), varint(value)]);
}

function text(field: number, value: string): Uint8Array {
  return sized(field, new TextEncoder().encode(value));
}

function message(field: number, fields: readonly Uint8Array[]): Uint8Array {
  return sized(field, joinedBytes(fields));
}

function sized(field: number, bytes: Uint8Array): Uint8Array {
  return joinedBytes([tag(field, WIRE.bytes), varint(bytes.length), bytes]);
}

function tag(field: number, wire: number): Uint8Array {
  return varint(field << 3 | wire);
}

/** Seven bits a byte, the lowest first; the high bit says that more follow. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) {
    bytes.push(left % 0x80 | 0x80);
  }
  return Uint8Array.from([...bytes, left]);
}

function fixed(size: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer));
  return bytes;
}
