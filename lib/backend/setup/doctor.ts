import * as tf from "@tensorflow/tfjs-core";
import { gelu } from "../kernels/gelu.ts";
import { linear } from "../kernels/linear.ts";
import { TENSORFLOW_VERSION } from "./tensorflow.ts";
import { type Backend, type BackendName, useBackend } from "../use_backend.ts";
import { mayUse, refusal } from "../../base/permissions.ts";

/** What {@linkcode doctor} found out about one backend. */
export interface BackendRow {
  /** The backend. */
  backend: BackendName;
  /** Whether it starts and computes. */
  usable: boolean;
  /** Whether `useBackend("auto")` takes it. */
  chosen: boolean;
  /** `"cpu"`, `"gpu"`, or `""` where it doesn't start. */
  device: string;
  /** Version of the library behind it. */
  version: string;
  /** Largest relative error of a gradient against finite differences, or what failed. */
  gradient: string;
  /** Why it can't be used, or what it is. */
  note: string;
}

/** What {@linkcode doctor} found out about this machine. */
export interface DoctorReport {
  /** One row per backend. */
  rows: BackendRow[];
  /** Versions of what the backends rest on. */
  versions: Record<string, string>;
  /**
   * Memory in bytes: used by this process, and the machine's and what is free of
   * it, if Deno may ask (`--allow-sys`).
   */
  memory: { process: number; total?: number; free?: number };
}

/** Largest relative error of float32 against finite differences that passes. */
const TOLERANCE = 1e-2;

/**
 * Tries each backend: does it start, is a gradient through two of our kernels
 * right? Leaves the backend that was active before.
 *
 * @returns What was found; it never throws for a backend that doesn't work.
 *
 * @example Usage
 * ```ts ignore
 * import { doctor } from "@tdro/tdro/backend";
 *
 * console.table((await doctor()).rows);
 * ```
 */
export async function doctor(): Promise<DoctorReport> {
  const names: BackendName[] = ["tensorflow", "webgpu", "wasm", "cpu"];
  const chosen = await useBackend("auto");
  const rows: BackendRow[] = [];
  for (const name of names) rows.push(await examine(name, chosen));
  await useBackend(chosen.name);
  return {
    rows,
    versions: {
      deno: Deno.version.deno,
      tfjs: tf.version_core,
      tensorflow: TENSORFLOW_VERSION,
    },
    memory: { process: Deno.memoryUsage().rss, ...machineMemory() },
  };
}

function machineMemory(): { total?: number; free?: number } {
  if (!mayUse({ name: "sys", kind: "systemMemoryInfo" })) return {};
  const { total, available } = Deno.systemMemoryInfo();
  return { total, free: available };
}

async function examine(
  backend: BackendName,
  chosen: Backend,
): Promise<BackendRow> {
  const version = backend === "tensorflow"
    ? TENSORFLOW_VERSION
    : tf.version_core;
  try {
    const { device, reason } = await useBackend(backend);
    const error = await gradientError();
    return {
      backend,
      usable: error < TOLERANCE,
      chosen: backend === chosen.name,
      device,
      version,
      gradient: error < TOLERANCE
        ? `ok (${error.toExponential(0)})`
        : `WRONG (${error.toExponential(0)})`,
      note: reason,
    };
  } catch (error) {
    return {
      backend,
      usable: false,
      chosen: false,
      device: "",
      version,
      gradient: "",
      note: refusal(error) ??
        (error instanceof Error ? error.message : String(error)),
    };
  }
}

/**
 * Compares the gradient of sum(gelu(x Wᵀ)) by W with central differences in
 * float32 at a step of 1e-2 (truncation about 1e-4, rounding about 1e-5).
 */
async function gradientError(): Promise<number> {
  const x = tf.tensor2d([[0.3, -0.7], [1.1, 0.4]]);
  const values = [0.5, -0.2, 0.8, 0.1, -0.6, 0.9];
  const loss = (w: tf.Tensor2D) =>
    tf.sum(gelu(linear(x, w))) as tf.Tensor<tf.Rank.R0>;
  const gradient = tf.tidy(() =>
    tf.grad((w) => loss(w as tf.Tensor2D))(tf.tensor2d(values, [3, 2]))
  );
  const found = await gradient.data();
  const step = 1e-2;
  let worst = 0;
  for (let i = 0; i < values.length; i++) {
    const at = async (shift: number) => {
      const moved = values.map((v, j) => i === j ? v + shift : v);
      const scalar = tf.tidy(() => loss(tf.tensor2d(moved, [3, 2])));
      const [value] = await scalar.data();
      scalar.dispose();
      return value!;
    };
    const expected = (await at(step) - await at(-step)) / (2 * step);
    worst = Math.max(
      worst,
      Math.abs(found[i]! - expected) / Math.max(1, Math.abs(expected)),
    );
  }
  tf.dispose([x, gradient]);
  return worst;
}
