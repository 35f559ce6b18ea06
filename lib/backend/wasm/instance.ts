/** What the compiled kernels export, see `runtime.cc` and `pool.cc`. */
export interface Exports {
  /** Number of the kernel whose name is at an address, or -1. */
  find(name: number): number;
  /** Runs a kernel on inputs at an address. */
  run(kernel: number, inputs: number, count: number): void;
  /** Says how many threads there will be; returns what they share. */
  start(threads: number): number;
  /** Does others' tasks, for ever. */
  serve(shared: number, threads: number): void;
}

/** What an instance may call; only the main one does. */
export interface Services {
  /** Memory from tfjs. */
  malloc(bytes: number): number;
  /** Gives it back. */
  free(address: number): void;
  /** Makes result `index` and returns its address. */
  output(index: number, rank: number, dims: number): number;
}

/** Where an instance lies. */
export interface Place {
  memory: WebAssembly.Memory;
  /** Address of its statics and, at the end, its stack; all 0. */
  block: number;
  /** Bytes of these. */
  size: number;
}

/** Functions that the module may put into its table. */
export const TABLE = 1024;

/**
 * Starts an instance of the kernels. They are like a shared library, which can
 * lie anywhere in memory. Workers get this function's text, so it names nothing
 * from outside but by its defaults.
 *
 * @param module The kernels.
 * @param place Where its memory is.
 * @param services What it may call.
 * @returns Its functions, and its stack's pointer.
 */
export function instantiate(
  module: WebAssembly.Module,
  { memory, block, size }: Place,
  { services, table = TABLE }: { services: Services; table?: number },
): { exports: Exports; stack: WebAssembly.Global } {
  const fixed = (value: number) =>
    new WebAssembly.Global({ value: "i32", mutable: false }, value);
  const stack = new WebAssembly.Global(
    { value: "i32", mutable: true },
    block + size,
  );
  const { exports } = new WebAssembly.Instance(module, {
    env: {
      ...services,
      memory,
      __memory_base: fixed(block),
      __table_base: fixed(1), // 0 is the null pointer
      __stack_pointer: stack,
      __indirect_function_table: new WebAssembly.Table({
        initial: table,
        element: "anyfunc",
      }),
    } as unknown as WebAssembly.ModuleImports,
  });
  const starts = exports as Record<string, () => void>;
  starts["__wasm_apply_data_relocs"]!();
  starts["__wasm_call_ctors"]!();
  return { exports: exports as unknown as Exports, stack };
}
