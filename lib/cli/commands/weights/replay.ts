import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type {
  ClipKind,
  ClipOptions,
  LossLog,
  LossMeasure,
  StepWeightsOptions,
  WeightOptimizer,
} from "../../../dro/mod.ts";
import type { Command } from "../../command.ts";
import { exists, isFolder } from "../../../base/files/exists.ts";
import { LOSS_MEASURES } from "../../../base/loss_measures.ts";
import { weightShape } from "../../../experiment/weight_options.ts";
import { tablesFor } from "../tables.ts";
import {
  type ArmOptions,
  armShape,
  ofNote,
  refuseIdleSeed,
} from "./arm_option.ts";

/** Options of `tdro weights replay`. */
export interface WeightsReplayOptions extends ArmOptions {
  /** Logs of losses in the order of time, or the folder of a run or an arena. */
  files: string[];
  /** How losses become a task's measure. */
  measure?: LossMeasure | undefined;
  /** Reference loss below which an example counts as easy. */
  referenceFloor?: number | undefined;
  /** Batch size at which that floor holds. */
  floorAsAt?: number | undefined;
  /** Step size on the log-weights. */
  eta?: number | undefined;
  /** Micro-batches per update. */
  accumulate?: number | undefined;
  /** How the measures are clipped. */
  clip?: ClipKind | undefined;
  /** Largest norm or value after clipping. */
  maxNorm?: number | undefined;
  /** Optimiser of the log-weights. */
  optimizer?: WeightOptimizer | undefined;
  /** Weight file with names, sizes and the weights to start from. */
  start?: string | undefined;
  /** Folder for weight files. */
  out?: string | undefined;
}

/** `tdro weights replay`. */
export const command: Command<WeightsReplayOptions> = {
  name: "weights replay",
  summary: "Learn weights from a log of losses that any trainer wrote",
  details: [
    "FILE is JSONL, one micro-batch (all devices together) per line:",
    '{"losses": [1.5, 0.2], "reference_losses": [1, 0.5], "domains": [0, 1]}',
    'with the proxy\'s loss of each example, the reference model\'s (null without one), and the task of each by id, or by name as "tasks": ["nq", "xsum"]. The first line may be a header with any of these keys, in the order of ids:',
    '{"tasks": ["nq", "xsum"], "sizes": [100, 30], "weights": [0.5, 0.5]}',
    "names, rows, and the weights to start from; and measure, eta and " +
    "accumulate, for which there are options too. A line may have its number, " +
    '"step": 0; then a training that was resumed may write on in its log, or ' +
    "in another one. A project of tdro handoff writes such logs. A run's folder " +
    "or metrics.jsonl works too, with the run's own measure and step size. " +
    "The same losses give the same weights, to the last bit.",
  ].join("\n"),
  examples: [
    {
      about: "From a PyTorch run with 4 micro-batches an update",
      line: "tdro weights replay losses.jsonl --accumulate 4 --out weights",
    },
    {
      about: "What the paper's formula would have given on a run's losses",
      line: "tdro weights replay runs/demo --measure ratio-of-means",
    },
  ],
  options: z.strictObject({
    files: z.array(z.string().min(1)).min(1).meta({ placeholder: "FILE" })
      .describe(
        "Logs of losses (JSONL) in the order of time, or the folder of a run or an arena",
      ),
    ...armShape,
    measure: z.enum(LOSS_MEASURES).optional().describe(
      "How losses become a task's measure; default: the log's own, else released",
    ),
    referenceFloor: weightShape.referenceFloor,
    floorAsAt: weightShape.floorAsAt,
    eta: z.number().min(0).optional().describe(
      "Step size on the log-weights; default: the log's own, else 0.02",
    ),
    accumulate: z.number().int().min(1).optional().describe(
      "Micro-batches per weight update; default: the log's own, else 1",
    ),
    clip: z.enum(["norm", "value", "none"]).optional().describe(
      "How the measures are clipped before a step; default: the arm's own, else norm",
    ),
    maxNorm: z.number().gt(0).optional().describe(
      "Largest norm or value after clipping; default: the arm's own, else 1",
    ),
    optimizer: z.enum(["sgd", "adamw", "adagrad", "rmsprop"]).optional()
      .describe(
        "Optimiser of the log-weights; default: the arm's own, else sgd",
      ),
    start: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
      "Weight file with the tasks' names and sizes and the weights to start from; default: the log's header, else uniform",
    ),
    out: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
      "Write weight files there, as a run does; needs the tasks' names and sizes",
    ),
  }),
  operands: ["files"],
  async run(options, io) {
    const { files, start, out } = options;
    refuseIdleSeed(options);
    const { meanWeightState, replayWeights, saveWeightFiles } = await import(
      "../../../dro/mod.ts"
    );
    const textTable = await tablesFor(io);
    const { log, own: settings } = await readLosses(files, options, io.note);
    const {
      measure = log.measure ?? "released",
      eta = log.eta ?? 0.02,
      accumulate = log.accumulate ?? 1,
    } = options;
    for (const warning of log.warnings) io.note(warning);
    const tasks = await tasksOf(log, start);
    if (out !== undefined && !(tasks.names && tasks.sizes)) {
      throw new RangeError(
        `Cannot write weight files: ${
          files[0]
        } doesn't tell the tasks' names ` +
          "and sizes; add a header, or name a weight file with --start",
      );
    }
    // The log's floor belongs to the log's measure.
    const own = measure === log.measure ? log : undefined;
    const {
      referenceFloor = own?.referenceFloor,
      floorAsAt = own?.floorAsAt,
    } = options;
    const replayed = [log.lines, ...log.repeats ?? []].map((lines) =>
      replayWeights(lines, {
        ...settings,
        accumulate,
        clip: clipOf(options, settings.clip),
        optimizer: options.optimizer ?? settings.optimizer,
        measure,
        referenceFloor,
        floorAsAt,
        eta,
        start: tasks.weights,
      })
    );
    const { history } = replayed[0]!;
    const state = replayed.length === 1
      ? replayed[0]!.state
      : meanWeightState(replayed.map(({ state }) => state));
    if (replayed.length > 1) {
      io.note(
        `${replayed.length} seeds of stage 1, each replayed by itself; the weights are the mean of their logarithms`,
      );
    }
    if (history.length === 0) {
      throw new RangeError(
        `Cannot replay weights: ${log.lines.length} micro-batches make no update of ${accumulate}; lower --accumulate`,
      );
    }
    if (state.pending > 0) {
      io.note(`the last ${state.pending} micro-batches make no whole update`);
    }
    if (out !== undefined) {
      const { names, sizes } = tasks;
      const files = await saveWeightFiles(out, state, {
        names: names!,
        sizes: sizes!,
      });
      io.note(`${files.length} weight files in ${out}`);
    }
    const total = tasks.weights.reduce((sum, weight) => sum + weight, 0);
    const rows = state.curr.map((weight, id) => {
      const task = tasks.names?.[id] ?? `task ${id}`;
      // Without sizes the table has no column for them.
      const named = tasks.sizes
        ? { task, id, size: tasks.sizes[id]! }
        : { task, id };
      return {
        ...named,
        start: tasks.weights[id]! / total,
        weight,
        mean: state.mean[id]!,
        ema: state.ema[id]!,
      };
    }).sort((a, b) => b.weight - a.weight || a.id - b.id);
    io.result(rows, () =>
      textTable(rows, {
        digits: 4,
        footRows: 0,
      }) +
      `\n\n${history.length} updates from ${log.lines.length} micro-batches`);
  },
};

