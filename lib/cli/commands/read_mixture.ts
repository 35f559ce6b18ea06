import { z } from "zod";
import { basename, dirname, join } from "node:path";
import type { Suite } from "../../data/mod.ts";
import type { MixtureStrategy, WeightFile } from "../../dro/mod.ts";
import { exists, isFolder } from "../../base/files/exists.ts";
import { readJsonIfThere } from "../../base/files/json_file.ts";
import { didYouMean } from "../../base/nearest_names.ts";

/** A mixture for a suite. */
export interface ReadMixture {
  /** Sampling weights, shape `[K]`. */
  weights: number[];
  /** What the user should know of them. */
  notes: string[];
}

/**
 * The mixture that a word stands for: a strategy that costs nothing, a weight file,
 * the folder of a run, or a run's record.
 *
 * @param name The word.
 * @param suite The tasks.
 * @throws {RangeError} If the strategy learns, or the weights don't fit the suite.
 * @throws {Deno.errors.NotFound} If it is neither a strategy nor a file.
 */
export async function readMixture(
  name: string,
  suite: Suite,
): Promise<ReadMixture> {
  const { STRATEGIES } = await import("../../dro/mod.ts");
  // A folder that happens to be called "uniform" changes nothing.
  if (!Object.hasOwn(STRATEGIES, name) && await exists(name)) {
    return await fitted(name, suite);
  }
  return { weights: await byRule(name, suite), notes: [] };
}

/** Weights by a rule from the tasks' sizes. */
async function byRule(name: string, suite: Suite): Promise<number[]> {
  const { strategy, STRATEGIES } = await import("../../dro/mod.ts");
  const { trainSizes } = await import("../../sampling/mod.ts");
  const known = Object.entries(STRATEGIES).some(([key, { argument }]) =>
    name === key || (argument !== undefined && name.startsWith(`${key}-`))
  );
  if (!known) {
    const rules = ["uniform", "proportional", "temperature-3", "manual"];
    throw new Deno.errors.NotFound(
      `Cannot use the mixture ${name}: there is no such file or folder, and no strategy of that name${
        didYouMean(name, rules)
      }`,
    );
  }
  const rule: Partial<MixtureStrategy> = strategy(name);
  if (rule.weights) return rule.weights(trainSizes(suite));
  throw new RangeError(
    `Cannot use the mixture ${name}: it learns its weights by training; let tdro arena --strategies ${name} do it, and name the weights.json of that arm`,
  );
}

/** Weights from a file, in the suite's order. */
async function fitted(path: string, suite: Suite): Promise<ReadMixture> {
  const { fitWeights } = await import("../../dro/mod.ts");
  const { mixture } = await import("../../sampling/mod.ts");
  const names = suite.tasks.map((task) => task.name);
  const file = await readFile(path);
  const fit = () => {
    try {
      return fitWeights(names, file);
    } catch (error) {
      throw new RangeError(`${path}: ${(error as RangeError).message}`);
    }
  };
  const { weights, unused, leftOut } = fit();
  const notes: string[] = [];
  if (leftOut.length > 0) {
    notes.push(
      `${path}: a selection of tasks; none of ${leftOut.join(", ")} is drawn`,
    );
  }
  if (unused.length === 0) return { weights, notes };
  notes.push(
    `${path}: weights of a larger suite; without ${
      unused.join(", ")
    } the others share what they had`,
  );
  return { weights: mixture(suite, weights), notes };
}

type Weights = Pick<WeightFile, "names" | "weights">;

async function readFile(path: string): Promise<Weights> {
  const { readWeightFile } = await import("../../dro/mod.ts");
  if (!await isFolder(path)) {
    const weights = await recordedWeights(path);
    if (weights) return weights;
    // The record of a run stands for what the run learned.
    if (basename(path) !== "run.json") return await readWeightFile(path);
  }
  const folder = await isFolder(path) ? path : dirname(path);
  if (await exists(join(folder, "weights.json"))) {
    return await readWeightFile(folder);
  }
  const weights = await recordedWeights(join(folder, "run.json"));
  if (weights) return weights;
  throw new Deno.errors.NotFound(
    `Cannot read weights: ${folder} has no weights.json${
      await exists(join(folder, "arena.json"))
        ? `; name an arm of the arena, as in ${
          join(folder, "seed-1", "arms", "tdro")
        }`
        : ""
    }`,
  );
}

/** What of a run's record a mixture is. */
const mixtureRecord = z.looseObject({
  suite: z.looseObject({ tasks: z.array(z.string()) }),
  options: z.looseObject({ weights: z.array(z.number()) }),
});

/** The mixture that `tdro train` noted in its record; nothing in any other file. */
async function recordedWeights(path: string): Promise<Weights | undefined> {
  try {
    const record = await readJsonIfThere(path, mixtureRecord);
    return record && {
      names: record.suite.tasks,
      weights: record.options.weights,
    };
  } catch (error) {
    if (error instanceof SyntaxError) return; // for the reader of weight files
    throw error;
  }
}
