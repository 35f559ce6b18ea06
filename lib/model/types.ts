/** Vectors of several texts, row-major. */
export interface Embeddings {
  /** Values, shape `[count, dimension]`. */
  data: Float32Array;
  /** Number of texts. */
  count: number;
  /** Length of each vector. */
  dimension: number;
}

/** What a caller may say about one call of an {@linkcode EncodeFunction}. */
export interface EncodeOptions {
  /** Which side the texts are on; decides the length limit. @default {"passage"} */
  kind?: "query" | "passage";
  /** Stops the work at the next batch. */
  signal?: AbortSignal;
  /** Called after each batch with the number of texts done so far. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Turns texts into vectors. Search, mining and evaluation take any function of
 * this form, so a model from elsewhere serves as well as ours.
 */
export type EncodeFunction = (
  texts: readonly string[],
  options?: EncodeOptions,
) => Promise<Embeddings>;
