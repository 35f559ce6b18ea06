import type { StoredPart } from "../config/family.ts";

/** The stored name that a renaming gives, piece by piece. */
export function renamed(
  name: string,
  pieces: readonly (readonly [ours: RegExp, theirs: string])[],
): string {
  return pieces.reduce(
    (name, [ours, theirs]) => name.replace(ours, theirs),
    name,
  );
}

/** Which part of a fused map a name's is, and the name of the whole. */
export function fused(
  name: string,
  maps: readonly string[],
  whole: string,
): StoredPart | undefined {
  const index = maps.findIndex((map) => name.includes(`.${map}.`));
  if (index < 0) return undefined;
  return {
    name: name.replace(`.${maps[index]}.`, `.${whole}.`),
    part: [index, maps.length],
  };
}

/** Queries, keys and values, in the order in which fused maps have them. */
export const QKV = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
