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

/** Jobs that are one command line, but for a number. */
export interface ArrayWork {
  /** Its name: lower-case letters, digits and hyphens. */
  name: string;
  /** Folder in which the line works, as the machines know it. */
  cwd: string;
  /** The line: `{index}` is a job's number from 0, `{shard}` as in `1/8`. */
  line: string;
  /** How many jobs there are. */
  count: number;
  /** Their numbers, in groups: each needs nothing but those before it. */
  waves: readonly (readonly number[])[];
  /** A line for when all are done. */
  last?: string | undefined;
  /** Folder of the wrapper, relative to `cwd`. */
  folder: string;
}

/** A file that hands the jobs to a scheduler. */
export interface WrapperFile {
  /** Its name. */
  name: string;
  /** Its content. */
  text: string;
  /** Whether it is a program. @default {false} */
  isProgram?: boolean;
}

/** What a wrapper is. */
export interface Wrapper {
  /** Its files. */
  files: WrapperFile[];
  /** The line that starts everything, from `cwd`. */
  start: string;
  /** What must be there, a sentence each. */
  needs: string[];
}

/** The line as a shell runs it, with the number in the variable `INDEX`. */
export function shellLine({ line, count }: ArrayWork): string {
  return line.replaceAll("{index}", "${INDEX}")
    .replaceAll("{shard}", `$((INDEX + 1))/${count}`);
}

/** Numbers as schedulers take them: `0-3,7`. */
export function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && n === last[1] + 1) last[1] = n;
    else parts.push([n, n]);
  }
  return parts.map(([a, b]) => a === b ? `${a}` : `${a}-${b}`).join(",");
}

/** How YAML is written: as people do, without anchors or broken lines. */
export const YAML = { aliasDuplicateObjects: false, lineWidth: 0 } as const;
