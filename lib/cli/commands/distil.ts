import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import {
  type DistilSettings,
  distilShape,
} from "../../experiment/distil/distil_options.ts";
import type { TowerRow } from "../../experiment/mod.ts";
import { line } from "../../base/printable.ts";
import type { Command } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { forceShape } from "./force_options.ts";
import { backendOption } from "./backend_option.ts";
import { pullOption, withLocalModels } from "./local_model.ts";
import { dryRunOption, showPlan } from "./plan_option.ts";
import { tablesFor } from "./tables.ts";

/** Options of `tdro distil`. */
export interface DistilCommandOptions extends DistilSettings {
  /** Folder of the suite. */
  suite: string;
  /** Names of the tasks to take, in order. */
  tasks?: string[] | undefined;
  /** Weight file, folder of a run, or the name of a rule. */
  mixture: string;
  /** Whether to evaluate afterwards. */
  evaluate: boolean;
  /** Backends on which speed is measured. */
  speed?: BackendName[] | undefined;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** Whether only the plan is told. */
  dryRun: boolean;
  /** Whether a run in the folder is replaced. */
  force: boolean;
  /** Whether an unfinished run goes on with other settings. */
  forceSettings: boolean;
}

/** `tdro distil`. */
export const command: Command<DistilCommandOptions> = {
  name: "distil",
  summary: "Distil a fast query tower for an index that stays as it is",
  details:
    "A small encoder learns the teacher's vectors of queries, from queries alone; the teacher's vectors of passages, and an index of them, stay as they are. --refine adds a contrastive phase on train judgments. The tower is saved beside the teacher as one model, which tdro eval, search and serve take and sentence-transformers loads (encode_query, encode_document). The table shows what it keeps of the teacher's nDCG@10, and its speed.",
  examples: [
    {
      about: "Two of a model's layers, evaluated against the whole model",
      line:
        "tdro distil --teacher models/all-MiniLM-L6-v2 --student layers:2 --suite my/suite --out runs/fast",
    },
    {
      about: "A small model of your own, on a run's learned weights, refined",
      line:
        "tdro distil --teacher runs/large --student models/tiny --mixture runs/mine --refine 200 --suite my/suite",
    },
    {
      about: "What it would take",
      line: "tdro distil --teacher models/e5 --suite my/suite --dry-run",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of the suite: a folder in BEIR form for each task",
    ),
    tasks: z.array(z.string()).optional().meta({ placeholder: "TASK" })
      .describe("Tasks to use, in this order; default: all"),
    mixture: z.string().min(1).default("uniform").meta({
      placeholder: "MIXTURE",
    }).describe(
      "A weight file, the folder of a run, or a rule: uniform, proportional, temperature-T, manual-0.5/0.3/0.2 (in the order of the tasks)",
    ),
    ...distilShape,
    evaluate: z.boolean().default(true).describe(
      "Evaluate the teacher and the towers on the test splits afterwards",
    ),
    speed: z.array(z.enum(["tensorflow", "webgpu", "wasm", "cpu"])).optional()
      .meta({
        placeholder: "NAME",
      }).describe(
        "Backends on which the towers' speed is measured; default: the one in use",
      ),
    backend: backendOption,
    pull: pullOption,
    dryRun: dryRunOption,
    ...forceShape,
  }) as unknown as z.ZodType<DistilCommandOptions>,
  operands: [],
  async run(
    { suite: folder, tasks, mixture: name, backend, dryRun, ...given },
    io,
  ) {
    const { openSuite } = await import("../../data/mod.ts");
    const { useBackend } = await import("../../backend/mod.ts");
    const { readMixture } = await import("./read_mixture.ts");
    const { distil, planDistil, towerSentence } = await import(
      "../../experiment/mod.ts"
    );
    const textTable = await tablesFor(io);
    io.resumeWith(
      "rerun the same command: it resumes from the last checkpoint",
    );
    const { pull, ...rest } = given;
    const settings = {
      ...await withLocalModels({ ...rest, pull }, { io }),
      ...await localModels(rest, { pull, io }),
    };
    const suite = await openSuite(folder, { tasks });
    const { weights, notes } = await readMixture(name, suite);
    notes.forEach(io.note);
    const used = await useBackend(backend);
    io.note(`backend: ${used.name} on ${used.device}: ${used.reason}`);
    const options = { ...settings, weights, backend: used, signal: io.signal };
    if (dryRun) return await showPlan(planDistil(suite, options), io);
    const result = await io.progress(distil(suite, options));
    io.result({ ...result, weights }, () =>
      [
        textTable(result.towers.map(scoreLine), {
          digits: 4,
          columnDigits: { layers: 0, parameters: 0 },
          footRows: 0,
        }),
        "",
        textTable(result.towers.flatMap(speedLines), {
          columnDigits: { "queries/s": 0, "p50 ms": 2, "p95 ms": 2 },
          footRows: 0,
        }),
        "",
        towerSentence(result.towers),
        line`The model is in ${result.model}`,
      ].join("\n"));
  },
};

/** The teacher's and the student's folders, fetched if that is asked for. */
async function localModels(
  { teacher, student }: Pick<DistilCommandOptions, "teacher" | "student">,
  { pull, io }: { pull: boolean; io: CommandIo },
): Promise<{ teacher: string; student: string }> {
  const { isFile } = await import("../../base/files/exists.ts");
  const local = async (model: string) =>
    (await withLocalModels({ model, pull }, { io })).model;
  const isMade = student === "scratch" || student.startsWith("layers:");
  return {
    teacher: await isFile(`${teacher}/run.json`)
      ? teacher
      : await local(teacher),
    student: isMade ? student : await local(student),
  };
}

/** What a tower is, and what it finds. */
function scoreLine(
  { tower, layers, parameters, ...scores }: TowerRow,
): Record<string, unknown> {
  return {
    tower,
    layers,
    parameters,
    ...scores.ndcg !== undefined && {
      "nDCG@10": scores.ndcg,
      "95 % interval": range(scores.interval!, 4),
    },
    ...scores.kept !== undefined && {
      kept: percent(scores.kept),
      "95 % of kept": tower === "teacher"
        ? ""
        : range(scores.keptInterval!.map((x) => 100 * x), 1),
    },
  };
}

/** How fast it is, on each backend that was measured. */
function speedLines({ tower, speed }: TowerRow): Record<string, unknown>[] {
  return speed.map(({ backend, queriesPerSecond, p50, p95 }) => ({
    tower,
    backend,
    "queries/s": queriesPerSecond,
    "p50 ms": p50,
    "p95 ms": p95,
  }));
}

function range(ends: readonly number[], digits: number): string {
  return ends.map((end) => end.toFixed(digits)).join(" to ");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
