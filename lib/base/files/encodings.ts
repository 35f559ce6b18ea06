/** What to do with a file that isn't UTF-8, where no option says what it is. */
export const CONVERT = "convert the file to UTF-8";

/** Marks at the beginning of files, and the encodings that they stand for. */
const MARKS: readonly [encoding: string, bytes: number[]][] = [
  ["utf-8", [0xEF, 0xBB, 0xBF]],
  ["utf-16le", [0xFF, 0xFE]],
  ["utf-16be", [0xFE, 0xFF]],
];

/** The encoding that a file's first bytes name. */
export function markedEncoding(head: Uint8Array): string | undefined {
  return MARKS.find(([, mark]) => mark.every((b, i) => head[i] === b))?.[0];
}

/** The fault of a line that isn't UTF-8. */
export function notUtf8(
  bytes: Uint8Array,
  { where, what = "line", mend = CONVERT }: {
    where: string;
    what?: string;
    mend?: string;
  },
): SyntaxError {
  const marked = where.endsWith(":1") ? markedEncoding(bytes) : undefined;
  return new SyntaxError(
    `${where}: Cannot read the ${what}: it isn't UTF-8${
      marked ? ` but ${marked.toUpperCase()}` : ""
    }; ${mend}`,
  );
}

/**
 * Bytes of another encoding as UTF-8, without byte order mark.
 *
 * @throws {SyntaxError} If they aren't in that encoding, or begin with the mark of
 * another one; the message begins with `path:line`.
 * @throws {RangeError} If there is no such encoding.
 */
export async function* toUtf8(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string,
  path: string,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let decoders: ReturnType<typeof decodersOf> | undefined;
  let line = 1;
  const decode = (bytes?: Uint8Array): Uint8Array => {
    const [strict, loose] = decoders!;
    const options = { stream: bytes !== undefined };
    const shown = loose.decode(bytes, options);
    try {
      strict.decode(bytes, options);
    } catch {
      line += lineEnds(shown.slice(0, shown.indexOf("\uFFFD")));
      throw new SyntaxError(
        `${path}:${line}: Cannot read the line: it isn't ${strict.encoding.toUpperCase()}; say another --encoding`,
      );
    }
    line += lineEnds(shown);
    return encoder.encode(shown);
  };
  for await (const chunk of chunks) {
    decoders ??= decodersOf(encoding, markedEncoding(chunk), path);
    yield decode(chunk);
  }
  if (decoders) yield decode();
}

/** A decoder that refuses, and one that shows where. */
function decodersOf(
  encoding: string,
  marked: string | undefined,
  path: string,
): [TextDecoder, TextDecoder] {
  const named = decoderOf(encoding);
  // "utf-16" alone means either order; the mark says which.
  const wide = named.encoding.startsWith("utf-16") &&
    marked?.startsWith("utf-16");
  if (marked && !wide && marked !== named.encoding) {
    throw new SyntaxError(
      `${path}:1: Cannot read the file as ${named.encoding}: its first bytes are the mark of ${marked.toUpperCase()}; add --encoding ${marked}`,
    );
  }
  const label = marked ?? named.encoding;
  return [
    new TextDecoder(label, { fatal: true }),
    new TextDecoder(label),
  ];
}

/** The strict decoder of an encoding. */
export function decoderOf(encoding: string): TextDecoder {
  try {
    // As Python spells them.
    const label = encoding.toLowerCase().replace(
      /^(latin|utf)[-_]/,
      (all) => all.startsWith("utf") ? "utf-" : "latin",
    ).replace(
      /^(utf-16)[-_]?([bl]e)$/,
      "$1$2",
    );
    return new TextDecoder(label, { fatal: true, ignoreBOM: true });
  } catch {
    throw new RangeError(
      `Cannot read in the encoding ${
        JSON.stringify(encoding)
      }: encoding (--encoding) must be a name that TextDecoder knows, such as latin1, windows-1252, utf-16, shift_jis or gb18030`,
    );
  }
}

function lineEnds(text: string): number {
  return text.split("\n").length - 1;
}
