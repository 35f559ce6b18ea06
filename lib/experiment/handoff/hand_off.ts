import { dirname, join } from "node:path";
import { exists } from "../../base/files/exists.ts";
import { hashFile } from "../../base/files/hash_file.ts";
import { writeJson } from "../../base/files/json_file.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { weightFile, writeWeightFile } from "../../dro/mod.ts";
import { modelInfo } from "../../model/mod.ts";
import { peakRate } from "../experiment_options.ts";
import { weightUpdate } from "../weight_options.ts";
import { type BaseModel, copyBaseModel } from "./base_model.ts";
import { firstBatches } from "./first_batches.ts";
import type { Project, ProjectFile, Target } from "./project.ts";
import { readme } from "./readme.ts";
import { automodelProject } from "./targets/automodel.ts";
import { tdroProject } from "./targets/tdro.ts";
import { tevatronProject } from "./targets/tevatron.ts";
import { sentenceTransformersProject } from "./targets/sentence_transformers.ts";
import { type HandOffSource, readSource } from "./source.ts";
import { weightsFitWarnings } from "./weights_fit.ts";

/** What a project can be made for. */
export type HandOffTarget =
  | "sentence-transformers"
  | "tdro"
  | "automodel"
  | "tevatron";

/** Options for {@linkcode handOff}. */
export interface HandOffOptions {
  /** What the project is for. */
  to: HandOffTarget;
  /** Folder of the project; there must be nothing of that name yet. */
  out: string;
  /** Folder of the suite that the run was made on. */
  suite: string;
  /** Weight file, folder of a run, or `"uniform"`. @default {the run's own} */
  weights?: string | undefined;
  /** Updates of the retriever. @default {the run's} */
  steps?: number | undefined;
  /** Queries per update. @default {the run's} */
  batchSize?: number | undefined;
  /**
   * Model that the project names, a folder or a name on a hub, in place of a copy
   * of the run's base model.
   */
  base?: string | undefined;
  /** Stops the work. */
  signal?: AbortSignal | undefined;
}

/** What {@linkcode handOff} wrote. */
export interface HandedOff {
  /** The project's folder. */
  folder: string;
  /** What the target does otherwise than tdro, a sentence each. */
  differences: string[];
  /** What should be looked at before training, a sentence each. */
  warnings: string[];
}

/** Batches that a project's test compares. */
const COMPARED = 3;

const TARGETS: Readonly<Record<HandOffTarget, Target>> = {
  "sentence-transformers": sentenceTransformersProject,
  tdro: tdroProject,
  automodel: automodelProject,
  tevatron: tevatronProject,
};

/**
 * Makes a project of a run that another trainer on a cluster can run: the training
 * data in its form, the weights as sampling ratios, the base model, the settings,
 * files that start it, and a page on what it does otherwise. Hard negatives are
 * mined as the run did.
 *
 * @param run Folder of a run or a training run.
 * @param options For what, where, and the suite.
 * @returns Progress; at the end what was written.
 * @throws {Deno.errors.NotFound} If the folder holds no run.
 * @throws {RangeError} If the suite isn't the run's, the run has no weights, the
 * folder is taken, or the target can't take something.
 *
 * @example Usage
 * ```ts
 * import { handOff } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const work = handOff("no/such/run", {
 *   to: "sentence-transformers",
 *   suite: "my/suite",
 *   out: "project",
 * });
 * await assert.rejects(work.next(), /Cannot hand over no\/such\/run/);
 * ```
 */
