import { basename } from "node:path";
import { z } from "zod";
import type { InferencePrecision } from "../../../backend/kernels/mod.ts";
import type { BackendName } from "../../../backend/mod.ts";
import type { ProgressEvent } from "../../../base/progress_event.ts";
import { line } from "../../../base/printable.ts";
import { computeShape } from "../../../base/compute_option.ts";
import { lengthShape } from "../../../base/length_options.ts";
import type { Run, Suite } from "../../../data/mod.ts";
import type { Command } from "../../command.ts";
import type { CommandIo } from "../../io.ts";
import { backendOption } from "../backend_option.ts";
import { openEncoder } from "../encoder_functions.ts";
import { pullOption, withLocalModels } from "../local_model.ts";
import { checkNew } from "../output.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro eval pool`. */
export interface EvalPoolOptions {
  /** Folder of the suite. */
  suite: string;
  /** Names of the tasks. */
  tasks?: string[];
  /** Model folders whose rankings go into the pool beside BM25's. */
  models: string[];
  /** Split whose queries are taken. */
  split: "train" | "dev" | "test";
  /** Most queries of a task. */
  queries: number;
  /** Passages of each ranking that each query takes. */
  depth: number;
  /** Passages more, by lot. */
  random: number;
  /** Maximum tokens per query. */
  queryLength?: number | undefined;
  /** Maximum tokens per passage. */
  passageLength?: number | undefined;
  /** What the models multiply. */
  computeType?: InferencePrecision | undefined;
  /** Instruction before queries. */
  prompts: "task" | "none";
  /** The file. */
  out: string;
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** Whether a file that is there is replaced. */
  force: boolean;
}

const positive = () => z.int().min(1);

/** `tdro eval pool`. */
export const command: Command<EvalPoolOptions> = {
  name: "eval pool",
  summary:
    "Make a pool: fixed parts of the tasks that are cheap to evaluate on",
  details:
    "Of each task: some queries, every passage that is judged for them, the best of BM25's and the models' rankings of the whole corpus, and some passages drawn by lot. tdro eval --pool and the training commands then search that part alone. Name models that you won't compare: the one that you start from, and one that was trained on the uniform mixture with a seed of its own. A random cut of a corpus would leave out what is hard to tell from the right passages; see docs/pools.md.",
  examples: [
    {
      about: "A pool from BM25, the start model and one that was trained",
      line:
        "tdro eval pool --suite my/suite --models models/all-MiniLM-L6-v2,runs/held-out/models/uniform --out my/pool.json",
    },
    {
      about: "A small one, from BM25 alone, to look at while you work",
      line:
        "tdro eval pool --suite my/suite --queries 50 --depth 20 --random 100 --out my/small.json",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    models: z.array(z.string().min(1)).default([])
      .meta({ placeholder: "FOLDER" }).describe(
        "Model folders whose rankings go into the pool beside BM25's",
      ),
    split: z.enum(["train", "dev", "test"]).default("test")
      .meta({ placeholder: "SPLIT" }).describe("Split whose queries are taken"),
    queries: positive().default(200).describe("Queries per task, at most"),
    depth: positive().default(50).describe(
      "Passages that each query takes from each ranking",
    ),
    random: z.int().min(0).default(500).describe(
      "Passages per task that are drawn by lot",
    ),
    ...lengthShape,
    ...computeShape,
    prompts: z.enum(["task", "none"]).default("task").describe(
      "Prefix of each query: its task's instruction, or none",
    ),
    out: z.string().min(1).meta({ placeholder: "FILE" }).describe(
      "File to write",
    ),
    pull: pullOption,
    backend: backendOption,
    force: z.boolean().default(false).describe("Replace the file"),
  }) as unknown as z.ZodType<EvalPoolOptions>,
  async run({ models, ...options }, io) {
    const { suite: folder, tasks, split, queries, depth, random, out } =
      options;
    if (models.length === 0 && options.computeType) {
      throw new RangeError(
        "Cannot make a pool: --compute-type is about models: add --models, or leave it out",
      );
    }
    await checkNew(out, options.force);
    const folders: string[] = [];
    for (const model of models) {
      const local = await withLocalModels({ model, pull: options.pull }, {
        io,
      });
      folders.push(local.model!);
    }
    const { openSuite } = await import("../../../data/mod.ts");
    const { makePool, writePool } = await import("../../../eval/mod.ts");
    const suite = await openSuite(folder, { tasks });
    const systems = await io.progress(
      rankings(suite, { ...options, folders }, io),
    );
    const pool = makePool(suite, systems, { split, queries, depth, random });
    await writePool(out, pool);
    const textTable = await tablesFor(io);
    const rows = pool.tasks.map((
      { task, whole, queries, passages, counts },
    ) => ({
      task,
      queries: queries.length,
      "of queries": whole.queries,
      passages: passages.length,
      "of passages": whole.passages,
      ...counts,
    }));
    io.result(pool, () =>
      [
        textTable(rows),
        line`The pool is in ${out}; its rankings are those of ${
          pool.systems.join(", ")
        }`,
      ].join("\n\n"));
  },
};

/** Each system's rankings of the whole corpora, task by task. */
async function* rankings(
  suite: Suite,
  { folders, prompts, split, queries, depth, ...options }:
    & Omit<EvalPoolOptions, "models">
    & { folders: string[] },
  io: CommandIo,
): AsyncGenerator<ProgressEvent, Record<string, Run[]>> {
  const { poolQueries } = await import("../../../eval/mod.ts");
  const { bm25Retriever, denseRetriever } = await import(
    "../../../search/mod.ts"
  );
  const asked = suite.tasks.map((task) =>
    poolQueries(task, { split, queries })
  );
  const total = suite.tasks.length * (1 + folders.length);
  let done = 0;
  const event = (system: string, task: string): ProgressEvent => ({
    stage: "rankings",
    label: "ranking whole corpora",
    done: done++,
    total,
    note: `${system}, ${task}`,
  });
  const systems: Record<string, Run[]> = { BM25: [] };
  for (const [k, task] of suite.tasks.entries()) {
    yield event("BM25", task.name);
    io.signal?.throwIfAborted();
    systems.BM25!.push(await bm25Retriever(task)(asked[k]!, depth));
  }
  for (const folder of folders) {
    using encoder = await openEncoder(folder, { ...options, io });
    const name = nameOf(folder, systems);
    systems[name] = [];
    for (const [k, task] of suite.tasks.entries()) {
      yield event(name, task.name);
      using dense = await denseRetriever(task, encoder.encode, {
        prompts,
        prepare: encoder.prepare,
        signal: io.signal,
      });
      systems[name]!.push(await dense.retrieve(asked[k]!, depth));
    }
  }
  yield { ...event("", ""), done: total, note: "" };
  return systems;
}

/** The folder's own name, or all of it where another system has that. */
function nameOf(folder: string, systems: Record<string, Run[]>): string {
  const name = basename(folder);
  return Object.hasOwn(systems, name) ? folder : name;
}
