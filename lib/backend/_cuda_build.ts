import { dirname, join } from "node:path";
import type { Installation } from "./_tensorflow.ts";
import { exists, libraryPath } from "./_native_build.ts";
import { CUDA_FILES } from "./cuda/files.ts";

/** A GPU's generation: 90 is 9.0, Hopper. */
type Generation = number;

/**
 * The kernels compiled for this machine's GPU, from the cache or by NVIDIA's
 * run-time compiler, which the set-up brings.
 *
 * @param installation TensorFlow's CUDA build.
 * @param generation Of the GPU. @default {that of the first one}
 * @returns What the driver loads.
 * @throws {RangeError} If the compiler is missing or refuses.
 */
export async function buildCuda(
  installation: Installation,
  generation: Generation = generationOfGpu(),
): Promise<Uint8Array<ArrayBuffer>> {
  const texts = Object.values(CUDA_FILES).join("\0");
  const path = await libraryPath([texts, `sm_${generation}`], "tdro.cubin");
  if (await exists(path)) return await Deno.readFile(path);
  const code = compiled(installation, generation);
  await Deno.mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
  await Deno.writeFile(partial, code);
  await Deno.rename(partial, path);
  return code;
}

function generationOfGpu(): Generation {
  const { symbols } = Deno.dlopen("libcuda.so.1", {
    cuInit: { parameters: ["u32"], result: "i32" },
    cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
    cuDeviceGetAttribute: {
      parameters: ["buffer", "i32", "i32"],
      result: "i32",
    },
  });
  const [MAJOR, MINOR] = [75, 76];
  const number = new Int32Array(1);
  const checked = (error: number) => {
    if (error) throw new RangeError(`Cannot look at the GPU: error ${error}`);
    return number[0]!;
  };
  checked(symbols.cuInit(0));
  const device = checked(symbols.cuDeviceGet(number, 0));
  const attribute = (which: number) =>
    checked(symbols.cuDeviceGetAttribute(number, which, device));
  return 10 * attribute(MAJOR) + attribute(MINOR);
}

const COMPILER = {
  nvrtcGetNumSupportedArchs: { parameters: ["buffer"], result: "i32" },
  nvrtcGetSupportedArchs: { parameters: ["buffer"], result: "i32" },
  nvrtcCreateProgram: {
    parameters: ["buffer", "buffer", "buffer", "i32", "buffer", "buffer"],
    result: "i32",
  },
  nvrtcCompileProgram: {
    parameters: ["pointer", "i32", "buffer"],
    result: "i32",
  },
  nvrtcGetCUBINSize: { parameters: ["pointer", "buffer"], result: "i32" },
  nvrtcGetCUBIN: { parameters: ["pointer", "buffer"], result: "i32" },
  nvrtcGetPTXSize: { parameters: ["pointer", "buffer"], result: "i32" },
  nvrtcGetPTX: { parameters: ["pointer", "buffer"], result: "i32" },
  nvrtcGetProgramLogSize: { parameters: ["pointer", "buffer"], result: "i32" },
  nvrtcGetProgramLog: { parameters: ["pointer", "buffer"], result: "i32" },
} as const;

function compiled(
  { folder }: Installation,
  generation: Generation,
): Uint8Array<ArrayBuffer> {
  const { symbols } = Deno.dlopen(
    join(folder, "nvidia", "cuda_nvrtc", "lib", "libnvrtc.so.12"),
    COMPILER,
  );
  const checked = (error: number, log = "") => {
    if (!error) return;
    const line = log.split("\n").find((l) => l.includes("error"));
    throw new RangeError(
      `Cannot compile the CUDA kernels: ${line ?? `NVRTC's error ${error}`}`,
    );
  };
  // Compiled code runs on its generation's family; for a later family the driver
  // compiles from what the latest known one has in common with it.
  const count = new Int32Array(1);
  checked(symbols.nvrtcGetNumSupportedArchs(count));
  const known = new Int32Array(count[0]!);
  checked(symbols.nvrtcGetSupportedArchs(known));
  const nearest = Math.max(...known.filter((one) => one <= generation));
  const final = Math.floor(nearest / 10) === Math.floor(generation / 10);
  const options = [
    `--gpu-architecture=${final ? "sm" : "compute"}_${nearest}`,
    "--std=c++17",
  ];
  const headers = Object.entries(CUDA_FILES)
    .filter(([name]) => name.endsWith(".h") || name.endsWith(".cu"));
  const source = Object.keys(CUDA_FILES).filter((name) => name.endsWith(".cu"))
    .map((name) => `#include "${name}"\n`).join("");
  const kept: Uint8Array[] = []; // what the pointers point to
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(`${value}\0`);
    kept.push(bytes);
    return bytes;
  };
  const list = (values: readonly string[]) =>
    BigUint64Array.from(
      values,
      (value) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text(value))),
    );
  const place = new BigUint64Array(1);
  checked(symbols.nvrtcCreateProgram(
    place,
    text(source),
    text("tdro.cu"),
    headers.length,
    list(headers.map(([, content]) => content)),
    list(headers.map(([name]) => name)),
  ));
  const program = Deno.UnsafePointer.create(place[0]!);
  const size = new BigUint64Array(1);
  const bytesOf = (
    sizeOf: "nvrtcGetProgramLogSize" | "nvrtcGetCUBINSize" | "nvrtcGetPTXSize",
    get: "nvrtcGetProgramLog" | "nvrtcGetCUBIN" | "nvrtcGetPTX",
  ) => {
    checked(symbols[sizeOf](program, size));
    const bytes = new Uint8Array(Number(size[0]));
    checked(symbols[get](program, bytes));
    return bytes;
  };
  const error = symbols.nvrtcCompileProgram(
    program,
    options.length,
    list(options),
  );
  const log = bytesOf("nvrtcGetProgramLogSize", "nvrtcGetProgramLog");
  checked(error, new TextDecoder().decode(log));
  if (kept.length === 0) throw new Error("unreachable"); // keeps `kept` alive
  return final
    ? bytesOf("nvrtcGetCUBINSize", "nvrtcGetCUBIN")
    : bytesOf("nvrtcGetPTXSize", "nvrtcGetPTX");
}
