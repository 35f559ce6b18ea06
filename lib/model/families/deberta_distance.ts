import type { DebertaConfig } from "../config/model_config.ts";

/** What {@linkcode debertaRow} needs to know. */
type Distances = Pick<DebertaConfig, "span" | "buckets" | "farthest">;

/**
 * Which row of the table a distance takes, query before key counting as less
 * than 0: one by one around the middle, and, in buckets, on a logarithmic scale
 * from half of the span on.
 */
export function debertaRow(distance: number, distances: Distances): number {
  const { span } = distances;
  const row = span + signedBucket(distance, distances);
  return Math.min(2 * span - 1, Math.max(0, row));
}

function signedBucket(
  distance: number,
  { span, buckets, farthest }: Distances,
): number {
  const middle = Math.floor(span / 2);
  const off = Math.abs(distance);
  if (!buckets || off <= middle) return distance;
  // In float32, as the reference: a rounding could move a border.
  const { fround } = Math;
  const share = fround(
    fround(Math.log(fround(off / middle))) /
      fround(Math.log(fround((farthest - 1) / middle))),
  );
  const bucket = Math.ceil(fround(share * (middle - 1))) + middle;
  return distance < 0 ? -bucket : bucket;
}

/** The factor on the scores: of each content and each distance alike. */
export function debertaScale(
  { hiddenSize, heads, looking }: DebertaConfig,
): number {
  const terms = 1 + Number(looking.queries) + Number(looking.keys);
  return 1 / Math.sqrt(hiddenSize / heads * terms);
}
