import { z } from "zod";
import type { BackendName } from "../../../backend/mod.ts";
import { ARENA_DEFAULTS } from "../../../experiment/arena/defaults.ts";
import type { ArenaSettings } from "../../../experiment/arena/options.ts";
import { experimentShape } from "../../../experiment/experiment_options.ts";
import { backendOption } from "../backend_option.ts";
import { pullOption } from "../local_model.ts";

/** Options of `tdro arena` and `tdro arena plan`. */
export interface SharedArenaOptions extends ArenaSettings {
  /** Folder of the suite. */
  suite: string;
  /** Names of the tasks to take, in order. */
  tasks?: string[] | undefined;
  /** Names of the strategies. */
  strategies: string[];
  /** Seeds. */
  seeds: number[];
  /** Proxy steps of each strategy and seed. */
  budget: number;
  /** Maximum dev queries per task whose loss a strategy may use. */
  devQueries: number;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
}

const {
  seed: _seed,
  weightSteps: _weightSteps,
  weightSeeds: _weightSeeds,
  weightNoise: _weightNoise,
  measure: _measure,
  referenceFloor: _referenceFloor,
  floorAsAt: _floorAsAt,
  eta: _eta,
  topPercent: _topPercent,
  ...shape
} = experimentShape;

/** Their schemas. */
export const arenaShape = {
  suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
    "Folder of the suite: a folder in BEIR form for each task",
  ),
  tasks: z.array(z.string()).optional().meta({ placeholder: "TASK" })
    .describe(
      "Tasks to use, in this order; default: all",
    ),
  strategies: z.array(z.string()).min(1).default([
    "uniform",
    "tdro",
    "doremi",
  ]).meta({ placeholder: "NAME" }).describe(
    "Strategies to compare; uniform is always among them",
  ),
  seeds: z.array(z.number().int().min(0)).min(1)
    .default([...ARENA_DEFAULTS.seeds]).describe(
      "Seeds; every arm is trained with each",
    ),
  budget: z.number().positive().default(ARENA_DEFAULTS.budget).describe(
    "Proxy steps that each strategy may spend with each seed",
  ),
  devQueries: z.number().int().min(1).default(ARENA_DEFAULTS.devQueries)
    .describe("Maximum dev queries per task whose loss a strategy may use"),
  backend: backendOption,
  ...shape,
  pull: pullOption,
};
