import { type Backend, useBackend } from "../../lib/backend/mod.ts";

/** Devices that a benchmark's two sides can compute on. */
export const DEVICES = ["cpu", "gpu"] as const;

/** One of them. */
export type Device = typeof DEVICES[number];

/**
 * Tells the sides, which are processes of their own, where to compute. On the
 * CPU no library may see a GPU.
 */
export function announceDevice(device: Device): void {
  Deno.env.set("TDRO_BENCH_DEVICE", device);
  if (device === "cpu") Deno.env.set("CUDA_VISIBLE_DEVICES", "");
}

/** Tells the sides how many times as many texts a training step has. */
export function announceScale(scale: number): void {
  Deno.env.set("TDRO_BENCH_SCALE", `${scale}`);
}

/** How many times as many texts a training step has. */
export function benchScale(): number {
  return Number(Deno.env.get("TDRO_BENCH_SCALE") ?? 1);
}

/** Tells the sides how many texts to encode, where a size of its own is wanted. */
export function announceTexts(texts: number): void {
  Deno.env.set("TDRO_BENCH_TEXTS", `${texts}`);
}

/** How many texts to encode, if that was told. */
export function benchTexts(): number | undefined {
  const told = Deno.env.get("TDRO_BENCH_TEXTS");
  return told === undefined ? undefined : Number(told);
}

/** Our side's backend, on the device that was announced. */
export function useBenchBackend(): Promise<Backend> {
  const requireGpu = Deno.env.get("TDRO_BENCH_DEVICE") === "gpu";
  return useBackend("auto", { requireGpu });
}

/** The graphics card, where there is one and its driver tells. */
export async function graphicsCard(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("nvidia-smi", {
      args: ["--query-gpu=name,driver_version", "--format=csv,noheader"],
    }).output();
    return new TextDecoder().decode(stdout).trim() || undefined;
  } catch {
    return undefined;
  }
}
