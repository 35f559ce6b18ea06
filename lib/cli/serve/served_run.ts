import { basename, join, resolve } from "node:path";
import type { Suite } from "../../data/mod.ts";
import type { EvalReport } from "../../eval/mod.ts";
import type { RunRecord } from "../../experiment/run_folder.ts";
import { nameOfToday } from "../../base/earlier_names.ts";
import { isFile, isFolder } from "../../base/files/exists.ts";

/** A model of a run, as a column of the page. */
export interface Arm {
  /** Its name in the run's files. */
  name: string;
  /** What it is called on the page. */
  label: string;
  /** Its model folder. */
  folder: string;
}

/** What the page shows: a run and the suite that it was made on. */
export interface ServedRun {
  /** Short name: the last part of its folder's. */
  name: string;
  /** The run's tasks, as far as they are in the suite. */
  suite: Suite;
  /** The models, the untrained start first. */
  arms: Arm[];
  /** Scores of each query, by arm; empty if the run has no evaluation. */
  reports: Readonly<Record<string, EvalReport>>;
  /** How texts were encoded when the run was evaluated. */
  encoding: {
    queryLength: number;
    passageLength: number;
    prompts: "task" | "none";
  };
  /** What a reader must know before trusting the page, a sentence each. */
  notes: string[];
}

/**
 * Opens a run or a training run to search with its models.
 *
 * @param folder Its folder.
 * @param suiteFolder Folder of the suite that it was made on.
 * @throws {Deno.errors.NotFound} If the folder holds no run, or no model yet.
 * @throws {RangeError} If the suite has none of its tasks, or `eval.json` is damaged.
 */
export async function openServedRun(
  folder: string,
  suiteFolder: string | undefined,
): Promise<ServedRun> {
  const record = await readRunRecord(folder);
  if (suiteFolder === undefined) {
    throw new RangeError(
      `Cannot serve ${folder}: --suite must name the folder of its suite, ${record.suite.name}: got none`,
    );
  }
  const reports = await scoresOf(folder);
  const arms = await trainedArms(folder, reports, record);
  if (arms.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot serve ${folder}: its folder models holds no model; let the run end first`,
    );
  }
  const { suite, note } = await openSuiteOf(record, suiteFolder);
  const start = await startArm(record);
  const notes = [
    note,
    record.status === "finished" ? undefined : "The run isn't finished.",
    start.note,
    Object.keys(reports).length > 0
      ? undefined
      : "The run has no eval.json, so that no query has a score.",
  ];
  return {
    name: basename(resolve(folder)),
    suite,
    arms: [...start.arm ? [start.arm] : [], ...arms],
    reports,
    encoding: encodingOf(record, reports),
    notes: notes.filter((sentence) => sentence !== undefined),
  };
}

async function readRunRecord(folder: string): Promise<RunRecord> {
  const { readRecord } = await import("../../experiment/run_folder.ts");
  const { settingsOfToday } = await import(
    "../../experiment/earlier_options.ts"
  );
  const record = await readRecord<RunRecord>(folder, "run.json", "run");
  if (record?.format === "tdro-run/1" && record.options && record.suite) {
    return { ...record, options: settingsOfToday(record.options, {}) };
  }
  const arena = await isFile(join(folder, "arena.json"));
  throw new Deno.errors.NotFound(
    record
      ? `Cannot serve ${folder}: its run.json is damaged; run it again`
      : arena
      ? `Cannot serve ${folder}: it is an arena; name the folder of a run or a training run`
      : `Cannot serve ${folder}: it has no run.json; name the folder of a run or a training run`,
  );
}

async function scoresOf(
  folder: string,
): Promise<Record<string, EvalReport>> {
  const { refuseDamagedRun } = await import("../../experiment/run_folder.ts");
  const { readReports } = await import("../../eval/mod.ts");
  const path = join(folder, "eval.json");
  if (!await isFile(path)) return {};
  await refuseDamagedRun(folder, ["eval.json"]);
  return await readReports(path);
}

/** The models that the run has left, in the order of its evaluation. */
async function trainedArms(
  folder: string,
  reports: Readonly<Record<string, EvalReport>>,
  record: RunRecord,
): Promise<Arm[]> {
  const { armLabel } = await import("../../experiment/arms.ts");
  const models = join(folder, "models");
  if (!await isFolder(models)) return [];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(models)) {
    if (isDirectory && !name.startsWith(".")) found.push(name);
  }
  const evaluated = Object.keys(reports);
  const rank = (name: string) =>
    evaluated.includes(name) ? evaluated.indexOf(name) : Infinity;
  return found.sort().map((each) => ({ each, name: nameOfToday(each) }))
    .toSorted((a, b) => rank(a.name) - rank(b.name) || 0)
    .map(({ each, name }) => ({
      name,
      label: armLabel(name, record.options),
      folder: join(models, each),
    }));
}

/** The model that the run fine-tuned, if there was one and it is still there. */
async function startArm(
  { options: { model } }: RunRecord,
): Promise<{ arm?: Arm; note?: string }> {
  if (model === undefined) {
    return {
      note:
        "The run began with an encoder from scratch: there is no start to search with.",
    };
  }
  const { modelFolder } = await import("../../base/files/model_folder.ts");
  const folder = await modelFolder(model);
  return await isFile(join(folder, "config.json"))
    ? { arm: { name: "start", label: "start", folder } }
    : { note: `The start is left out: there is no model in ${model} here.` };
}

/** The run's tasks in the suite, and a sentence if they aren't those of the run. */
async function openSuiteOf(
  record: RunRecord,
  folder: string,
): Promise<{ suite: Suite; note?: string }> {
  const { openSuite } = await import("../../data/mod.ts");
  const { suiteHash } = await import("../../experiment/run_folder.ts");
  const whole = await openSuite(folder);
  const names = record.suite.tasks;
  const tasks = names.flatMap((name) =>
    whole.tasks.find((task) => task.name === name) ?? []
  );
  if (tasks.length === 0) {
    throw new RangeError(
      `Cannot serve the run: ${folder} must be the suite ${record.suite.name}, with the tasks ${
        names.join(", ")
      }: got ${whole.tasks.map(({ name }) => name).join(", ")}`,
    );
  }
  const suite = { name: whole.name, tasks };
  if (await suiteHash(suite) === record.suite.sha256) return { suite };
  const missing = names.filter((name) =>
    !tasks.some((task) => task.name === name)
  );
  const why = missing.length > 0
    ? `it lacks ${missing.join(", ")}`
    : "texts, prompts or judgments differ";
  return {
    suite,
    note:
      `The suite in ${folder} is not the one that the run was made on (${why}): hits and judgments may not fit its scores.`,
  };
}

function encodingOf(
  { options }: RunRecord,
  reports: Readonly<Record<string, EvalReport>>,
): ServedRun["encoding"] {
  const [report] = Object.values(reports);
  const lengths = report?.origin?.lengths;
  return {
    queryLength: lengths?.query ?? options.queryLength,
    passageLength: lengths?.passage ?? options.passageLength,
    prompts: report?.settings?.prompts ?? options.prompts,
  };
}
