import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import { ARENA_DEFAULTS } from "../../experiment/arena/defaults.ts";
import type { ArenaSettings } from "../../experiment/arena/compare_mixtures.ts";
import { experimentShape } from "../../experiment/experiment_options.ts";
import { pullOption, withLocalModels } from "./local_model.ts";
import { backendOption } from "./backend_option.ts";
import type { Command } from "../command.ts";
import { dryRunOption, showPlan } from "./plan_option.ts";
import { line, printable } from "../../base/printable.ts";
import { tablesFor } from "./tables.ts";

/** Options of `tdro arena`. */
export interface ArenaOptions extends ArenaSettings {
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
  /** Whether only the plan is told. */
  dryRun: boolean;
  /** Whether an arena in the folder is replaced. */
  force: boolean;
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

/** Scores compare at a glance; the rest is as exact as it is certain. */
const ARENA_DIGITS = {
  "nDCG@10": 4,
  worst: 4,
  difference: 4,
  low: 4,
  high: 4,
  dataUsed: 2,
  proxySteps: 0,
};

/** `tdro arena`. */
export const command: Command<ArenaOptions> = {
  name: "arena",
  summary: "Compare strategies for choosing the mixture over several seeds",
  details:
    "Each strategy chooses a mixture with the same budget of proxy steps; " +
    "each mixture trains a retriever with the same start, steps and seeds; " +
    "all are compared with uniform sampling on the test splits. " +
    "Strategies: uniform, proportional, temperature-T, manual-0.5/0.3/0.2, " +
    "tdro, tdro-as-at-512, tdro-ratio-of-means, doremi, group-dro, doge, regmix, " +
    "leave-one-out, inf-dds; with -top-N at its end, as in tdro-top-70, a " +
    "strategy keeps only its N % heaviest tasks; with -mean-N, its weights are the mean of N runs that share the budget. Finished arms are kept: more strategies or " +
    "seeds in the same folder train only what is new.",
  examples: [
    {
      about: "tDRO, DoReMi and a temperature against uniform sampling",
      line:
        "tdro arena --suite my/suite --strategies tdro,doremi,temperature-3 --seeds 1,2,3",
    },
    {
      about: "With a larger budget for the proxies, as JSON",
      line:
        "tdro arena --suite my/suite --strategies regmix --budget 2000 --json",
    },
  ],
  options: z.strictObject({
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
    dryRun: dryRunOption,
    force: z.boolean().default(false).describe(
      "Replace the arena in the folder; a finished one is kept until the " +
        "new one is complete",
    ),
  }) as unknown as z.ZodType<ArenaOptions>,
  operands: [],
  async run(
    { suite: folder, tasks, strategies, backend: name, dryRun, ...options },
    io,
  ) {
    const { openSuite } = await import("../../data/mod.ts");
    const { useBackend } = await import("../../backend/mod.ts");
    const { strategy } = await import("../../dro/mod.ts");
    const { arenaTable, arenaVerdict, compareMixtures, planArena } =
      await import("../../experiment/mod.ts");
    const textTable = await tablesFor(io);
    io.resumeWith(
      "rerun the same command: it resumes from the last checkpoint",
    );
    const entries = strategies.map(strategy);
    const rest = await withLocalModels(options, { io, mayBeGone: true });
    const suite = await openSuite(folder, { tasks });
    const backend = await useBackend(name);
    io.note(
      `backend: ${backend.name} on ${backend.device}: ${backend.reason}`,
    );
    const given = { ...rest, backend, signal: io.signal };
    if (dryRun) return await showPlan(planArena(suite, entries, given), io);
    const result = await io.progress(compareMixtures(suite, entries, given));
    const table = arenaTable(result);
    const { arms: _arms, ...summary } = result;
    const changes = result.tasks.map(({ name }) => `Δ ${name}`);
    io.result(summary, () => {
      return [
        textTable(
          table.select(
            "strategy",
            "nDCG@10",
            "worst",
            "difference",
            "low",
            "high",
            "pHolm",
            "pSeeds",
            "seedDeviation",
            "dataUsed",
            "proxySteps",
          ),
          { digits: 4, columnDigits: ARENA_DIGITS },
        ),
        "",
        textTable(
          table.select(
            "strategy",
            ...changes,
          ),
          {
            columnDigits: Object.fromEntries(
              changes.map((column) => [column, 4]),
            ),
          },
        ),
        "",
        ...arenaVerdict(result).map(printable),
        "",
        line`Everything is in ${result.folder}; ${result.folder}/arena.json has the whole result`,
      ].join("\n");
    });
  },
};
