import { existsSync } from "node:fs";
import { mpiLibrary } from "../../base/files/mpi_folder.ts";
import { env } from "../../base/permissions.ts";

/** Functions of MPI's standard ABI (MPI 5.0, chapter 20); handles are `usize`. */
const SYMBOLS = {
  MPI_Abi_get_version: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Get_library_version: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Init_thread: {
    parameters: ["pointer", "pointer", "i32", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  MPI_Comm_set_errhandler: { parameters: ["usize", "usize"], result: "i32" },
  MPI_Comm_rank: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Comm_size: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Error_string: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  MPI_Abort: { parameters: ["usize", "i32"], result: "i32" },
  MPI_Test: { parameters: ["buffer", "buffer", "pointer"], result: "i32" },
  MPI_Wait: {
    parameters: ["buffer", "pointer"],
    result: "i32",
    nonblocking: true,
  },
  MPI_Ibcast: {
    parameters: ["buffer", "i32", "usize", "i32", "usize", "buffer"],
    result: "i32",
  },
  MPI_Ialltoall: {
    parameters: [
      "buffer",
      "i32",
      "usize",
      "buffer",
      "i32",
      "usize",
      "usize",
      "buffer",
    ],
    result: "i32",
  },
  MPI_Iallgather: {
    parameters: [
      "buffer",
      "i32",
      "usize",
      "buffer",
      "i32",
      "usize",
      "usize",
      "buffer",
    ],
    result: "i32",
  },
  MPI_Iallgatherv: {
    parameters: [
      "buffer",
      "i32",
      "usize",
      "buffer",
      "buffer",
      "buffer",
      "usize",
      "usize",
      "buffer",
    ],
    result: "i32",
  },
  MPI_Ibarrier: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Finalize: { parameters: [], result: "i32", nonblocking: true },
} as const;

/** Numbers of `mpi_abi.h`. */
export const MPI = {
  commWorld: 0x101n,
  byte: 0x247n,
  errorsReturn: 0x143n,
  threadSerialized: 2048,
  maxErrorString: 512,
  maxVersionString: 8192,
} as const;

/** The functions, as Deno calls them. */
export type MpiSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** A library that was opened. */
export interface MpiLibrary {
  /** Its functions. */
  symbols: MpiSymbols;
  /** Name and version, as it tells them. */
  version: string;
}

/** What a mend says in each message. */
const MEND =
  "run tdro setup --mpi, or name the library by TDRO_MPI (MPICH from 5.0 and Open MPI from 5.1 have one)";

/**
 * Opens an MPI library of the standard ABI: the one that `TDRO_MPI` names; else,
 * under a launcher of the system's, the system's; else the one that was set up.
 *
 * @param options Whether a launcher started this process that isn't ours.
 * @throws {RangeError} If there is none, or it lacks the standard ABI.
 */
export function openLibrary(
  { underSystem = false }: { underSystem?: boolean } = {},
): MpiLibrary {
  const named = env.get("TDRO_MPI") || undefined;
  const ours = mpiLibrary();
  const tried = named !== undefined
    ? [named]
    : underSystem
    ? [...SYSTEM, ours]
    : existsSync(ours)
    ? [ours]
    : SYSTEM;
  const problems: string[] = [];
  for (const path of tried) {
    try {
      return opened(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      problems.push(problemOf(error));
    }
  }
  throw new RangeError(
    named === undefined
      ? `Cannot start workers: no MPI library with the standard ABI was found (${
        problems.at(-1)
      }); ${MEND}`
      : `Cannot start workers: TDRO_MPI must name an MPI library with the standard ABI: got ${named} (${
        problems[0]
      }); ${MEND}`,
  );
}

/** Names under which a system's linker finds one. */
const SYSTEM = Deno.build.os === "darwin"
  ? ["libmpi_abi.1.dylib", "libmpi_abi.0.dylib"]
  : ["libmpi_abi.so.1", "libmpi_abi.so.0"];

function opened(path: string): MpiLibrary {
  // Stays open: MPI can't be started twice in a process.
  const { symbols } = Deno.dlopen(path, SYMBOLS);
  const [major, minor] = [new Int32Array(1), new Int32Array(1)];
  symbols.MPI_Abi_get_version(major, minor);
  if (major[0] !== 1) {
    throw new RangeError(`its ABI is version ${major[0]}.${minor[0]}, not 1`);
  }
  const text = new Uint8Array(MPI.maxVersionString);
  const length = new Int32Array(1);
  symbols.MPI_Get_library_version(text, length);
  const said = new TextDecoder().decode(text.subarray(0, length[0]));
  return { symbols, version: versionIn(said) };
}

/** `MPICH Version:⇥5.0.2⏎…` → `MPICH 5.0.2`. */
function versionIn(said: string): string {
  const first = said.replaceAll("\0", "").split(/[\n,]/)[0]!;
  return first.replace(/\s*Version:?\s*/i, " ").trim().slice(0, 60) || "MPI";
}

/** What Deno says of a library that it couldn't open, in a few words. */
function problemOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^Could not open library: /, "").split("\n")[0]!
    .slice(0, 200);
}