export async function* handOff(
  run: string,
  { to, out, base, ...options }: HandOffOptions,
): AsyncGenerator<ProgressEvent, HandedOff> {
  if (await exists(out)) {
    throw new RangeError(
      `Cannot write ${out}: the name is taken; choose another with --out`,
    );
  }
  const source = yield* readSource(run, options);
  let handed: HandedOff | undefined;
  const event = { stage: "project", label: `writing ${out}`, total: 1 };
  yield { ...event, done: 0 };
  await writeFolder(out, {
    overwrite: false,
    what: out,
    async fill(partial) {
      const model = base === undefined
        ? await copyBaseModel(source, join(partial, "model"))
        : await namedModel(base);
      const project = TARGETS[to](source, model);
      const warnings = [
        ...source.warnings,
        ...await weightsFitWarnings(source, model),
        ...project.warnings ?? [],
      ];
      for (const file of [...project.data, ...project.files]) {
        await writeFile(partial, file);
      }
      await writeWeights(join(partial, "weights.json"), source);
      const input = { ...project, source, to, model, warnings };
      await writeWhole(join(partial, "README.md"), readme(input));
      await writeJson(
        join(partial, "project.json"),
        await recordOf(partial, { source, model, to, project, warnings }),
        1,
      );
      const { differences } = project;
      handed = { folder: out, differences, warnings };
    },
  });
  yield { ...event, done: 1 };
  return handed!;
}

/** A model that isn't copied; what is known of it if it lies on this machine. */
async function namedModel(name: string): Promise<BaseModel> {
  const info = await modelInfo(name).catch(() => undefined);
  return { name, isCopied: false, info };
}

async function writeFile(
  folder: string,
  { path, text, isProgram }: ProjectFile,
): Promise<void> {
  const to = join(folder, path);
  await Deno.mkdir(dirname(to), { recursive: true });
  await writeWhole(to, text);
  if (isProgram && Deno.build.os !== "windows") await Deno.chmod(to, 0o755);
}

async function writeWeights(
  path: string,
  { suite, weights, rows }: HandOffSource,
): Promise<void> {
  const names = suite.tasks.map(({ name }) => name);
  const sizes = rows.map(({ length }) => length);
  await writeWeightFile(path, weightFile({ names, sizes, weights }));
}

/** What the scripts of a project read, and what people may want to look up. */
async function recordOf(
  folder: string,
  { source, model, to, project, warnings }: {
    source: HandOffSource;
    model: BaseModel;
    to: HandOffTarget;
    project: Project;
    warnings: string[];
  },
): Promise<unknown> {
  const { record, name, suite, rows, weights, options, lora } = source;
  const tasks: unknown[] = [];
  const files: Record<string, string> = {};
  for (const { path } of project.data) {
    files[path] = (await hashFile(join(folder, path))).sha256;
  }
  for (const [k, task] of suite.tasks.entries()) {
    const file = project.data[k]?.path;
    tasks.push({
      name: task.name,
      prompt: options.prompts === "task" ? task.prompt : "",
      rows: rows[k]!.length,
      weight: weights[k]!,
      // One file for all is no task's.
      file: project.data.length === suite.tasks.length ? file : null,
    });
  }
  return {
    format: "tdro-handoff/1",
    to,
    run: { name, started: record.started, versions: record.versions },
    suite: { name: suite.name, sha256: record.suite.sha256 },
    model: model.name,
    modelIsCopied: model.isCopied,
    settings: {
      ...settingsOf(options),
      learningRate: peakRate(options),
      ...weightUpdate(options),
      lora: lora ?? null,
      miniBatch: options.chunkTokens === undefined ? null : 32,
    },
    tasks,
    files,
    firstBatches: firstBatches(source, COMPARED),
    differences: project.differences,
    warnings,
  };
}

/** Names of the settings that training depends on. */
const SETTINGS = [
  "seed",
  "steps",
  "batchSize",
  "passages",
  "weightSteps",
  "weightBatchSize",
  "weightPassages",
  "weightDraw",
  "warmup",
  "weightDecay",
  "precision",
  "hiddenDropout",
  "trainEmbeddings",
  "freeze",
  "checkpointing",
  "temperature",
  "queryLength",
  "passageLength",
  "prompts",
  "checkpointEvery",
] as const;

/** The settings that training depends on. */
function settingsOf(options: HandOffSource["options"]) {
  return Object.fromEntries(
    SETTINGS.map((name) => [name, options[name]]),
  ) as Pick<HandOffSource["options"], typeof SETTINGS[number]>;
}
