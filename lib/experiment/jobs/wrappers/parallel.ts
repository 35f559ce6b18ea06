import { shellWord } from "../../../base/shell_word.ts";
import { type ArrayWork, shellLine, type Wrapper } from "./array_work.ts";
import type { WrapperOptions } from "./wrapper_options.ts";

/** GNU parallel on this machine. */
export function parallelWrapper(
  work: ArrayWork,
  options: WrapperOptions,
): Wrapper {
  return {
    files: [
      { name: "job.sh", text: job(work), isProgram: true },
      { name: "run.sh", text: run(work, options), isProgram: true },
    ],
    start: `${shellWord(work.folder)}/run.sh`,
    needs: ["GNU parallel must be installed"],
  };
}

function job(work: ArrayWork): string {
  return `#!/bin/bash
# One job: job.sh INDEX
cd ${shellWord(work.cwd)} || exit
INDEX=$1
exec ${shellLine(work)}
`;
}

function run(
  { cwd, folder, waves, last }: ArrayWork,
  { atOnce, tries }: WrapperOptions,
): string {
  const at = shellWord(folder);
  const groups = waves.map((wave) =>
    `printf '%s\\n' ${
      wave.join(" ")
    } | parallel --will-cite --jobs ${atOnce} --retries ${tries} \\
  --joblog +${at}/jobs.log --tag ${at}/job.sh {} || failed=1
`
  );
  return `#!/bin/bash
# Does all jobs on this machine, ${atOnce} at once. To be run again for what failed: what
# is done is left alone.
set -uo pipefail
cd ${shellWord(cwd)} || exit
failed=
${groups.join("")}[ -z "$failed" ] || { echo "some jobs failed: ${
    folder.replaceAll(/["$`\\]/g, "\\$&")
  }/jobs.log" >&2; exit 1; }
${last ?? ""}
`.trimEnd() + "\n";
}
