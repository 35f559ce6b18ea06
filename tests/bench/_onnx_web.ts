/** What the bench uses of onnxruntime-web. */
export interface OnnxWeb {
  Tensor: new (type: "int64", data: BigInt64Array, dims: number[]) => unknown;
  InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{
      run(
        feeds: Record<string, unknown>,
        outputs: string[],
      ): Promise<Record<string, { data: Float32Array }>>;
    }>;
  };
  env: { wasm: { numThreads: number; wasmPaths: unknown } };
}

/** What it uses of transformers.js. */
export interface TransformersJs {
  env: {
    localModelPath: string;
    allowRemoteModels: boolean;
    useWasmCache: boolean;
  };
  pipeline(
    kind: string,
    model: string,
    options: object,
  ): Promise<
    (
      texts: string[],
      options: object,
    ) => Promise<{ data: Float32Array; dims: number[] }>
  >;
}

/**
 * Gets a peer from npm when it is asked for: whoever checks or uses the package
 * downloads nothing, and the lock file doesn't name it.
 */
export async function peerPackage<T>(specifier: string): Promise<T> {
  return await import(specifier) as T;
}

/** onnxruntime-web with as many threads as our own backend is told. */
export async function onnxWeb(): Promise<OnnxWeb> {
  const ort = await peerPackage<OnnxWeb>("npm:onnxruntime-web@1.30.0");
  ort.env.wasm.numThreads = Number(Deno.env.get("TDRO_WASM_THREADS") ?? 1);
  return ort;
}

/** Texts of like length together, the longest first: places of `size` each. */
export function batchesOf(texts: readonly string[], size: number): number[][] {
  const order = Array.from(texts.keys())
    .sort((a, b) => texts[b]!.length - texts[a]!.length);
  return Array.from(
    { length: Math.ceil(order.length / size) },
    (_, i) => order.slice(size * i, size * (i + 1)),
  );
}
