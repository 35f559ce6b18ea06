/** What the study compares, and its records. The plan is in README.md. */
import { z } from "zod";

/** The arm that all others are compared with. */
export const BASELINE = "uniform";

/** Arms whose difference to the baseline is a primary outcome. */
export const PRIMARY = [
  "tdro",
  "tdro-ratio-of-means",
  "tdro-top-70",
  "tdro-ratio-of-means-top-70",
] as const;

/** Arms that are told of beside them. */
export const OTHERS = [
  "temperature-2",
  "uniform-soup-3",
  "odm",
  "tdro-permuted",
  "random-70",
] as const;

/** Comparisons that tell whether it matters which tasks are meant. */
export const CONTROLS = [
  ["tdro", "tdro-permuted"],
  ["tdro-top-70", "random-70"],
  ["tdro-ratio-of-means-top-70", "random-70"],
] as const;

/** How much lower a mean may be without counting as inferior. */
export const MARGIN = 0.005;

/** Seeds that must be finished before anything is said of differences. */
export const FEWEST_SEEDS = 5;

/** Seeds that another arm must have to be told of. */
export const FEWEST_OF_OTHERS = 3;

/** Tasks that count as the worst. */
export const WORST = 5;

const weights = z.array(z.number().min(0)).min(2);

const armSchema = z.strictObject({
  format: z.literal("tdro-study-arm/1"),
  seed: z.int().min(0),
  strategy: z.string(),
  formula: z.string(),
  weights,
  /** Band of each task's weight by chance alone, where weights were learned. */
  bands: z.array(z.tuple([z.number(), z.number()])).optional(),
  dataUsed: z.number(),
  rowsSeen: z.number(),
  seconds: z.strictObject({
    learn: z.number(),
    train: z.number(),
    evaluate: z.number(),
  }),
  tasks: z.array(z.strictObject({
    task: z.string(),
    /** nDCG@10 of each query of the pool, in its order, to four decimals. */
    ndcg: z.array(z.number().min(0).max(1)).min(1),
  })),
});

/** A finished arm with one seed, as `arms/` holds it. */
export type StudyArm = z.infer<typeof armSchema>;

/** Languages of each task, by name; from `tasks.json`. */
export type StudyTasks = Record<string, string[]>;

/** The folder of arms beside this file. */
export const ARMS: URL = new URL("arms/", import.meta.url);

/**
 * Reads the finished arms.
 *
 * @param folder Where they are.
 * @throws {RangeError} If one isn't such a record.
 */
export async function readArms(folder: URL = ARMS): Promise<StudyArm[]> {
  const arms: StudyArm[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".json")) continue;
    const text = await Deno.readTextFile(new URL(name, folder));
    const { data, error } = armSchema.safeParse(JSON.parse(text));
    if (!data) {
      throw new RangeError(
        `Cannot read the arm ${name}: ${z.prettifyError(error)}`,
      );
    }
    arms.push(data);
  }
  return arms.sort((a, b) =>
    a.seed - b.seed || (a.strategy < b.strategy ? -1 : 1)
  );
}

/** Reads the languages of the tasks. */
export async function readTasks(): Promise<StudyTasks> {
  const file = new URL("tasks.json", import.meta.url);
  return z.record(z.string(), z.array(z.string()).min(1))
    .parse(JSON.parse(await Deno.readTextFile(file)));
}
