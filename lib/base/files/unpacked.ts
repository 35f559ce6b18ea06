import { ByteSource } from "./byte_source.ts";
import { joinedBytes } from "../joined_bytes.ts";
import { openToRead } from "./open_file.ts";
import { toUtf8 } from "./encodings.ts";
import { LONGEST_TEXT, strictText, tooLarge } from "./read_text.ts";
import { gunzipped, unzstd } from "./unpack.ts";
import { isSkippable } from "./zstd_frame.ts";

/** A packed form of files, by its first bytes. */
interface Packed {
  /** Whether a file begins so. */
  test(head: Uint8Array): boolean;
  /** What it holds; without it files of this form are refused. */
  unpack?: (source: ByteSource) => AsyncGenerator<Uint8Array>;
  /** What it is called. */
  name: string;
  /** What to do where it can't be unpacked here. */
  mend?: string;
}

const begins = (...marks: number[][]) => (head: Uint8Array) =>
  marks.some((mark) => mark.every((byte, i) => head[i] === byte));

const FORMS: readonly Packed[] = [
  { name: "gzip", test: begins([0x1F, 0x8B]), unpack: gunzipped },
  {
    name: "zstd",
    test: (head) =>
      begins([0x28, 0xB5, 0x2F, 0xFD])(head) ||
      (head.length >= 4 && isSkippable(head)),
    unpack: unzstd,
  },
  {
    name: "bzip2",
    // A text may begin with BZh9, but not go on like this.
    test: (head) =>
      begins([0x42, 0x5A, 0x68])(head) &&
      begins([0x31, 0x41, 0x59], [0x17, 0x72, 0x45])(head.subarray(4)),
    mend: "unpack it first (bunzip2)",
  },
  {
    name: "xz",
    test: begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]),
    mend: "unpack it first (unxz)",
  },
  {
    name: "LZ4",
    test: begins([0x04, 0x22, 0x4D, 0x18]),
    mend: "unpack it first (unlz4)",
  },
  {
    name: "a zip archive, or a spreadsheet",
    test: begins([0x50, 0x4B, 3, 4]),
    mend: "unpack it first, or save the sheet as CSV UTF-8",
  },
  {
    name: "an Excel or Word file of old",
    test: begins([0xD0, 0xCF, 0x11, 0xE0]),
    mend: "save the sheet as CSV UTF-8",
  },
];

/** Bytes that tell the form. */
const HEAD = 64;

/**
 * Bytes of a file, unpacked if they are gzip (of any number of members) or zstd;
 * its first bytes say so, not its name. The file is closed in any case.
 *
 * @throws {SyntaxError} If it is packed otherwise, or damaged.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {RangeError} If it is no file.
 */
export async function* unpackedBytes(
  path: string,
): AsyncGenerator<Uint8Array> {
  using file = await openFile(path);
  const source = new ByteSource(file);
  const head = await source.peek(HEAD);
  const form = FORMS.find(({ test }) => test(head));
  if (!form) {
    checkName(path, head);
    return yield* source.chunks();
  }
  if (!form.unpack) {
    throw new SyntaxError(
      `Cannot read ${path}: it is ${form.name}; ${form.mend}`,
    );
  }
  try {
    yield* form.unpack(source);
  } catch (error) {
    // Damage is a plain error; what else there is comes from the system.
    if ((error as Error).constructor !== Error) throw error;
    throw new SyntaxError(
      `Cannot unpack ${path}: ${
        (error as Error).message
      }; is the file whole, and ${form.name}?`,
    );
  }
}

/**
 * The text of a file, unpacked as {@linkcode unpackedBytes} does.
 *
 * @param path The file.
 * @param options Bytes that it may have when unpacked, its encoding, and what to do
 * if that is another one.
 * @throws {SyntaxError} If it isn't UTF-8, or damaged.
 * @throws {RangeError} If it is larger than a text can be.
 */
export async function readUnpacked(
  path: string,
  { most = LONGEST_TEXT, encoding, mend }: {
    most?: number;
    encoding?: string;
    mend?: string;
  } = {},
): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const bytes = unpackedBytes(path);
  const utf8 = encoding ? toUtf8(bytes, encoding, path) : bytes;
  for await (const piece of utf8) {
    // The buffer it came in may be written anew.
    pieces.push(piece.slice());
    size += piece.length;
    if (size > most) throw tooLarge(path, most);
  }
  return strictText(joinedBytes(pieces), path, { mend });
}

/** What is named like a packed file, and isn't, must be plain text. */
function checkName(path: string, head: Uint8Array): void {
  const name = /\.(gz|zst|bz2|xz)$/i.exec(path)?.[1]!;
  if (name === undefined || isText(head)) return;
  throw new SyntaxError(
    `Cannot unpack ${path}: it doesn't begin like a .${name} file; is it whole?`,
  );
}

function isText(head: Uint8Array): boolean {
  if (head.length === 0) return false;
  try {
    const text = new TextDecoder("utf-8", { fatal: true })
      .decode(head, { stream: true });
    return !/[^\t\r\n\P{Cc}]/u.test(text);
  } catch {
    return false;
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    const file = await openToRead(path);
    if ((await file.stat()).isFile) return file;
    file.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${path}: there is no such file`,
    );
  }
  throw new RangeError(`Cannot read ${path}: it isn't a file`);
}
