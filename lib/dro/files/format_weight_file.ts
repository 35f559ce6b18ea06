import type { WeightFile } from "./weight_file.ts";

/**
 * The text of a weight file, in the form that the reference implementation
 * writes: JSON, indent 4, keys `domain_ids`, `domain_weights`, `size`, `epoch`
 * in this order, numbers as Python prints them, no newline at the end. A file
 * that the reference wrote comes out byte for byte.
 *
 * @param file What to write.
 * @returns JSON text.
 *
 * @example Usage
 * ```ts
 * import { formatWeightFile, parseWeightFile, weightFile } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const file = weightFile({ names: ["nq"], weights: [1], sizes: [58800] });
 * const text = formatWeightFile(file);
 * assert.ok(text.includes(`"nq": 1.0`));
 * assert.deepEqual(parseWeightFile(text), file);
 * ```
 */
export function formatWeightFile(file: WeightFile): string {
  const keys = [
    object("domain_ids", file.names, file.ids.map(String)),
    object("domain_weights", file.names, file.weights.map(pythonFloat)),
    object("size", file.names, file.sizes.map(String)),
    object("epoch", file.names, file.epochs.map(pythonFloat)),
  ];
  if (file.groupCount !== undefined) {
    keys.push(`    "n_groups": ${file.groupCount}`);
  }
  if (file.categories) {
    const list = JSON.stringify(file.categories, null, 4);
    keys.push(`    "category_list": ${list.replaceAll("\n", "\n    ")}`);
  }
  return `{\n${keys.join(",\n")}\n}`;
}

function object(
  key: string,
  names: readonly string[],
  values: readonly string[],
): string {
  if (names.length === 0) return `    "${key}": {}`;
  const lines = names.map((name, k) =>
    `        ${JSON.stringify(name)}: ${values[k]}`
  );
  return `    "${key}": {\n${lines.join(",\n")}\n    }`;
}

/**
 * A float as Python's `repr` prints it. Both languages print the fewest digits
 * that give the number back; they differ in when they use an exponent, and
 * Python marks a whole number by `.0`.
 */
function pythonFloat(value: number): string {
  const [digits, power] = value.toExponential().split("e") as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
