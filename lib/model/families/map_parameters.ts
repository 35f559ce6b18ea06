import type { ParameterSpec } from "../config/family.ts";

/**
 * The parameters of a linear map.
 *
 * @param name Name of the map, which those of weight and bias begin with.
 * @param shape Shape of the weight: `[out, in]`.
 * @param bias Whether it has one.
 */
export function mapParameters(
  name: string,
  shape: [number, number],
  bias: boolean,
): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape, init: "normal" },
    ...bias
      ? [{ name: `${name}.bias`, shape: [shape[0]], init: "zeros" as const }]
      : [],
  ];
}
