// Why this is not left to the tokenizers package: it knows SentencePiece's
// usual map by heart, as NFKC and two lists of characters. Here the map in the
// file is read, and applied as Hugging Face's library in Rust does it.

/**
 * The function of a `Precompiled` normalizer: a map of characters, or short runs
 * of them, to replacements.
 *
 * The reference walks over grapheme clusters. For one of fewer than 6 bytes (in
 * UTF-8) it takes the shortest run at its start that the map has, and replaces
 * the whole cluster by that run's replacement, whatever else is in it; failing
 * that, it maps each character alone. SentencePiece itself does otherwise, but
 * models are trained and run with the reference.
 *
 * @param charsmap The map in base64: the length of a trie, the trie, then the
 * replacements.
 * @throws {Error} If it is malformed.
 */
export function precompiledNormalizer(
  charsmap: string,
): (text: string) => string {
  const { trie, replacements } = readMap(charsmap);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const clusters = new Intl.Segmenter("und", { granularity: "grapheme" });
  const known = new Map<string, string>();

  /** Replacement of the shortest run at the start of a piece. */
  const mapped = (bytes: Uint8Array): string | undefined => {
    const at = shortestMatch(trie, bytes);
    if (at === undefined) return undefined;
    const end = replacements.indexOf(0, at);
    return decoder.decode(
      replacements.subarray(at, end < 0 ? replacements.length : end),
    );
  };
  const ofCluster = (cluster: string): string => {
    const bytes = encoder.encode(cluster);
    const whole = bytes.length < 6 ? mapped(bytes) : undefined;
    if (whole !== undefined) return whole;
    return [...cluster].map((c) => mapped(encoder.encode(c)) ?? c).join("");
  };
  const remembered = (cluster: string): string => {
    let out = known.get(cluster);
    if (out === undefined) {
      out = ofCluster(cluster);
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(cluster, out);
    }
    return out;
  };
  // Whether printable ASCII stays as it is, as it does in all maps we know.
  const plain = Array.from(
    { length: 95 },
    (_, i) => String.fromCharCode(32 + i),
  )
    .every((c) => ofCluster(c) === c);
  return (text) => {
    if (plain && PLAIN.test(text)) return text;
    let out = "";
    for (const { segment } of clusters.segment(text)) {
      out += remembered(segment);
    }
    return out;
  };
}

const PLAIN = /^[\x20-\x7E]*$/;

/** Clusters remembered; forgotten together when that many. */
const MAX_KNOWN = 1 << 16;

interface CharacterMap {
  /** A double array (Aoe's, as in Darts): see {@linkcode shortestMatch}. */
  trie: Uint32Array;
  /** Replacements in UTF-8, a zero after each. */
  replacements: Uint8Array;
}

function readMap(charsmap: string): CharacterMap {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.fromBase64(charsmap);
  } catch {
    throw new Error("precompiled_charsmap must be base64");
  }
  const size = bytes.length < 4
    ? Infinity
    : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (size % 4 !== 0 || size > bytes.length - 4) {
    throw new Error("precompiled_charsmap must hold its trie: it is cut off");
  }
  return {
    trie: new Uint32Array(bytes.slice(4, 4 + size).buffer),
    replacements: bytes.subarray(4 + size),
  };
}

/**
 * Value of the shortest key of a trie that some bytes begin with. A unit holds
 * a label (its low 8 bits), whether a value hangs on it (bit 8), and how far its
 * children are (bits 10 and up, times 256 if bit 9 is set); where a value hangs,
 * the first child holds it.
 */
function shortestMatch(
  trie: Uint32Array,
  bytes: Uint8Array,
): number | undefined {
  const offset = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);
  let at = offset(trie[0] ?? 0);
  for (const byte of bytes) {
    if (byte === 0) break;
    at ^= byte;
    const unit = trie[at];
    // A label has its highest bit set where the unit is a value.
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return;
    at ^= offset(unit);
    if (unit & 0x100) return (trie[at] ?? 0) & 0x7fffffff;
  }
}
