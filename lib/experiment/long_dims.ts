/** Refuses lengths that the model's vectors don't have. */
export function refuseLongDims(dims: readonly number[], whole: number): void {
  const long = dims.find((dim) => dim > whole);
  if (long === undefined) return;
  throw new RangeError(
    `Cannot run the experiment: --matryoshka must name lengths of at most ${whole}, that of the model's vectors: got ${long}`,
  );
}
