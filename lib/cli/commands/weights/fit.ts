import { z } from "zod";
import type { Command } from "../../command.ts";
import type { CommandIo } from "../../io.ts";
import type { Swarm } from "../../../dro/mod.ts";
import { line } from "../../../base/printable.ts";
import { checkNew } from "../output.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro weights fit`. */
export interface WeightsFitOptions {
  /** Folder of an arena whose arms are the runs. */
  arena?: string | undefined;
  /** File with the mixture of each run. */
  ratios?: string | undefined;
  /** File with what came of each run. */
  metrics?: string | undefined;
  /** Whether metrics are better when they are larger. */
  higherIsBetter: boolean;
  /** Mixture to stay near. */
  prior: string;
  /** Strength of that. */
  kl: number;
  /** Weight file whose shares stay. */
  keep?: string | undefined;
  /** Where the runs are written as two files. */
  csv?: string | undefined;
  /** Weight file to write. */
  out: string;
  /** Whether files are replaced. */
  force: boolean;
}

/** Runs, and what is known of the tasks. */
interface Runs extends Swarm {
  sizes?: number[] | undefined;
}

/** `tdro weights fit`. */
export const command: Command<WeightsFitOptions> = {
  name: "weights fit",
  summary: "Fit weights to many small runs on different mixtures (Olmix)",
  details:
    "The runs are the arms of an arena that was evaluated on dev queries, or " +
    "Olmix's or RegMix's two files: --ratios with the mixture of each run, " +
    "--metrics with what came of it. A log-linear law is fitted to each metric; " +
    "the weights are those with the lowest mean prediction, near --prior. With " +
    "--keep, an earlier mixture's tasks keep their shares among themselves, so " +
    "that new runs are needed for new tasks alone.",
  examples: [
    {
      about: "From the arms of an arena, e.g. of many short manual mixtures",
      line: "tdro weights fit runs/arena --out fitted.json",
    },
    {
      about: "From Olmix's files, where larger metrics are better",
      line:
        "tdro weights fit --ratios ratios.csv --metrics metrics.csv --higher-is-better --out fitted.json",
    },
    {
      about: "After tasks were added to those of an earlier weight file",
      line: "tdro weights fit runs/wider --keep fitted.json --out wider.json",
    },
  ],
  options: z.strictObject({
    arena: z.string().min(1).optional().meta({ placeholder: "ARENA" }).describe(
      "Folder of a finished arena whose arms are the runs, evaluated by tdro arena --eval-every",
    ),
    ratios: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
      "CSV file with the mixture of each run: columns run, name, index, then one per task",
    ),
    metrics: z.string().min(1).optional().meta({ placeholder: "FILE" })
      .describe(
        "CSV file with what came of each run: columns run, name, index, then one per metric",
      ),
    higherIsBetter: z.boolean().default(false).describe(
      "Metrics of --metrics are shares in [0, 1] that should be large",
    ),
    prior: z.string().min(1).default("uniform").meta({ placeholder: "MIXTURE" })
      .describe(
        "Mixture to stay near: uniform, proportional (with an arena), or a weight file",
      ),
    kl: z.number().gt(0).default(0.1).describe(
      "How strongly to stay near the prior",
    ),
    keep: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
      "Weight file whose tasks keep their shares among themselves",
    ),
    csv: z.string().min(1).optional().meta({ placeholder: "NAME" }).describe(
      "Also write the runs to NAME-ratios.csv and NAME-metrics.csv",
    ),
    out: z.string().min(1).meta({ placeholder: "FILE" }).describe(
      "Weight file to write",
    ),
    force: z.boolean().default(false).describe("Replace files"),
  }),
  operands: ["arena"],
  async run(options, io) {
    const { out, csv, kl, force } = options;
    const files = csv === undefined
      ? undefined
      : { ratios: `${csv}-ratios.csv`, metrics: `${csv}-metrics.csv` };
    for (const path of [out, ...Object.values(files ?? {})]) {
      await checkNew(path, force);
    }
    const { fitSwarm, formatSwarm, weightFile, writeWeightFile } = await import(
      "../../../dro/mod.ts"
    );
    const runs = await readRuns(options, io);
    const kept = await mixtureFile(options.keep);
    const fitted = fitSwarm(runs, {
      prior: await priorOf(options.prior, runs),
      kl,
      keep: kept &&
        new Map(kept.names.map((name, k) => [name, kept.weights[k]!])),
    });
    for (const warning of fitted.warnings) io.note(warning);
    if (files) {
      const { writeWhole } = await import("../../../base/files/write_whole.ts");
      const texts = formatSwarm(runs);
      await writeWhole(files.ratios, texts.ratios);
      await writeWhole(files.metrics, texts.metrics);
    }
    const names = runs.domains;
    await writeWeightFile(
      out,
      // Sizes are information in a weight file; a swarm's files have none.
      weightFile({
        names,
        weights: fitted.weights,
        sizes: runs.sizes ?? names.map(() => 1),
      }),
    );
    const table = await tablesFor(io);
    io.result(
      {
        out,
        ...files,
        runs: fitted.runs,
        weights: fitted.weights,
        metrics: fitted.metrics,
      },
      () =>
        [
          table(names.map((task, k) => ({ task, weight: fitted.weights[k]! }))),
          "",
          table(fitted.metrics.map(({ name, error, spread, predicted }) => ({
            metric: name,
            predicted,
            "error of the law": error,
            "spread of the runs": spread,
          }))),
          "",
          line`${fitted.runs} runs; the weights are in ${out}`,
        ].join("\n"),
    );
  },
};

