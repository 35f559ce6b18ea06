import { joinedBytes } from "../../../lib/base/joined_bytes.ts";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Rng } from "../../../lib/sampling/mod.ts";

/** Most bytes of a mutant: the harness tests small files. */
const LARGEST = 1 << 20;

/** Texts that stand for a number, or for anything, in a mutated file. */
const NUMBERS = [
  "0",
  "-1",
  "-0",
  "0.5",
  "1e9",
  "100000000",
  `${2 ** 31}`,
  `${2 ** 40}`,
  `${2 ** 53}`,
  "1e308",
  "1e400",
  "NaN",
];

/** Values of every type, as JSON texts; some of them no JSON. */
const VALUES = [
  ...NUMBERS,
  "null",
  "true",
  '""',
  '"x"',
  '"\\ud800"',
  '"a\\nb\\u2028c"',
  "[]",
  "{}",
  '[["a"]]',
  '{"__proto__": 1, "constructor": 2}',
  "Infinity",
];

/** A damaged copy of a file: of its bytes, its lines or its JSON. */
export function mutate(bytes: Uint8Array, rng: Rng): Uint8Array {
  let mutant = bytes;
  const times = 1 + (rng.int(3) === 0 ? rng.int(4) : 0);
  for (let i = 0; i < times; i++) mutant = mutateOnce(mutant, rng);
  return mutant.slice(0, LARGEST);
}

function mutateOnce(bytes: Uint8Array, rng: Rng): Uint8Array {
  if (rng.int(3) > 0) {
    const inner = inside(bytes);
    if (inner) return inner.wrap(mutateOnce(inner.bytes, rng), rng);
    const text = textOf(bytes);
    if (text !== undefined) {
      return new TextEncoder().encode(mutateText(text, rng));
    }
  }
  return pick(BYTES, rng)(bytes, rng);
}

/** A file in a wrapping, e.g. what a .gz holds, and how it's wrapped again. */
interface Inner {
  bytes: Uint8Array;
  wrap(bytes: Uint8Array, rng: Rng): Uint8Array;
}

function inside(bytes: Uint8Array): Inner | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      return {
        bytes: new Uint8Array(gunzipSync(bytes, { maxOutputLength: LARGEST })),
        wrap: (inner) => new Uint8Array(gzipSync(inner)),
      };
    } catch {
      return; // an earlier mutation has broken it
    }
  }
  // safetensors: 8 bytes of length, JSON, values.
  if (bytes.length < 10 || bytes[8] !== 0x7b) return;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(
    0,
    true,
  );
  if (length > bytes.length - 8) return;
  return {
    bytes: bytes.slice(8, 8 + length),
    wrap(inner, rng) {
      const lengthBytes = bytes.slice(0, 8);
      if (rng.int(8) > 0) {
        new DataView(lengthBytes.buffer).setUint32(0, inner.length, true);
      }
      return join(lengthBytes, inner, bytes.slice(8 + length));
    },
  };
}

type Change<T> = (value: T, rng: Rng) => T;

const BYTES: readonly Change<Uint8Array>[] = [
  function flipBit(bytes, rng) {
    const copy = bytes.slice();
    copy[rng.int(Math.max(1, bytes.length))]! ^= 1 << rng.int(8);
    return copy;
  },
  function setByte(bytes, rng) {
    const copy = bytes.slice();
    const value = rng.int(2) ? rng.int(256) : pick([0, 0x7f, 0x80, 0xff], rng);
    copy[rng.int(Math.max(1, bytes.length))] = value;
    return copy;
  },
  function truncate(bytes, rng) {
    return bytes.slice(0, rng.int(bytes.length + 1));
  },
  function repeat(bytes, rng) {
    const [from, to] = range(bytes.length, rng);
    return join(bytes.slice(0, to), bytes.slice(from, to), bytes.slice(to));
  },
  function remove(bytes, rng) {
    const [from, to] = range(bytes.length, rng);
    return join(bytes.slice(0, from), bytes.slice(to));
  },
  function splice(bytes, rng) {
    const [from, to] = range(bytes.length, rng);
    const at = rng.int(bytes.length + 1);
    return join(bytes.slice(0, at), bytes.slice(from, to), bytes.slice(at));
  },
  function extremes(bytes, rng) {
    const copy = bytes.slice();
    const at = rng.int(Math.max(1, bytes.length));
    copy.fill(pick([0, 0x7f, 0xff], rng), at, at + pick([2, 4, 8], rng));
    return copy;
  },
];

