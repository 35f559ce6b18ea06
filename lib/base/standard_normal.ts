import type { RandomSource } from "./random_source.ts";

/**
 * A standard normal draw (Box and Muller).
 *
 * @param rng Generator; moved on by two draws.
 */
export function standardNormal(rng: Pick<RandomSource, "next">): number {
  const radius = Math.sqrt(-2 * Math.log(1 - rng.next()));
  return radius * Math.cos(2 * Math.PI * rng.next());
}
