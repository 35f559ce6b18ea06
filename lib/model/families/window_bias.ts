import * as tf from "@tensorflow/tfjs-core";
import type { Tensor3D } from "../../backend/mod.ts";

/**
 * What hides the tokens that are further away than `reach`, on either side, as an
 * option of the attention; nothing where no text is that long.
 *
 * @param L The longest text.
 * @param options How far a token sees; heads.
 */
export function windowBias(
  L: number,
  { reach, heads }: { reach: number; heads: number },
): { bias?: Tensor3D } {
  if (L - 1 <= reach) return {};
  const hidden = Float32Array.from(
    { length: L * L },
    (_, at) => Math.abs(Math.floor(at / L) - at % L) <= reach ? 0 : -1e9,
  );
  return { bias: tf.tile(tf.tensor3d(hidden, [1, L, L]), [heads, 1, 1]) };
}
