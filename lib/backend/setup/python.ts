import { env } from "../../base/permissions.ts";
import {
  lastLine,
  type ProgramResult,
  type RunProgram,
  runProgram,
  type RunProgramOptions,
} from "./run_program.ts";

/** Runs Python with arguments. */
export type Python = (
  args: readonly string[],
  options?: RunProgramOptions,
) => Promise<ProgramResult>;

/**
 * Finds a Python that has pip. `TDRO_PYTHON` names one.
 *
 * @param run Runs programs.
 * @throws {RangeError} If there is none; the message says what to install.
 */
export async function findPython(
  run: RunProgram = runProgram,
): Promise<Python> {
  const named = env.get("TDRO_PYTHON");
  const tried: string[] = [];
  for (const python of named ? [named] : ["python3", "python"]) {
    const found = await run(python, ["-m", "pip", "--version"]);
    if (found.ok) return (args, options) => run(python, args, options);
    tried.push(lastLine(found.text));
  }
  throw new RangeError(
    `Cannot set up: no Python with pip (${tried.join("; ")}); install ` +
      `python3 and pip (Debian: apt-get install python3-pip), or name one by TDRO_PYTHON`,
  );
}
