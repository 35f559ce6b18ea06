import {
  defaultDevice,
  init,
  jit,
  nn,
  numpy as np,
  valueAndGrad,
} from "@jax-js/jax";
import { noise } from "../_backends.ts";

/** Works of `webgpu.ts` in jax-js, each compiled as a whole. */

/** Makes jax-js compute on the GPU. */
export async function startJaxJs(): Promise<void> {
  await init("webgpu");
  defaultDevice("webgpu");
}

const array = (values: Float32Array<ArrayBuffer>, shape: number[]) =>
  np.array(values).reshape(shape);

/** x Wᵀ + b; its first number. */
export function jaxMapping(rows: number): () => Promise<number> {
  const x = array(noise(rows * 384) as Float32Array<ArrayBuffer>, [rows, 384]);
  const w = array(noise(384 * 384, 2) as Float32Array<ArrayBuffer>, [384, 384]);
  const b = array(noise(384, 3) as Float32Array<ArrayBuffer>, [384]);
  const map = jit((x: np.Array, w: np.Array, b: np.Array) =>
    np.matmul(x, np.transpose(w)).add(b)
  );
  return async () => (await map(x.ref, w.ref, b.ref).data())[0]!;
}

/**
 * Attention of two heads of 64 over padded texts, and the gradients of half the
 * sum of squares; the first number of the keys' gradient.
 */
export function jaxAttention(
  lengths: readonly number[],
): () => Promise<number> {
  const L = Math.max(...lengths);
  const T = lengths.reduce((a, b) => a + b, 0);
  const padded = (seed: number) => {
    const rows = noise(T * 128, seed);
    const all = new Float32Array(lengths.length * L * 128);
    let at = 0;
    lengths.forEach((length, text) => {
      const from = at * 128;
      all.set(rows.subarray(from, from + length * 128), text * L * 128);
      at += length;
    });
    return array(all, [lengths.length, L, 2, 64]);
  };
  const [q, k, v] = [1, 2, 3].map(padded) as [np.Array, np.Array, np.Array];
  const there = array(
    Float32Array.from(
      { length: lengths.length * L },
      (_, i) => i % L < lengths[Math.floor(i / L)]! ? 1 : 0,
    ),
    [lengths.length, L, 1, 1],
  );
  const keyValueSeqLengths = np.array([...lengths], { dtype: np.int32 });
  const step = jit(valueAndGrad(
    (
      q: np.Array,
      k: np.Array,
      v: np.Array,
      there: np.Array,
      keys: np.Array,
    ) => {
      const y = nn.dotProductAttention(q, k, v, {
        scale: 1 / 8,
        keyValueSeqLengths: keys,
      }).mul(there);
      return np.square(y).sum().mul(0.5);
    },
    { argnums: [0, 1, 2] },
  ));
  return async () => {
    const [, [dq, dk, dv]] = step(
      ...[q.ref, k.ref, v.ref, there.ref, keyValueSeqLengths.ref] as const,
    ) as unknown as [np.Array, [np.Array, np.Array, np.Array]];
    const [values] = await Promise.all([dk.data(), dq.data(), dv.data()]);
    return values[0]!;
  };
}
