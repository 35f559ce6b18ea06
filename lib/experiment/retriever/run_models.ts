import { join } from "node:path";
import { nameOfToday } from "../../base/earlier_names.ts";
import { isFile, isFolder } from "../../base/files/exists.ts";
import { isModelFolder, modelFolder } from "../../base/files/model_folder.ts";
import { type EvalReport, readReports } from "../../eval/mod.ts";
import { armLabel } from "../arms.ts";
import { settingsOfToday } from "../earlier_options.ts";
import { readRecord, refuseDamagedRun, type RunRecord } from "../run_folder.ts";
import type { Encoding } from "./encoding.ts";

/** A model of a run. */
export interface RunModel {
  /** Its name in the run's files. */
  name: string;
  /** What it is called where people read it. */
  label: string;
  /** Its folder. */
  folder: string;
  /** How texts were encoded when the run evaluated it. */
  encoding: Encoding;
}

/** What a run or a training run has left to search with. */
export interface RunModels {
  /** The run's record. */
  record: RunRecord;
  /** Scores of each query, by arm; empty if the run has no evaluation. */
  reports: Readonly<Record<string, EvalReport>>;
  /** The trained models, in the order of the evaluation; at least one. */
  models: RunModel[];
}

/**
 * Reads which models a run has left, and how their texts are encoded.
 *
 * @param folder Folder of the run.
 * @param action What is being done, after "Cannot".
 * @throws {Deno.errors.NotFound} If the folder holds no run, or no model yet.
 * @throws {RangeError} If `eval.json` is damaged.
 */
export async function readRunModels(
  folder: string,
  action: string,
): Promise<RunModels> {
  const record = await readRunRecord(folder, action);
  const reports = await scoresOf(folder);
  const models = await trainedModels(folder, reports, record);
  if (models.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot ${action} ${folder}: its folder models holds no model; let the run end first`,
    );
  }
  return { record, reports, models };
}

/**
 * The model that a run fine-tuned, if there was one and it is still there; otherwise
 * a sentence on why not.
 */
export async function startOf(
  { record, reports }: Pick<RunModels, "record" | "reports">,
): Promise<RunModel | string> {
  const { model } = record.options;
  if (model === undefined) {
    return "The run began with an encoder from scratch: there is no start to search with.";
  }
  const folder = await modelFolder(model);
  if (!await isModelFolder(folder)) {
    return `The start is left out: there is no model in ${model} here.`;
  }
  const name = "start";
  const encoding = encodingOf(record, reports[name]);
  return { name, label: name, folder, encoding };
}

/**
 * The record of a run or a training run.
 *
 * @param folder Its folder.
 * @param action What is being done, after "Cannot".
 * @throws {Deno.errors.NotFound} If the folder holds no run.
 */
export async function readRunRecord(
  folder: string,
  action: string,
): Promise<RunRecord> {
  const record = await readRecord<RunRecord>(folder, "run.json", "run");
  if (record?.format === "tdro-run/1" && record.options && record.suite) {
    return { ...record, options: settingsOfToday(record.options, {}) };
  }
  const arena = await isFile(join(folder, "arena.json"));
  throw new Deno.errors.NotFound(
    record
      ? `Cannot ${action} ${folder}: its run.json is damaged; run it again`
      : arena
      ? `Cannot ${action} ${folder}: it is an arena; name the folder of a run or a training run`
      : `Cannot ${action} ${folder}: it has no run.json; name the folder of a run or a training run`,
  );
}

async function scoresOf(
  folder: string,
): Promise<Record<string, EvalReport>> {
  const path = join(folder, "eval.json");
  if (!await isFile(path)) return {};
  await refuseDamagedRun(folder, ["eval.json"]);
  return await readReports(path);
}

/** The models that the run has left, in the order of its evaluation. */
async function trainedModels(
  folder: string,
  reports: RunModels["reports"],
  record: RunRecord,
): Promise<RunModel[]> {
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
      encoding: encodingOf(record, reports[name]),
    }));
}

/** From the model's own report: BM25's knows neither lengths nor prompts. */
function encodingOf(
  { options }: RunRecord,
  report: EvalReport | undefined,
): Encoding {
  const lengths = report?.origin?.lengths;
  return {
    queryLength: lengths?.query ?? options.queryLength,
    passageLength: lengths?.passage ?? options.passageLength,
    prompts: report?.origin?.prompts
      ? "model"
      : report?.settings.prompts ?? options.prompts,
  };
}
