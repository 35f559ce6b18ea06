import { useBackend } from "../../../lib/backend/mod.ts";
import { type Suite, writeSuite } from "../../../lib/data/mod.ts";
import {
  type ExperimentOptions,
  type HandedOff,
  handOff,
  type HandOffOptions,
  runExperiment,
} from "../../../lib/experiment/mod.ts";
import { saveEncoder } from "../../../lib/model/mod.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { tempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";

/** The last value of a generator. */
export async function atEnd<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  while (true) {
    const { done, value } = await work.next();
    if (done) return value;
  }
}

/** A suite, and a small run on it. */
export interface SmallRun {
  /** Folder with `suite`, `base` and `run`. */
  folder: string;
  /** Makes a project of it. */
  handOff(
    options?: Partial<HandOffOptions>,
  ): Promise<HandedOff & { folder: string }>;
}

/** A run of a few updates on the toy suite, from a random encoder. */
export async function smallRun(
  options: Partial<ExperimentOptions> = {},
  suite: Suite = toySuite(),
): Promise<SmallRun> {
  const backend = await useBackend("wasm");
  const folder = await tempFolder();
  await writeSuite(suite, `${folder}/suite`);
  const base = smallEncoder("mean", 0.2);
  await saveEncoder(base, `${folder}/base`);
  await atEnd(runExperiment(suite, {
    model: `${folder}/base`,
    out: `${folder}/run`,
    steps: 4,
    batchSize: 8,
    weightSteps: 3,
    weightBatchSize: 8,
    learningRate: 0.01,
    backend,
    ...options,
  }));
  let count = 0;
  return {
    folder,
    handOff: (options = {}) =>
      atEnd(handOff(`${folder}/run`, {
        to: "sentence-transformers",
        suite: `${folder}/suite`,
        out: `${folder}/project-${count++}`,
        ...options,
      })),
  };
}

/** Reads a file of JSON lines. */
// deno-lint-ignore no-explicit-any
export async function jsonLines(path: string): Promise<any[]> {
  const text = await Deno.readTextFile(path);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}
