/**
 * A seed for each text of one side of a batch. It follows from where the text
 * stands in the run, so a pass can be repeated, in other chunks too, and a
 * resumed run drops what an unbroken one would.
 */
export function textSeeds(
  count: number,
  { seed, batch, side }: { seed: number; batch: number; side: number },
): Int32Array {
  const start = mix(mix(mix(seed) ^ batch) ^ (side + 1));
  return Int32Array.from({ length: count }, (_, i) => mix(start ^ (i + 1)));
}

/** The finisher of MurmurHash3 (32 bits, public domain): spreads every bit. */
function mix(x: number): number {
  x = (x + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}
