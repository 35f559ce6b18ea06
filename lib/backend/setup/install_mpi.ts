import { join } from "node:path";
import { exists } from "../../base/files/exists.ts";
import { removeLeftoversOf } from "../../base/files/leftovers.ts";
import {
  MPICH_VERSION,
  mpiFolder,
  mpiLauncher,
  mpiLibrary,
} from "../../base/files/mpi_folder.ts";
import { partialFolder } from "../../base/files/partial_folder.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { PinnedWheel } from "./pinned_wheels.ts";
import { findPython } from "./python.ts";
import type { RunProgram } from "./run_program.ts";
import { unpackWheel } from "./unpack_wheel.ts";
import { waitForTurn } from "./wait_for_turn.ts";
import { fetchWheel, forgetWheel } from "./wheel.ts";

/** What is installed, and with whose help; tests put small things in their place. */
export interface MpiParts {
  /** The wheel that holds it. */
  wheel: PinnedWheel;
  /** Runs Python. */
  run: RunProgram;
}

/** Where the files lie in the wheel. */
const INSIDE = `mpich-${MPICH_VERSION}.data/data/`;

/** What of them is needed: the library with what it loads, and the launchers. */
const MEMBERS = ["lib/", "bin/mpiexec", "bin/hydra_"];

/** Installs what `setupMpi()` says, in the cache folder. */
export async function* installMpi(
  { wheel, run }: MpiParts,
  { force = false }: { force?: boolean } = {},
): AsyncGenerator<ProgressEvent, string> {
  const event = (
    done: number,
    label: string,
    note?: string,
  ): ProgressEvent => ({ stage: "mpi", label, done, total: 2, note });
  const folder = mpiFolder();
  await using _turn = yield* waitForTurn("mpi");
  // Also of a set-up that was killed when all was in place already.
  await removeLeftoversOf(folder);
  if (!force && await exists(folder)) {
    await forgetWheel(wheel);
    yield event(2, `MPICH ${MPICH_VERSION} is there already`, folder);
    return folder;
  }
  const python = await findPython(run);
  yield event(0, `downloading MPICH ${MPICH_VERSION} (13 MB)`);
  const downloaded = await fetchWheel(python, wheel);
  yield event(1, "unpacking it");
  await using partial = await partialFolder(folder);
  const { path } = partial;
  const prefixes = MEMBERS.map((member) => `${INSIDE}${member}`);
  await unpackWheel(python, downloaded, { folder: path, prefixes });
  const inside = join(path, INSIDE);
  for (const { name } of [...Deno.readDirSync(inside)]) {
    await Deno.rename(join(inside, name), join(path, name));
  }
  await Deno.remove(join(path, INSIDE.split("/")[0]!), { recursive: true });
  for (const file of [mpiLibrary(path), mpiLauncher(path)]) {
    if (await exists(file)) continue;
    throw new RangeError(
      `Cannot set up: the wheel of ${wheel.requirement} lacks ${
        file.slice(path.length + 1)
      }; run setup again`,
    );
  }
  // A zip's members come without the right to be run.
  for (const { name } of Deno.readDirSync(join(path, "bin"))) {
    await Deno.chmod(join(path, "bin", name), 0o755);
  }
  await partial.finish({ replace: true });
  await forgetWheel(wheel);
  yield event(2, `MPICH ${MPICH_VERSION} is ready`, folder);
  return folder;
}