function mutateText(text: string, rng: Rng): string {
  const json = rng.int(4) > 0 ? mutateJson(text, rng) : undefined;
  if (json !== undefined) return json;
  const lines = text.split("\n");
  const at = rng.int(lines.length);
  switch (rng.int(6)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, lines[rng.int(lines.length)]!);
      break;
    case 2:
      lines[at] = lines[at]!.split("\t").slice(rng.int(2)).join("\t");
      break;
    case 3:
      lines[at] = replaceOne(
        lines[at]!,
        /-?\d+(\.\d+)?/g,
        pick(NUMBERS, rng),
        rng,
      );
      break;
    case 4:
      lines[at] = replaceOne(lines[at]!, /[\w-]+/g, pick(VALUES, rng), rng);
      break;
    default:
      lines[at] = mutateJson(lines[at]!, rng) ?? lines[at]! + pick(VALUES, rng);
  }
  return lines.join("\n");
}

/** Changes one value of a JSON text; `undefined` if it isn't JSON. */
function mutateJson(text: string, rng: Rng): string | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
    JSON.stringify(root, null, 1); // an earlier mutation may have nested it
  } catch {
    return undefined;
  }
  const places = placesIn({ "": root });
  const { holder, key } = places[rng.int(places.length)]!;
  const value = holder[key];
  // What JSON can't say goes in as text for a mark.
  const mark = "\u2603mark\u2603";
  let raw = pick(VALUES, rng);
  switch (rng.int(9)) {
    case 0:
      if (holder[key] === root) break;
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return JSON.stringify(root);
    case 1:
      if (typeof value !== "number") break;
      raw = pick(NUMBERS, rng);
      break;
    case 2: {
      const depth = pick([10, 3_000, 200_000], rng);
      raw = rng.int(2)
        ? "[".repeat(depth) + "]".repeat(depth)
        : '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
      break;
    }
    case 3:
      raw = `"${
        pick(["x", "é", "0", "##"], rng).repeat(pick([1e3, 1e5], rng))
      }"`;
      break;
    case 4:
      raw = `[${`${JSON.stringify(value)},`.repeat(1 + rng.int(50))}null]`;
      break;
    case 5: {
      const other = places[rng.int(places.length)]!;
      raw = JSON.stringify(other.holder[other.key]) ?? "null";
      break;
    }
    case 6:
      if (holder[key] === root || Array.isArray(holder)) break;
      delete holder[key];
      holder[pick(["x", "constructor", "toString", "0", ""], rng)] = value;
      return JSON.stringify(root);
  }
  if (value === root) return raw;
  holder[key] = mark;
  return JSON.stringify(root).replace(JSON.stringify(mark), () => raw);
}

interface Place {
  holder: Record<string, unknown>;
  key: string;
}

function placesIn(root: Record<string, unknown>): Place[] {
  const places: Place[] = [];
  const open = [root];
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const value = holder[key];
      if (typeof value === "object" && value !== null) {
        open.push(value as Record<string, unknown>);
      }
    }
  }
  return places;
}

function replaceOne(
  text: string,
  pattern: RegExp,
  by: string,
  rng: Rng,
): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text + by;
  const { index, 0: old } = found[rng.int(found.length)]!;
  return text.slice(0, index) + by + text.slice(index + old.length);
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function range(length: number, rng: Rng): [number, number] {
  const from = rng.int(length + 1);
  const most = rng.int(2) ? 8 : length;
  return [from, Math.min(length, from + 1 + rng.int(most + 1))];
}

function join(...parts: Uint8Array[]): Uint8Array {
  return joinedBytes(parts);
}

function pick<T>(list: readonly T[], rng: Rng): T {
  return list[rng.int(list.length)]!;
}
