import { z } from "zod";

/** What a scheduler is to give each job, and how many at once. */
export interface WrapperOptions {
  /** Jobs that run at the same time. */
  atOnce: number;
  /** Processor cores of a job. */
  cpus: number;
  /** GPUs of a job. */
  gpus: number;
  /** Memory of a job in GiB; absent: what the scheduler gives by default. */
  memory?: number | undefined;
  /** Hours after which a scheduler stops a job, which then goes on in another turn. */
  hours: number;
  /** How often a job is tried that fails. */
  tries: number;
  /** Container image with tdro. */
  image?: string | undefined;
  /** Volume that all machines share, by its name. */
  volume: string;
  /** Processes of each job, started by MPI; 1: no MPI. */
  mpi: number;
}

/** Shape of their schema, for the command line. */
export const wrapperShape = {
  atOnce: z.number().int().min(1).default(4).describe(
    "Jobs that run at the same time",
  ),
  cpus: z.number().int().min(1).default(4).describe(
    "Processor cores of each job",
  ),
  gpus: z.number().int().min(0).default(0).describe("GPUs of each job"),
  memory: z.number().int().min(1).optional().meta({ placeholder: "GIB" })
    .describe(
      "Memory of each job in GiB; default: what the scheduler gives",
    ),
  hours: z.number().int().min(1).default(24).describe(
    "Hours after which Slurm stops a job, which saves a checkpoint and is queued again",
  ),
  tries: z.number().int().min(1).default(3).describe(
    "How often a failing job is tried",
  ),
  image: z.string().min(1).optional().meta({ placeholder: "IMAGE" }).describe(
    "Container image in which tdro is installed; needed for Kubernetes",
  ),
  volume: z.string().regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "must be lower-case letters, digits and hyphens",
  ).default("tdro").describe(
    "Volume that the machines share: a Kubernetes claim, or a SkyPilot volume; it is mounted as the working folder",
  ),
  mpi: z.number().int().min(1).default(1).describe(
    "Processes of each job, started by MPI (Slurm, Kubernetes)",
  ),
};

/** Their schema, the one place for defaults. */
export const wrapperOptions: z.ZodType<WrapperOptions> = z.strictObject(
  wrapperShape,
);
