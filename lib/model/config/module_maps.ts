import type { Tensor2D } from "../../backend/mod.ts";
import type { Layers } from "../encode/layers.ts";
import type { ParameterSpec } from "./family.ts";
import {
  type DenseModule,
  type ModuleMap,
  type ModulesConfig,
  poolings,
} from "./modules.ts";
import {
  add,
  gelu,
  l2Normalize,
  relu,
  tanh,
} from "../../backend/kernels/mod.ts";

/** What the names of the i-th map's parameters begin with. */
export function mapName(i: number): string {
  return `dense.${i}`;
}

/** Whether a parameter belongs to a map. */
export function isOfMap(name: string): boolean {
  return /^dense\.\d+\./.test(name);
}

/** PyTorch's, which sentence-transformers takes. */
export const NORM_EPS = 1e-5;

/**
 * Parameters of the maps.
 *
 * @throws {RangeError} If one doesn't take what the one before it gives.
 */
export function mapParameters(
  config: Pick<ModulesConfig, "maps" | "pooling">,
  hiddenSize: number,
): ParameterSpec[] {
  const specs: ParameterSpec[] = [];
  widths(config, hiddenSize, (map, i, width) => {
    const takes = map.kind === "dense"
      ? map.in
      : map.kind === "layerNorm"
      ? map.size
      : width;
    if (takes !== width) {
      throw new RangeError(
        `Cannot make an encoder: ${
          map.kind === "dense" ? "dense" : "norm"
        } module ${i} must take vectors of length ${width}: got ${takes}`,
      );
    }
    specs.push(...parametersOf(map, mapName(i)));
  });
  return specs;
}

/** Length of an encoder's vectors before they are cut. */
export function mappedSize(
  config: Pick<ModulesConfig, "maps" | "pooling">,
  hiddenSize: number,
): number {
  return widths(config, hiddenSize, () => {});
}

/** Goes along the maps; `visit` sees each with the length of what it is given. */
function widths(
  { maps = [], pooling }: Pick<ModulesConfig, "maps" | "pooling">,
  hiddenSize: number,
  visit: (map: ModuleMap, i: number, width: number) => void,
): number {
  let width = hiddenSize;
  let pooled = false;
  const pool = () => {
    if (!pooled) width *= poolings({ pooling }).length;
    pooled = true;
  };
  maps.forEach((map, i) => {
    if (!isOnTokens(map)) pool();
    visit(map, i, width);
    if (map.kind === "dense") width = map.out;
  });
  pool();
  return width;
}

/** Whether a map comes before pooling. */
export function isOnTokens(map: ModuleMap): boolean {
  return "on" in map && map.on === "tokens";
}

function parametersOf(map: ModuleMap, name: string): ParameterSpec[] {
  if (map.kind === "layerNorm") {
    return [
      { name: `${name}.norm.weight`, shape: [map.size], init: "ones" },
      { name: `${name}.norm.bias`, shape: [map.size], init: "zeros" },
    ];
  }
  if (map.kind !== "dense") return [];
  const shape = [map.out, map.in];
  const specs: ParameterSpec[] = [
    { name: `${name}.linear.weight`, shape, init: "normal" },
  ];
  if (map.bias) {
    specs.push({
      name: `${name}.linear.bias`,
      shape: [map.out],
      init: "zeros",
    });
  }
  if (map.residual && map.in !== map.out) {
    specs.push({ name: `${name}.residual.weight`, shape, init: "normal" });
  }
  return specs;
}

/** The part of the pass that the maps on tokens, or on texts, are. */
export function mapForward(
  x: Tensor2D,
  { maps = [] }: Pick<ModulesConfig, "maps">,
  { layers, on }: { layers: Layers; on: "tokens" | "texts" },
): Tensor2D {
  return maps.reduce(
    (x, map, i) =>
      isOnTokens(map) === (on === "tokens")
        ? mapped(x, map, { layers, name: mapName(i) })
        : x,
    x,
  );
}

function mapped(
  x: Tensor2D,
  map: ModuleMap,
  { layers, name }: { layers: Layers; name: string },
): Tensor2D {
  switch (map.kind) {
    case "dense": {
      const y = activate(
        layers.dense(x, `${name}.linear`),
        map.activation,
        layers,
      );
      if (!map.residual) return y;
      const came = map.in === map.out ? x : layers.dense(x, `${name}.residual`);
      return add(y, came, { tape: layers.tape });
    }
    case "layerNorm":
      return layers.norm(x, `${name}.norm`, { eps: NORM_EPS });
    case "normalize":
      return l2Normalize(x, { tape: layers.tape });
    case "dropout":
      return x;
  }
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
