import kernels from "./kernels.txt" with { type: "text" };

/** The kernels of `native/`, compiled by `deno task wasm`. */
export async function compiledKernels(): Promise<WebAssembly.Module> {
  return await WebAssembly.compile(await kernelBytes());
}

/** Bytes of the module, of which the package holds a compressed text. */
export async function kernelBytes(): Promise<Uint8Array<ArrayBuffer>> {
  const text = kernels.slice(kernelSources().length).replaceAll("\n", "");
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const unpacked = new Blob([packed]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/** What tells the sources that it was compiled from. */
export function kernelSources(): string {
  return kernels.slice(0, kernels.indexOf("\n"));
}
