import { readValues, type Variable } from "../../backend/mod.ts";

/**
 * 64 bits that differ where any bit of the parameters does, but for chance: two
 * polynomials in their words.
 */
export async function fingerprint(
  parameters: ReadonlyMap<string, Variable>,
): Promise<Int32Array<ArrayBuffer>> {
  let [plain, placed] = [0, 0];
  for (const parameter of parameters.values()) {
    const values = await readValues(parameter);
    const words = new Int32Array(values.buffer);
    for (let i = 0; i < words.length; i++) {
      plain = (Math.imul(plain, 31) + words[i]!) | 0;
      placed = (Math.imul(placed, 0x9e3779b1) ^ words[i]!) | 0;
    }
  }
  return Int32Array.of(plain, placed);
}
