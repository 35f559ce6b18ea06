import { shellWord } from "../../../base/shell_word.ts";
import {
  type ArrayWork,
  ranges,
  shellLine,
  type Wrapper,
} from "./array_work.ts";
import type { WrapperOptions } from "./wrapper_options.ts";

/** Seconds that a job has to save a checkpoint before Slurm stops it. */
const NOTICE = 120;

/** An array of Slurm for each group of jobs, each after the one before. */
export function slurmWrapper(
  work: ArrayWork,
  options: WrapperOptions,
): Wrapper {
  return {
    files: [
      { name: "job.sbatch", text: job(work, options) },
      { name: "submit.sh", text: submit(work, options), isProgram: true },
    ],
    start: `${shellWord(work.folder)}/submit.sh`,
    needs: ["the working folder must be the same on all nodes"],
  };
}

function job(
  work: ArrayWork,
  { cpus, gpus, memory, hours, tries, mpi }: WrapperOptions,
): string {
  const line = shellLine(work);
  return `#!/bin/bash
#SBATCH --job-name=${work.name}
#SBATCH --output=${work.folder}/logs/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --ntasks=${mpi}
#SBATCH --cpus-per-task=${cpus}
${gpus > 0 ? `#SBATCH --gres=gpu:${gpus}\n` : ""}${
    memory ? `#SBATCH --mem=${memory}G\n` : ""
  }#SBATCH --time=${hours}:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@${NOTICE}
# One job of an array; submit.sh submits it. ${NOTICE} seconds before its time is up it
# saves a checkpoint, and is queued again; so it is when it was killed.
INDEX=$SLURM_ARRAY_TASK_ID
stopped=
stop() {
  stopped=1
  kill -TERM "$child" 2>/dev/null
}
trap stop TERM
${mpi > 1 ? `srun --mpi=pmi2 ${line}` : line} &
child=$!
# A signal ends the first wait, not the work.
while wait "$child"; code=$?; kill -0 "$child" 2>/dev/null; do :; done
if [ "$code" != 0 ]; then
  # Exit code 2 tells of what another try won't mend.
  tries_left=$((${tries - 1} - \${SLURM_RESTART_COUNT:-0}))
  if [ -n "$stopped" ] || { [ "$code" != 2 ] && [ "$tries_left" -gt 0 ]; }; then
    scontrol requeue "$SLURM_JOB_ID"
  fi
fi
exit "$code"
`;
}

function submit(
  { name, cwd, folder, waves, last }: ArrayWork,
  { atOnce }: WrapperOptions,
): string {
  const file = `${shellWord(folder)}/job.sbatch`;
  const arrays = waves.map((wave, i) => {
    const after = i === 0 ? "" : ` --dependency=afterany:"$job"`;
    return `job=$(sbatch --parsable --array=${
      ranges(wave)
    }%${atOnce}${after} ${file})
jobs=$jobs:$job
echo "array $job: ${wave.length} jobs"
`;
  });
  const collect = last === undefined
    ? ""
    : `job=$(sbatch --parsable --job-name=${name}-last --dependency=afterok"$jobs" \\
  --kill-on-invalid-dep=yes --output=${
      shellWord(`${folder}/logs/last.log`)
    } --wrap ${shellWord(last)})
echo "job $job, when all went well: ${last.replaceAll(/["$`\\]/g, "\\$&")}"
`;
  return `#!/bin/bash
# Submits all jobs to Slurm. To be run again for what failed: what is done is left alone.
set -euo pipefail
cd ${shellWord(cwd)}
mkdir -p ${shellWord(`${folder}/logs`)}
jobs=
${arrays.join("")}${collect}`;
}
