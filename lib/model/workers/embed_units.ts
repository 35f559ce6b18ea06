import { readValues } from "../../backend/mod.ts";
import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import { embed, type Encoder } from "../encode/encoder.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";

/** Vectors of some batches, each in a pass of its own, one after the other. */
export async function embedUnits(
  encoder: Encoder,
  units: readonly TokenBatch[],
  { precision }: { precision: InferencePrecision },
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const tokens of units) {
    const vectors = embed(encoder, tokens, { precision });
    parts.push(await readValues(vectors));
    vectors.dispose();
  }
  return joinedFloats(parts);
}

/** Numbers one after the other. */
export function joinedFloats(
  parts: readonly Float32Array[],
): Float32Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
