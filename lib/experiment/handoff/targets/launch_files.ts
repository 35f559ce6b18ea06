import type { ProjectFile } from "../project.ts";

/**
 * Files that start a script of the project on one machine by torchrun, on one or
 * several by accelerate, and on several by Slurm.
 *
 * @param script The script that is started if none is named.
 */
export function launchFiles(script: string): ProjectFile[] {
  return [
    { path: "launch/torchrun.sh", text: torchrun(script), isProgram: true },
    { path: "launch/accelerate.sh", text: accelerate(script), isProgram: true },
    { path: "launch/accelerate.yaml", text: ACCELERATE },
    { path: "launch/slurm.sbatch", text: slurm(script) },
  ];
}

const torchrun = (script: string) =>
  `#!/usr/bin/env bash
# One machine: launch/torchrun.sh PROCESSES [SCRIPT] [OPTIONS]
set -euo pipefail
cd "$(dirname "$0")/.."
processes=\${1:?how many processes: one for each GPU}
shift
[ $# -gt 0 ] || set -- ${script}
exec torchrun --standalone --nproc-per-node "$processes" "$@"
`;

const accelerate = (script: string) =>
  `#!/usr/bin/env bash
# As launch/accelerate.yaml says: launch/accelerate.sh [SCRIPT] [OPTIONS]
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ${script}
exec accelerate launch --config_file launch/accelerate.yaml "$@"
`;

const ACCELERATE =
  `# Set num_machines, num_processes (of all machines together) and, for
# several machines, machine_rank and main_process_ip on each of them.
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
num_machines: 1
num_processes: 8
machine_rank: 0
main_process_ip: null
main_process_port: 29500
mixed_precision: "no" # the script decides
rdzv_backend: static
same_network: true
use_cpu: false
`;

const slurm = (script: string) =>
  `#!/usr/bin/env bash
# sbatch launch/slurm.sbatch [SCRIPT] [OPTIONS], from the project's folder.
${SLURM}
[ $# -gt 0 ] || set -- ${script}
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
exec srun torchrun \\
  --nnodes "$SLURM_NNODES" --nproc-per-node "\${SLURM_GPUS_ON_NODE:-1}" \\
  --rdzv-backend c10d --rdzv-id "$SLURM_JOB_ID" --rdzv-endpoint "$first:29500" \\
  "$@"
`;

/** What both Slurm files begin with. */
const SLURM = `#SBATCH --job-name=tdro
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --output=slurm-%j.log
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"`;

/**
 * A Slurm file for a script that calls torchrun itself, for as many processes and
 * machines as NPROC, NNODES and RDZV say.
 *
 * @param script The script, with its arguments.
 */
export function slurmFile(script: string): ProjectFile {
  return {
    path: "launch/slurm.sbatch",
    text: `#!/usr/bin/env bash
# sbatch launch/slurm.sbatch [OPTIONS], from the project's folder.
${SLURM}
export NNODES=$SLURM_NNODES NPROC=\${SLURM_GPUS_ON_NODE:-1}
RDZV=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1):29500
export RDZV
exec srun ./${script} "$@"
`,
  };
}
