import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../lib/backend/mod.ts";

/** Set where WebGPU must be there: its tests then fail, not skip. */
const REQUIRED = Deno.env.get("TDRO_REQUIRE_WEBGPU") === "1";

// Mesa's software Vulkan looks for a window system there, and gives up without.
if (!Deno.env.get("XDG_RUNTIME_DIR")) {
  Deno.env.set("XDG_RUNTIME_DIR", Deno.env.get("TMPDIR") ?? "/tmp");
}

// Not by asking for an adapter alone: that would load software Vulkan before
// TensorFlow, which useBackend() takes care of.
const available = REQUIRED ||
  await awake(() => useBackend("webgpu").then(() => true, () => false));

/**
 * Registers a test on the webgpu backend; reported as ignored where there is no
 * adapter, unless it is required. `dataSync()` can't be used in it.
 */
export function onWebgpu(name: string, body: () => Promise<void>): void {
  Deno.test({
    name: `${name} [webgpu]`,
    ignore: !available,
    // The device and its queue outlive the test: they belong to the process.
    sanitizeResources: false,
    sanitizeOps: false,
    fn: () =>
      awake(async () => {
        await useBackend("webgpu");
        await body();
      }),
  });
}

/** Deno ends a process whose only pending work is WebGPU's: a timer keeps it. */
export async function awake<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 200);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Values of tensors, read without blocking; frees the tensors. */
export async function read(tensors: readonly tf.Tensor[]): Promise<number[][]> {
  const values = await Promise.all(
    tensors.map(async (t) => Array.from(await t.data())),
  );
  tf.dispose([...tensors]);
  return values;
}
