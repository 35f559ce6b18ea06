import type { Tensor2D } from "../../backend/mod.ts";
import type { Layers } from "../encode/layers.ts";
import type { ParameterSpec } from "./family.ts";
import type { DenseModule, ModulesConfig } from "./modules.ts";
import { gelu, relu, tanh } from "../../backend/kernels/mod.ts";

/** Name of the i-th dense module's map among an encoder's parameters. */
export function denseName(i: number): string {
  return `dense.${i}.linear`;
}

/** Whether a parameter belongs to a dense module. */
export function isDense(name: string): boolean {
  return /^dense\.\d+\.linear\./.test(name);
}

/**
 * Parameters of the dense modules.
 *
 * @throws {RangeError} If one doesn't take what the one before it gives.
 */
export function denseParameters(
  { dense = [] }: Pick<ModulesConfig, "dense">,
  hiddenSize: number,
): ParameterSpec[] {
  let width = hiddenSize;
  return dense.flatMap((module, i) => {
    if (module.in !== width) {
      throw new RangeError(
        `Cannot make an encoder: dense module ${i} must take vectors of length ${width}: got ${module.in}`,
      );
    }
    width = module.out;
    const name = denseName(i);
    const weight: ParameterSpec = {
      name: `${name}.weight`,
      shape: [module.out, module.in],
      init: "normal",
    };
    return module.bias
      ? [weight, {
        name: `${name}.bias`,
        shape: [module.out],
        init: "zeros" as const,
      }]
      : [weight];
  });
}

/** The dense modules' part of the pass, `[B, in]` to `[B, out]`. */
export function denseForward(
  x: Tensor2D,
  { dense = [] }: Pick<ModulesConfig, "dense">,
  layers: Layers,
): Tensor2D {
  return dense.reduce(
    (x, { activation }, i) =>
      activate(layers.dense(x, denseName(i)), activation, layers),
    x,
  );
}

function activate(
  x: Tensor2D,
  activation: DenseModule["activation"],
  { tape }: Layers,
): Tensor2D {
  switch (activation) {
    case "identity":
      return x;
    case "tanh":
      return tanh(x, { tape });
    case "relu":
      return relu(x, { tape });
    case "gelu":
      return gelu(x, { tape });
  }
}
