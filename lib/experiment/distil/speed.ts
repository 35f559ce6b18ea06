import type { Backend } from "../../backend/mod.ts";
import { type Encoder, encodeTexts } from "../../model/mod.ts";

/** How fast a query tower is, on one backend. */
export interface QuerySpeed {
  /** Backend and device. */
  backend: string;
  /** Queries a second, many at once. */
  queriesPerSecond: number;
  /** Median milliseconds of one query alone. */
  p50: number;
  /** Milliseconds within which 95 % of single queries are done. */
  p95: number;
}

/** Queries that are encoded one by one before time is taken. */
const WARM_UP = 5;

/** Queries that are encoded one by one. */
const SINGLE = 100;

/**
 * Measures an encoder of queries on the texts of its own use.
 *
 * @param encoder The encoder, on the backend that is in use.
 * @param texts Queries with their prefix.
 * @param options Where they are cut; the backend.
 */
export async function querySpeed(
  encoder: Encoder,
  texts: readonly string[],
  { maxLength, backend }: {
    maxLength: number;
    backend: Pick<Backend, "name" | "device">;
  },
): Promise<QuerySpeed> {
  const encode = async (some: readonly string[]) => {
    const started = performance.now();
    await encodeTexts(encoder, some, { maxLength });
    return performance.now() - started;
  };
  const single = texts.slice(0, SINGLE);
  for (const text of single.slice(0, WARM_UP)) await encode([text]);
  const times: number[] = [];
  for (const text of single) times.push(await encode([text]));
  times.sort((a, b) => a - b);
  await encode(texts); // again, as other shapes are compiled first
  const all = await encode(texts);
  const quantile = (p: number) => times[Math.ceil(p * times.length) - 1]!;
  return {
    backend: `${backend.name} on ${backend.device}`,
    queriesPerSecond: 1000 * texts.length / all,
    p50: quantile(0.5),
    p95: quantile(0.95),
  };
}