/** The runs, from an arena or from two files. */
async function readRuns(
  { arena, ratios, metrics, higherIsBetter }: WeightsFitOptions,
  io: CommandIo,
): Promise<Runs> {
  if (arena !== undefined) {
    if (ratios !== undefined || metrics !== undefined || higherIsBetter) {
      throw new SyntaxError(
        "Cannot fit weights: an arena has ratios and metrics itself; leave out --ratios, --metrics and --higher-is-better, or the arena",
      );
    }
    const { arenaSwarm } = await import("../../../experiment/mod.ts");
    return await arenaSwarm(arena);
  }
  if (ratios === undefined || metrics === undefined) {
    throw new SyntaxError(
      "Cannot fit weights: name an arena, or both --ratios and --metrics",
    );
  }
  const { parseSwarm } = await import("../../../dro/mod.ts");
  const { readText } = await import("../../../base/files/read_text.ts");
  const { unmatched, ...swarm } = parseSwarm({
    ratios: await readText(ratios, "ratios"),
    metrics: await readText(metrics, "metrics"),
  });
  if (unmatched.length > 0) {
    io.note(
      `not used: ${unmatched.length} runs that only one of the files has, such as ${
        unmatched[0]
      }`,
    );
  }
  if (!higherIsBetter) return swarm;
  return {
    ...swarm,
    runs: swarm.runs.map((run) => ({
      ...run,
      metrics: run.metrics.map((value) => 1 - value),
    })),
  };
}

/** A weight file, if one is named. */
async function mixtureFile(path: string | undefined) {
  if (path === undefined) return;
  const { readWeightFile } = await import("../../../dro/mod.ts");
  return await readWeightFile(path);
}

/** The prior of the tasks, shape `[K]`. */
async function priorOf(name: string, runs: Runs): Promise<number[]> {
  if (name === "uniform") return runs.domains.map(() => 1);
  if (name === "proportional") {
    if (runs.sizes) return runs.sizes;
    throw new RangeError(
      "Cannot fit weights: --prior proportional needs an arena, which knows how large the tasks are; name a weight file",
    );
  }
  const { fitWeights } = await import("../../../dro/mod.ts");
  const file = await mixtureFile(name);
  return fitWeights(runs.domains, file!).weights;
}
