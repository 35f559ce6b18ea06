/**
 * The beginning of a script that calls torchrun for NPROC processes on each of NNODES
 * machines.
 *
 * @param about What it says of itself.
 * @param batch Queries per update, of all devices together.
 */
export function torchrunLines(about: string, batch: number | string): string {
  return `#!/usr/bin/env bash
${about}
# On several machines set NNODES, and RDZV to the first one's host:port.
set -euo pipefail
cd "$(dirname "$0")"
processes=\${NPROC:-8} machines=\${NNODES:-1}
devices=$((processes * machines))
batch=\${BATCH:-${batch}}
[ $((batch % devices)) -eq 0 ] || {
  echo "the batch of $batch queries must be a multiple of the $devices devices" >&2
  exit 2
}
run=(torchrun --nnodes "$machines" --nproc-per-node "$processes"
  --rdzv-backend c10d --rdzv-endpoint "\${RDZV:-localhost:29500}")
`;
}
