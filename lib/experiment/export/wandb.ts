import { join } from "node:path";
import { writeWhole } from "../../base/files/write_whole.ts";
import type { Tracked, TrackedRun } from "./tracked_run.ts";

/**
 * What hands the files to W&B's own client: its file format is private, and the
 * client alone writes it.
 */
export const UPLOAD = `import json, sys, wandb

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as lines:
        with wandb.init(**json.loads(next(lines))) as run:
            for line in map(json.loads, lines):
                run.log(line["values"], step=line["step"])
`;

/**
 * Writes a file of JSON lines for each stage or arm, and the script that gives them
 * to W&B's client.
 *
 * @param out Folder; a folder of the run's name is made in it.
 * @param tracked What to write.
 * @returns The files.
 */
export async function writeWandb(
  out: string,
  tracked: Tracked,
): Promise<string[]> {
  const files = [join(out, "upload.py")];
  await writeWhole(files[0]!, UPLOAD);
  for (const run of tracked.runs) {
    const file = join(out, tracked.name, `${run.name}.jsonl`);
    await writeWhole(file, jsonLines(tracked, run));
    files.push(file);
  }
  return files;
}

function jsonLines(
  { name, suite, settings, tags }: Tracked,
  run: TrackedRun,
): string {
  // The arguments of wandb.init(); a run that is there already goes on.
  const head = {
    project: "tdro",
    group: suite,
    name: `${name}/${run.name}`,
    id: run.id,
    resume: "allow",
    config: { ...settings, ...tags },
  };
  const steps = Map.groupBy(run.scalars, ({ step }) => step);
  const lines = [...steps].map(([step, scalars]) => ({
    step,
    values: Object.fromEntries(scalars.map((s) => [s.name, s.value])),
  }));
  return [head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}
