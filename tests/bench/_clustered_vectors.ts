import type { EmbeddedTexts } from "../../lib/search/mod.ts";
import { createRng } from "../../lib/sampling/create_rng.ts";

/**
 * Unit vectors around shared centres, as those of texts are: a random centre
 * of `centres`, and noise as long as it. Not text; numbers from them are
 * numbers for vectors of this kind.
 */
export function clusteredVectors(
  count: number,
  dimension: number,
  seed: number,
  centres = 600,
): EmbeddedTexts {
  const middle = createRng(1, "centres");
  const rng = createRng(seed, "vectors");
  // The sum of three uniform numbers is near enough to a normal one.
  const normal = (r: typeof rng) => r.next() + r.next() + r.next() - 1.5;
  const centre = Float32Array.from(
    { length: centres * dimension },
    () => normal(middle),
  );
  const data = new Float32Array(count * dimension);
  for (let row = 0; row < count; row++) {
    const from = Math.floor(rng.next() * centres) * dimension;
    let square = 0;
    for (let d = 0; d < dimension; d++) {
      const value = centre[from + d]! + normal(rng);
      data[row * dimension + d] = value;
      square += value * value;
    }
    const scale = 1 / Math.sqrt(square);
    for (let d = 0; d < dimension; d++) data[row * dimension + d]! *= scale;
  }
  return {
    ids: Array.from({ length: count }, (_, i) => `v${i}`),
    embeddings: { data, count, dimension },
  };
}
