import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { describeIssue } from "../../base/describe_issue.ts";
import { exists } from "../../base/files/exists.ts";
import { readText } from "../../base/files/read_text.ts";
import { readSealed, writeSealed } from "../../base/files/sealed_json.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { jsonValue } from "../../base/json_value.ts";
import type { ArenaIdentity } from "../arena/folder.ts";
import { versions } from "../versions.ts";

/** Name of the plan's record. */
export const PLAN_RECORD = "plan.json";

/** Name of the file with a line for each job. */
const JOBS = "jobs.jsonl";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const jobSchema = z.strictObject({
  index: z.int().min(0),
  job: z.enum(["arm", "untrained"]),
  strategy: z.string().optional(),
  formula: z.string().optional(),
  seed: z.int().min(0),
  needs: z.array(z.int().min(0)),
  sha256: hash,
});

/**
 * A job: one arm with one seed, or what is measured of a seed without training. A
 * line of `jobs.jsonl`.
 */
export interface Job {
  /** Number of its line, from 0. */
  index: number;
  /** What it is. */
  job: "arm" | "untrained";
  /** Name of an arm's strategy. */
  strategy?: string | undefined;
  /** The strategy's formula, as it was when the plan was made. */
  formula?: string | undefined;
  /** The seed. */
  seed: number;
  /** Jobs that must be done before: the uniform arm, for one compared with it. */
  needs: number[];
  /** Over all that decides the result: data, settings, versions and the rest of the line. */
  sha256: string;
}

const headSchema = z.looseObject({
  format: z.string(),
  kind: z.string(),
  versions: z.looseObject({ tdro: z.string() }),
});

const planSchema = z.strictObject({
  format: z.literal("tdro-plan/1"),
  kind: z.literal("arena"),
  versions: z.record(z.string(), z.string()),
  suite: z.strictObject({
    folder: z.string().optional(),
    tasks: z.array(z.strictObject({ name: z.string(), sha256: hash })),
  }),
  models: z.record(z.string(), hash),
  identity: z.looseObject({
    settings: z.record(z.string(), z.unknown()),
    suite: z.strictObject({
      name: z.string(),
      tasks: z.array(z.string()),
      sha256: hash,
    }),
    backend: z.strictObject({ name: z.string(), device: z.string() }),
  }),
  strategies: z.array(z.string()).min(1),
  seeds: z.array(z.int().min(0)).min(1),
  jobs: z.strictObject({ count: z.int().min(1), sha256: hash }),
});

/** The content of `plan.json`. */
export interface JobPlanRecord {
  /** Form of this record. */
  format: "tdro-plan/1";
  /** What the jobs make together. */
  kind: "arena";
  /** Versions of what made the plan. */
  versions: Record<string, string>;
  /** Where the suite was, and a hash of each task. */
  suite: {
    folder?: string | undefined;
    tasks: { name: string; sha256: string }[];
  };
  /** SHA-256 of the models that are read, by setting. */
  models: Record<string, string>;
  /** What the arms have in common. */
  identity: ArenaIdentity;
  /** Names of the strategies, uniform first. */
  strategies: string[];
  /** The seeds. */
  seeds: number[];
  /** How many jobs there are, and the SHA-256 of `jobs.jsonl`. */
  jobs: { count: number; sha256: string };
}

/** A plan: its record, and its jobs. */
export interface JobPlan extends JobPlanRecord {
  /** Its folder. */
  folder: string;
  /** The jobs, in the order of their lines. */
  lines: Job[];
}

/** Adds to a job the hash over it and all that it shares with the others. */
export function sealJob(
  job: Omit<Job, "sha256">,
  { versions: { tdro }, models, identity }: Pick<
    JobPlanRecord,
    "versions" | "models" | "identity"
  >,
): Job {
  const { index: _, needs: __, ...own } = job;
  const { settings, suite, mined, pool } = identity;
  const all = { own, tdro, models, settings, data: suite.sha256, mined, pool };
  return { ...job, sha256: sha256Of(JSON.stringify(all)) };
}

/** Writes a plan: its record last, so that it stands for the whole. */
export async function writeJobPlan(
  folder: string,
  { lines, ...record }:
    & Omit<JobPlanRecord, "format" | "jobs">
    & { lines: readonly Job[] },
): Promise<JobPlan> {
  const text = joined(lines.map((job) => JSON.stringify(job)));
  const whole: JobPlanRecord = {
    format: "tdro-plan/1",
    ...record,
    jobs: { count: lines.length, sha256: sha256Of(text) },
  };
  await writeWhole(join(folder, JOBS), text);
  await writeSealed(join(folder, PLAN_RECORD), whole, 2);
  return { ...whole, folder, lines: [...lines] };
}

/**
 * Reads a plan.
 *
 * @param folder Its folder.
 * @returns The plan; `undefined` if the folder has none.
 * @throws {RangeError} If another version made it.
 * @throws {SyntaxError} If it is damaged.
 */
export async function readJobPlanIfThere(
  folder: string,
): Promise<JobPlan | undefined> {
  const path = join(folder, PLAN_RECORD);
  if (!await exists(path)) return;
  const mend = "make the plan anew in another folder";
  const head = await readSealed(path, { schema: headSchema, mend });
  refuseForeign(folder, head!);
  const record = await readSealed(path, { schema: planSchema, mend });
  const text = await readText(
    join(folder, JOBS),
    `Cannot read the plan ${folder}: it has no ${JOBS}; ${mend}`,
  );
  const { count, sha256 } = record!.jobs;
  // More of them are of an extension that was broken off.
  const own = text.split("\n").slice(0, count);
  if (sha256Of(joined(own)) !== sha256) {
    throw new SyntaxError(
      `Cannot read the plan ${folder}: ${JOBS} isn't the file that was written with ${PLAN_RECORD}; ${mend}`,
    );
  }
  const lines = own.map((line, i) => {
    const { data, error } = jobSchema.safeParse(jsonValue(line));
    if (data) return data;
    throw new SyntaxError(
      `${join(folder, JOBS)}:${i + 1}: Cannot use the line: ${
        describeIssue(error.issues[0]!, line)
      }; ${mend}`,
    );
  });
  return { ...record as unknown as JobPlanRecord, folder, lines };
}

/**
 * Reads a plan.
 *
 * @param folder Its folder, with `plan.json`.
 * @returns The plan, with its jobs in `lines`.
 * @throws {Deno.errors.NotFound} If there is none.
 * @throws {RangeError} If another version made it.
 * @throws {SyntaxError} If it is damaged.
 */
export async function readJobPlan(folder: string): Promise<JobPlan> {
  const plan = await readJobPlanIfThere(folder);
  if (plan) return plan;
  throw new Deno.errors.NotFound(
    `Cannot read the plan ${folder}: it has no ${PLAN_RECORD}; name a folder that tdro arena plan made`,
  );
}

/** Refuses a record that isn't a plan, or that another version made. */
function refuseForeign(
  folder: string,
  { format, kind, versions: made }: z.infer<typeof headSchema>,
): void {
  if (!/^tdro-plan\/\d+$/.test(format)) {
    throw new RangeError(
      `Cannot read the plan ${folder}: format must be "tdro-plan/1": got ${
        JSON.stringify(format)
      }; name a folder that tdro arena plan made`,
    );
  }
  const { tdro } = made;
  const { tdro: own } = versions();
  if (format === "tdro-plan/1" && kind === "arena" && tdro === own) return;
  throw new RangeError(
    `Cannot go on with the plan ${folder}: version ${tdro} of tdro made it, and this is ${own}: their arms may differ; use that version, or make a new plan`,
  );
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
