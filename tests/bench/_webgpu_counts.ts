/** What was given to a GPU. */
export interface Counts {
  /** Programs. */
  dispatches: number;
  /** Buffers written from here. */
  uploads: number;
  /** Submissions. */
  submits: number;
}

/**
 * Runs something and counts what tfjs and we give to the GPU meanwhile.
 *
 * @param work What to run.
 */
export async function counted<T>(
  work: () => Promise<T>,
): Promise<{ value: T; counts: Counts }> {
  const counts: Counts = { dispatches: 0, uploads: 0, submits: 0 };
  const undo = [
    counting(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => {
      counts.dispatches++;
    }),
    counting(GPUQueue.prototype, "writeBuffer", () => counts.uploads++),
    counting(GPUDevice.prototype, "createBuffer", ([given]) => {
      const { mappedAtCreation } = given as GPUBufferDescriptor;
      if (mappedAtCreation) counts.uploads++;
    }),
    counting(GPUQueue.prototype, "submit", () => counts.submits++),
  ];
  try {
    return { value: await work(), counts };
  } finally {
    for (const back of undo) back();
  }
}

/** Calls `note` before a method, until it is undone. */
function counting<T extends object>(
  of: T,
  name: keyof T & string,
  note: (args: unknown[]) => void,
): () => void {
  const methods = of as Record<string, (...args: unknown[]) => unknown>;
  const own = methods[name]!;
  methods[name] = function (...args) {
    note(args);
    return own.apply(this, args);
  };
  return () => methods[name] = own;
}
