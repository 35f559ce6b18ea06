import { existsSync } from "node:fs";
import { mpiLauncher } from "../../lib/base/files/mpi_folder.ts";
import { ROOT } from "../_paths.ts";

/** Whether workers can be started here; `TDRO_REQUIRE_MPI=1` insists on it. */
export const hasMpi = existsSync(mpiLauncher());

if (!hasMpi && Deno.env.get("TDRO_REQUIRE_MPI")) {
  throw new Error("TDRO_REQUIRE_MPI is set, but tdro setup --mpi was not run");
}

/** What a program's processes printed. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** Runs a test program of this folder in so many processes. */
export async function mpiexec(
  count: number,
  program: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(mpiLauncher(), {
    args: [
      ["-n", `${count}`, Deno.execPath(), "run", "--no-check", "--allow-all"],
      ["--config", `${ROOT}deno.json`, `${ROOT}tests/workers/${program}`],
      args,
    ].flat(),
    env: { UCX_TLS: "self,posix,sysv,cma", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}
