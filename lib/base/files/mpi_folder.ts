import { join } from "node:path";
import { cacheFolder } from "./cache_folder.ts";

/** Version of MPICH that `tdro setup --mpi` installs. */
export const MPICH_VERSION = "5.0.2";

/** Where `tdro setup --mpi` puts MPI; the folder exists only when whole. */
export function mpiFolder(): string {
  const { os, arch } = Deno.build;
  return cacheFolder(`mpich-${MPICH_VERSION}-${os}-${arch}`);
}

/** The library in there, of MPI's standard ABI. */
export function mpiLibrary(folder = mpiFolder()): string {
  const name = Deno.build.os === "darwin"
    ? "libmpi_abi.1.dylib"
    : "libmpi_abi.so.1";
  return join(folder, "lib", name);
}

/** The program in there that starts processes on this machine, by fork alone. */
export function mpiLauncher(folder = mpiFolder()): string {
  return join(folder, "bin", "mpiexec.gforker");
}