/** Clipping that was asked for, the rest as it was. */
function clipOf(
  { clip, maxNorm }: Pick<WeightsReplayOptions, "clip" | "maxNorm">,
  before: StepWeightsOptions["clip"] = {},
): ClipOptions {
  const was = typeof before === "string" ? { by: before } : before;
  return {
    by: clip ?? was.by ?? "norm",
    max: maxNorm ?? was.max ?? 1,
  };
}

/** Losses, and how the arm of an arena that had them made weights of them. */
interface Losses {
  log: LossLog;
  own: StepWeightsOptions;
}

/** The losses in logs, or in the folder of a run or an arena, then with its settings. */
async function readLosses(
  files: string[],
  { strategy, seed }: ArmOptions,
  note: (text: string) => void,
): Promise<Losses> {
  if (strategy !== undefined) {
    if (files.length > 1) {
      throw new RangeError(
        "Cannot read losses: --strategy is of one arena; name its folder alone",
      );
    }
    const { readArmLosses } = await import("../../../experiment/mod.ts");
    const arm = await readArmLosses(files[0]!, { strategy, seed });
    if (arm.of !== strategy) note(ofNote(strategy, arm.of));
    return {
      log: { ...arm.log, ...arm.update },
      own: arm.update,
    };
  }
  return { log: await readLog(files), own: {} };
}

async function readLog(files: string[]): Promise<LossLog> {
  const { readLossLog } = await import("../../../dro/mod.ts");
  if (files.length > 1) return await readLossLog(files);
  const file = files[0]!;
  const folder = await isFolder(file)
    ? file
    : basename(file) === "metrics.jsonl" &&
        await exists(join(dirname(file), "run.json"))
    ? dirname(file)
    : undefined;
  if (folder === undefined) return await readLossLog(file);
  const { readRunLosses } = await import("../../../experiment/mod.ts");
  const { log, update } = await readRunLosses(folder);
  return { ...log, ...update };
}

/** Names, sizes and start weights by id, from a weight file or the log. */
async function tasksOf(log: LossLog, start: string | undefined): Promise<
  { names?: string[]; sizes?: number[]; weights: number[] }
> {
  const count = log.domainCount;
  if (start === undefined) {
    return {
      names: log.tasks,
      sizes: log.sizes,
      weights: log.weights ?? Array.from({ length: count }, () => 1 / count),
    };
  }
  const { readWeightFile } = await import("../../../dro/mod.ts");
  const file = await readWeightFile(start);
  // Columns by id, or by the log's own names.
  const order = Array.from(
    { length: log.tasks ? count : Math.max(count, file.ids.length) },
    (_, k) =>
      log.tasks ? file.names.indexOf(log.tasks[k]!) : file.ids.indexOf(k),
  );
  const missing = order.indexOf(-1);
  if (missing >= 0) {
    throw new RangeError(
      `Cannot start from ${start}: it has no task ${
        log.tasks ? JSON.stringify(log.tasks[missing]) : `with id ${missing}`
      }; name the weight file of the same tasks`,
    );
  }
  return {
    names: order.map((k) => file.names[k]!),
    sizes: order.map((k) => file.sizes[k]!),
    weights: order.map((k) => file.weights[k]!),
  };
}
