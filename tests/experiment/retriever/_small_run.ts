import { join } from "node:path";
import { useBackend } from "../../../lib/backend/mod.ts";
import { writeSuite } from "../../../lib/data/mod.ts";
import { suiteHash } from "../../../lib/experiment/run_folder.ts";
import { disposeEncoder, saveEncoder } from "../../../lib/model/mod.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { toySuite } from "../../_toy_suite.ts";

/** How the run below encodes texts. */
export const ENCODING = { queryLength: 12, passageLength: 16 };

/**
 * Writes a run of the toy suite with two arms and a start, all of them small encoders,
 * and the suite beside it.
 *
 * @param folder Gets the folders `run`, `suite` and `base`.
 * @param change Fields of the run's record.
 */
export async function writeRun(
  folder: string,
  change: Record<string, unknown> = {},
): Promise<void> {
  const suite = toySuite();
  await writeSuite(suite, join(folder, "suite"));
  await useBackend("cpu");
  const base = smallEncoder();
  const arm = smallEncoder("cls");
  await saveEncoder(base, join(folder, "base"));
  await saveEncoder(arm, join(folder, "run/models/uniform"));
  await saveEncoder(base, join(folder, "run/models/top"));
  disposeEncoder(base);
  disposeEncoder(arm);
  const record = {
    format: "tdro-run/1",
    status: "finished",
    options: {
      model: join(folder, "base"),
      topPercent: 40,
      prompts: "task",
      ...ENCODING,
    },
    suite: {
      name: "toy",
      tasks: suite.tasks.map(({ name }) => name),
      sha256: await suiteHash(suite),
    },
    ...change,
  };
  await Deno.writeTextFile(
    join(folder, "run/run.json"),
    JSON.stringify(record),
  );
}
