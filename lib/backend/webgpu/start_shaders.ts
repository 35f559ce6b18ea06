import * as tf from "@tensorflow/tfjs-core";
import { useNativeOnWebgpu } from "../native_state.ts";
import { webgpu } from "./device.ts";
import { runWebgpu } from "./run_webgpu.ts";

/** The first thing that a device found wrong after a call had returned. */
const complaints = new WeakMap<GPUDevice, string>();

/**
 * Switches our kernels on where tfjs's backend `webgpu` is active, after a product
 * on this GPU came out right.
 *
 * @returns Why they are not used; nothing if they are.
 */
export async function startShaders(): Promise<string | undefined> {
  const { device } = webgpu();
  if (!listening.has(device)) {
    listening.add(device);
    device.addEventListener("uncapturederror", (event) => {
      const { message } = (event as GPUUncapturedErrorEvent).error;
      if (!complaints.has(device)) {
        complaints.set(device, message.split("\n")[0]!.slice(0, 300));
      }
    });
  }
  const problem = await wrongProduct();
  if (problem) return problem;
  useNativeOnWebgpu({ run: runWebgpu, check: () => check(device) });
}

/** Those whose errors are noted. */
const listening = new WeakSet<GPUDevice>();

/** Throws where the device found something wrong: what is computed then is none. */
function check(device: GPUDevice): void {
  const complaint = complaints.get(device);
  if (!complaint) return;
  complaints.delete(device);
  throw new Error(`Cannot compute on the webgpu backend: ${complaint}`);
}

/** A shader may fail only when it is compiled or started: better now than in a step. */
async function wrongProduct(): Promise<string | undefined> {
  const { device } = webgpu();
  device.pushErrorScope("validation");
  const x = tf.tensor2d([[1, 2], [3, 4]]);
  const [product] = runWebgpu("TdroMatMul", {
    inputs: [x, x],
    settings: [0, 0, 3, 1],
  }) as [tf.Tensor];
  const values = await product.data();
  tf.dispose([x, product]);
  const error = await device.popErrorScope();
  if (error) return error.message.split("\n")[0]!.slice(0, 200);
  if (values.join() !== "7,10,15,22") return "this GPU multiplies wrongly";
}
