import { join } from "node:path";
import type { Installation } from "./tensorflow.ts";
import { cacheFolder } from "../../base/files/cache_folder.ts";
import { exists } from "../../base/files/exists.ts";
import { hashOf } from "./compile.ts";
import { CUDA_FILES } from "../cuda/files.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

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
  const key = await hashOf([texts, `sm_${generation}`]);
  const path = cacheFolder("kernels", key, "tdro.cubin");
  if (await exists(path)) return await Deno.readFile(path);
  const code = compiled(installation, generation);
  await writeWhole(path, code);
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
  const checked = (error: number): number => {
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

/** NVIDIA's run-time compiler. */
type Compiler = Deno.DynamicLibrary<typeof COMPILER>["symbols"];

/** A program that it was given. */
type Program = Deno.PointerValue;

function compiled(
  { folder }: Installation,
  generation: Generation,
): Uint8Array<ArrayBuffer> {
  const { symbols: compiler } = Deno.dlopen(
    join(folder, "nvidia", "cuda_nvrtc", "lib", "libnvrtc.so.12"),
    COMPILER,
  );
  // Compiled code runs on its generation's family; for a later family the driver
  // compiles from what the latest known one has in common with it.
  const nearest = Math.max(
    ...knownGenerations(compiler).filter((one) => one <= generation),
  );
  const final = Math.floor(nearest / 10) === Math.floor(generation / 10);
  const program = createProgram(compiler);
  const options = [
    `--gpu-architecture=${final ? "sm" : "compute"}_${nearest}`,
    "--std=c++17",
  ].map(textOf);
  const status = compiler.nvrtcCompileProgram(
    program,
    options.length,
    addressesOf(options),
  );
  const log = bytesOf(
    program,
    compiler.nvrtcGetProgramLogSize,
    compiler.nvrtcGetProgramLog,
  );
  checkStatus(status, new TextDecoder().decode(log));
  return final
    ? bytesOf(program, compiler.nvrtcGetCUBINSize, compiler.nvrtcGetCUBIN)
    : bytesOf(program, compiler.nvrtcGetPTXSize, compiler.nvrtcGetPTX);
}

/** The generations that the compiler knows. */
function knownGenerations(compiler: Compiler): Int32Array {
  const count = new Int32Array(1);
  checkStatus(compiler.nvrtcGetNumSupportedArchs(count));
  const known = new Int32Array(count[0]!);
  checkStatus(compiler.nvrtcGetSupportedArchs(known));
  return known;
}

/** All kernels as one program, which the compiler has copied. */
function createProgram(compiler: Compiler): Program {
  const files = Object.entries(CUDA_FILES)
    .filter(([name]) => name.endsWith(".h") || name.endsWith(".cu"));
  const names = files.map(([name]) => textOf(name));
  const contents = files.map(([, content]) => textOf(content));
  const source = files.filter(([name]) => name.endsWith(".cu"))
    .map(([name]) => `#include "${name}"\n`).join("");
  const place = new BigUint64Array(1);
  checkStatus(compiler.nvrtcCreateProgram(
    place,
    textOf(source),
    textOf("tdro.cu"),
    files.length,
    addressesOf(contents),
    addressesOf(names),
  ));
  return Deno.UnsafePointer.create(place[0]!);
}

type OfProgram = (
  program: Program,
  bytes: Uint8Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
) => number;

/** What the compiler gives in two calls: how long it is, and it. */
function bytesOf(
  program: Program,
  size: OfProgram,
  get: OfProgram,
): Uint8Array<ArrayBuffer> {
  const length = new BigUint64Array(1);
  checkStatus(size(program, length));
  const bytes = new Uint8Array(Number(length[0]));
  checkStatus(get(program, bytes));
  return bytes;
}

/** As C has texts. */
function textOf(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${value}\0`);
}

/** Texts by the list of their addresses: as long as that is there, they are. */
const HELD = new WeakMap<object, unknown>();

/** Where texts lie. */
function addressesOf(
  texts: readonly Uint8Array<ArrayBuffer>[],
): BigUint64Array<ArrayBuffer> {
  const addresses = BigUint64Array.from(
    texts,
    (text) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text)),
  );
  HELD.set(addresses, texts);
  return addresses;
}

function checkStatus(status: number, log = ""): void {
  if (!status) return;
  const line = log.split("\n").find((l) => l.includes("error"));
  throw new RangeError(
    `Cannot compile the CUDA kernels: ${line ?? `NVRTC's error ${status}`}`,
  );
}
