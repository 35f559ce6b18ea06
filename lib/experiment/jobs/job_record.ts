import { join } from "node:path";
import { z } from "zod";
import { hostName } from "../../base/host_name.ts";
import { readSealed, writeSealed } from "../../base/files/sealed_json.ts";
import { versions } from "../versions.ts";
import type { Job } from "./job_plan.ts";

/** Name of the record in a job's folder. */
export const JOB_RECORD = "job.json";

/** What did a job, beside its results. */
export interface JobRecord {
  /** Form of this record. */
  format: "tdro-job/1";
  /** The job's line in the plan, by its hash. */
  job: string;
  /** Training rows of each task. */
  sizes: number[];
  /** The machine's name. */
  host: string;
  /** Versions of what computed it. */
  versions: Record<string, string>;
}

const schema: z.ZodType<JobRecord> = z.object({
  format: z.literal("tdro-job/1"),
  job: z.string(),
  sizes: z.array(z.int().min(0)),
  host: z.string(),
  versions: z.record(z.string(), z.string()),
});

/** Writes what did a job into its folder. */
export async function writeJobRecord(
  folder: string,
  { sha256, sizes }: Pick<Job, "sha256"> & { sizes: number[] },
): Promise<void> {
  const record: JobRecord = {
    format: "tdro-job/1",
    job: sha256,
    sizes,
    host: hostName(),
    versions: versions(),
  };
  await writeSealed(join(folder, JOB_RECORD), record);
}

/**
 * What did a finished job.
 *
 * @param folder The job's folder.
 * @param job Its line in the plan.
 * @throws {RangeError} If the folder isn't that job's.
 */
export async function readJobRecord(
  folder: string,
  { sha256 }: Pick<Job, "sha256">,
): Promise<JobRecord> {
  const path = join(folder, JOB_RECORD);
  const mend = `remove ${folder} to have the job done anew`;
  const record = await readSealed(path, { schema, mend });
  if (record?.job === sha256) return record;
  throw new RangeError(
    record
      ? `Cannot use ${folder}: it was made for another job; ${mend}`
      : `Cannot use ${folder}: it has no ${JOB_RECORD}; ${mend}`,
  );
}
