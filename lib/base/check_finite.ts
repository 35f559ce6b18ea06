/**
 * Refuses to save numbers that would spoil whatever is computed with them.
 *
 * @param name What they are, for the error.
 * @param values The numbers.
 * @returns The numbers.
 * @throws {RangeError} If one isn't finite.
 */
export function checkFinite(name: string, values: Float32Array): Float32Array {
  // A plain loop: models have billions of them.
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new RangeError(
      `Cannot save ${name}: its values must be finite: got ${
        values[i]
      }; go back to an earlier checkpoint, and train with a lower learning rate`,
    );
  }
  return values;
}
