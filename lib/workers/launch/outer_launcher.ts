import { env } from "../../base/permissions.ts";
import { WORKER_PARENT } from "../../base/worker_parent.ts";

/** A launcher that started this process together with others. */
export interface OuterLauncher {
  /** Number of this process, from 0. */
  rank: number;
  /** How many processes it started. */
  size: number;
  /** Whether `tdro --workers` started it, on this machine. */
  ours: boolean;
}

/** Variables of rank and size: Hydra and gforker, Open MPI, Slurm with PMIx or PMI. */
const VARIABLES = [
  ["PMI_RANK", "PMI_SIZE"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
  ["PMIX_RANK", "SLURM_NTASKS"],
] as const;

/**
 * The launcher that started this process with others, if one did. A process that
 * was started alone has none: a batch job of one task is no worker.
 */
export function outerLauncher(): OuterLauncher | undefined {
  for (const [rankName, sizeName] of VARIABLES) {
    const [rank, size] = [env.get(rankName), env.get(sizeName)].map(Number) as [
      number,
      number,
    ];
    if (Number.isInteger(rank) && Number.isInteger(size) && size > 1) {
      return { rank, size, ours: env.get(WORKER_PARENT) !== undefined };
    }
  }
}
